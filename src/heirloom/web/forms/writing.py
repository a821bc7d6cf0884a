"""Which languages a form asks for."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from heirloom.errors import HeirloomError
from heirloom.text import canonical
from heirloom.web.reader import languages

_MOST = 30


def writing_languages(request: HttpRequest, used: Iterable[str]) -> list[str]:
    """Return the reader's language, those in use, and those that the person asked this form for (``writing``, ``add_language``)."""
    wanted = [languages(request)[0], *used]
    for asked in [*request.POST.getlist("writing")[:_MOST], request.POST.get("add_language", "").strip()]:
        try:
            wanted += [canonical(asked)] if asked else []
        except HeirloomError:
            messages.warning(request, _("“%(tag)s” is not a language tag.") % {"tag": asked[:40]})
    return list(dict.fromkeys(wanted))
