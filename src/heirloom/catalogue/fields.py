"""The column type for translated text."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from heirloom.text import Translated


class TranslatedField(models.JSONField):
    """Translated text, stored as ``{"en": {"text": ..., "origin": "human"}}``.

    Reads give :class:`heirloom.text.Translated`. In queries reach one language with
    ``KT("title__en__text")``, never with ``values_list("title__en__text")``: SQLite would answer a number
    for a text of digits.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("default", Translated)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        plain = super().from_db_value(value, expression, connection)
        return Translated.from_json(plain) if isinstance(plain, dict) else plain

    def get_prep_value(self, value: Any) -> Any:
        return super().get_prep_value(value.to_json() if isinstance(value, Translated) else value)

    def to_python(self, value: Any) -> Any:
        if value is None or isinstance(value, Translated):
            return value
        try:
            return Translated.from_json(super().to_python(value))
        except ValueError as error:
            raise ValidationError(_("This is not a translated text."), code="invalid") from error

    def value_to_string(self, obj: models.Model) -> Any:
        value = self.value_from_object(obj)
        return value.to_json() if isinstance(value, Translated) else value

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        plain = value.to_json() if isinstance(value, Translated) else value
        return super().get_db_prep_value(plain, connection, prepared)
