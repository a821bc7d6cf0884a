"""Fields of the signed-in pages: parts of a case or call, questions of a call, settings of a method.

They are made of the design system's field markup. A tag finds what was wrong with its field in the context's ``wrong``
(name to sentence), see :mod:`heirloom.web.forms.refusals`. Ids are the names with hyphens for dots.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import template
from django.template import Context
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join, linebreaks
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from heirloom.calls.models import Question
from heirloom.pathways.param import Param
from heirloom.text import Translated
from heirloom.web.forms.refusals import target
from heirloom.web.templatetags import heirloom_ui, measures

register = template.Library()

Choice = tuple[Any, Any]
_INPUTS = frozenset({"text", "number", "url", "email", "date", "datetime-local", "password", "search"})


@register.filter
def add_number(base: str, number: int) -> str:
    """Return ``sections.`` and 0 as ``sections.0``."""
    return f"{base}{number}"


@register.filter
def plus_one(number: int) -> int:
    """Return the number as people count."""
    return int(number) + 1


@register.filter
def score(share: float) -> str:
    """Return a standing from 0 to 1 as a whole number from 0 to 100, as the reader's language writes it."""
    return measures.number(round(100 * share))


@register.filter
def field_id(name: str) -> str:
    """Return the id of the field with this name."""
    return target(name)


def _attributes(pairs: Mapping[str, Any]) -> SafeString:
    """Return attributes as HTML; those that are empty or false are left out, ``True`` stands alone."""
    given = [(name, value) for name, value in pairs.items() if value not in (None, "", False)]
    return SafeString(
        "".join(
            format_html(" {}", name) if value is True else format_html(' {}="{}"', name, value)
            for name, value in given
        )
    )


def _field(
    context: Context,
    name: str,
    label: Any,
    *,
    control: str = "text",
    value: Any = "",
    help: Any = "",  # noqa: A002 -- the word of the template
    choices: Sequence[Mapping[str, Any]] = (),
    group: str = "",
    optional: bool = False,
    unit: str = "",
    about: Any = "",
    rows: int = 5,
    **attributes: Any,
) -> str:
    id_ = target(name)
    error = (context.get("wrong") or {}).get(name, "")
    described = " ".join(part for part, there in ((f"{id_}-help", help), (f"{id_}-error", error)) if there)
    invalid = {"aria-invalid": "true"} if error else {}
    return render_to_string(
        "heirloom/my/fields/field.html",
        {
            "request": context.get("request"),
            "name": name,
            "id": id_,
            "label": label,
            "control": control,
            "value": "" if value is None else value,
            "help": help,
            "choices": choices,
            "group": group,
            "optional": optional,
            "unit": unit,
            "about": about,
            "rows": rows,
            "error": error,
            "described": described,
            "attributes": _attributes({**attributes, "aria-describedby": described, **invalid}),
        },
    )


def _choices(context: Context, pairs: Iterable[Choice], chosen: Iterable[Any]) -> list[dict[str, Any]]:
    wanted = {str(value) for value in chosen if value is not None}
    made = []
    for value, label in pairs:
        best = heirloom_ui.best_text(context, label) if isinstance(label, Mapping) else None
        made.append(
            {
                "value": value,
                "label": label,
                "words": best[1] if best else heirloom_ui.plain(context, label, default=str(value)),
                "lang": best[0] if best else "",
                "chosen": str(value) in wanted,
            }
        )
    return made


def _sentences(pairs: Iterable[Choice]) -> list[Choice]:
    """Let the plain words among choices begin with a capital; texts that people wrote stay as they are."""
    return [(value, label if isinstance(label, Mapping) else capfirst(label)) for value, label in pairs]


def _rows(rows: Iterable[Any], key: str, text_of: str) -> list[Choice]:
    """Return the value and the text of rows; the key ``name`` means the row as it prints itself (``scheme:code``)."""
    return [
        (str(row) if key == "name" else getattr(row, key), getattr(row, text_of) or str(row)) for row in rows
    ]


@register.simple_tag(takes_context=True)
def plain_field(
    context: Context,
    name: str,
    label: Any,
    value: Any = "",
    *,
    help: Any = "",  # noqa: A002
    type: str = "text",  # noqa: A002
    multiline: bool = False,
    rows: int = 5,
    required: bool = False,
    optional: bool = False,
    autocomplete: str = "",
    maxlength: int | None = None,
    minimum: Any = None,
    maximum: Any = None,
    step: Any = None,
    lang: str = "",
    list: str = "",  # noqa: A002
    about: Any = "",
) -> str:
    """Ask for one plain value: a text, a number, an address; ``type`` is the input's.

    ``about`` is what the field belongs to, said to those who hear the form where the label alone comes again and again.
    """
    if type not in _INPUTS:
        raise template.TemplateSyntaxError(f"plain_field: no input of type {type}")
    return _field(
        context,
        name,
        label,
        control="textarea" if multiline else type,
        value=value,
        help=help,
        rows=rows,
        optional=optional,
        required=required,
        autocomplete=autocomplete,
        maxlength=maxlength,
        min=minimum,
        max=maximum,
        step=step,
        lang=lang,
        list=list,
        about=about,
    )


@register.simple_tag(takes_context=True)
def plain_part(context: Context, base: str, field: str, label: Any, value: Any = "", **options: Any) -> str:
    """Ask for one plain value of a part: ``plain_field`` named ``BASE.FIELD``."""
    return str(plain_field(context, f"{base}.{field}", label, value, **options))


@register.simple_tag(takes_context=True)
def choice_field(
    context: Context,
    name: str,
    label: Any,
    rows: Iterable[Any],
    value: Any = None,
    *,
    key: str = "pk",
    text_of: str = "title",
    empty: bool = False,
    help: Any = "",  # noqa: A002
    required: bool = False,
) -> str:
    """Choose one of *rows*; the value is their attribute *key*, the text (in the reader's language) their *text_of*."""
    pairs = _rows(rows, key, text_of)
    if empty:
        pairs = [("", _("None")), *pairs]
    choices = _choices(context, pairs, ["" if value is None else value])
    return _field(context, name, label, control="select", choices=choices, help=help, required=required)


@register.simple_tag(takes_context=True)
def choice_part(
    context: Context,
    base: str,
    field: str,
    label: Any,
    rows: Iterable[Any],
    value: Any = None,
    *,
    key: str = "key",
    text_of: str = "title",
) -> str:
    """Choose one of *rows*, or none, for a part."""
    return str(
        choice_field(context, f"{base}.{field}", label, rows, value, key=key, text_of=text_of, empty=True)
    )


@register.simple_tag(takes_context=True)
def pair_field(
    context: Context,
    name: str,
    label: Any,
    pairs: Iterable[Choice],
    value: Any = None,
    *,
    empty: str = "",
    help: Any = "",  # noqa: A002
    required: bool = False,
) -> str:
    """Choose one of pairs of value and text, such as Django's choices; *empty* is the text of choosing none."""
    given = [("", empty), *pairs] if empty else list(pairs)
    choices = _choices(context, _sentences(given), ["" if value is None else value])
    return _field(context, name, label, control="select", choices=choices, help=help, required=required)


@register.simple_tag(takes_context=True)
def pair_part(
    context: Context,
    base: str,
    field: str,
    label: Any,
    pairs: Iterable[Choice],
    value: Any = None,
    **options: Any,
) -> str:
    """Choose one of pairs of value and text for a part."""
    return str(pair_field(context, f"{base}.{field}", label, pairs, value, **options))


@register.simple_tag(takes_context=True)
def radio_field(
    context: Context,
    name: str,
    label: Any,
    pairs: Iterable[Choice],
    value: Any = None,
    *,
    help: Any = "",  # noqa: A002
    optional: bool = False,
) -> str:
    """Choose one of few pairs of value and text, all of them in sight."""
    choices = _choices(context, _sentences(pairs), ["" if value is None else value])
    return _field(context, name, label, group="radio", choices=choices, help=help, optional=optional)


@register.simple_tag(takes_context=True)
def many_field(
    context: Context,
    name: str,
    label: Any,
    rows: Iterable[Any],
    values: Iterable[Any] = (),
    *,
    key: str = "pk",
    text_of: str = "title",
    help: Any = "",  # noqa: A002
) -> SafeString:
    """Choose any of *rows* by boxes. ``NAME.shown`` tells the view that the question was on the page."""
    held = list(values)
    choices = _choices(context, _rows(rows, key, text_of), held)
    choices.sort(key=lambda choice: not choice["chosen"])
    body = _field(context, name, label, group="checkbox", choices=choices, help=help)
    return format_html('{}<input type="hidden" name="{}.shown" value="1">', SafeString(body), name)


@register.simple_tag(takes_context=True)
def check_field(context: Context, name: str, label: Any, checked: Any = False) -> SafeString:
    """Ask yes or no by one box."""
    return format_html(
        '<label class="choice" for="{0}"><input type="checkbox" id="{0}" name="{1}" value="1"{2}><span>{3}</span></label>',
        target(name),
        name,
        SafeString(" checked") if checked else "",
        heirloom_ui.text(context, label, mark=False),
    )


@register.simple_tag(takes_context=True)
def texts_field(
    context: Context,
    name: str,
    legend: Any,
    languages: Iterable[str],
    values: Any = None,
    **options: Any,
) -> str:
    """Ask for a text in several languages, as ``translated_field``; *values* may be a text's JSON.

    What was wrong is shown with it, and a text that was marked as read in a refused form stays marked.
    """
    if values is not None and not isinstance(values, Translated):
        values = Translated.from_json(values or {})
    error = (context.get("wrong") or {}).get(name, "")
    field = heirloom_ui.translated_field(
        context,
        name,
        str(legend),
        languages,
        values=values,
        errors={"": [error]} if error else None,
        **options,
    )
    return render_to_string(
        "heirloom/my/fields/texts.html",
        {
            "id": target(name),
            "name": name,
            "field": SafeString(field),
            "error": error,
            "reviewed": [code for code, text in (values or {}).items() if text.origin == "reviewed"],
        },
    )


@register.simple_tag(takes_context=True)
def part_field(
    context: Context,
    base: str,
    field: str,
    legend: Any,
    languages: Iterable[str],
    values: Any = None,
    **options: Any,
) -> str:
    """Ask for a text of a part in several languages."""
    return str(texts_field(context, f"{base}.{field}", legend, languages, values, **options))


# Questions of a call --------------------------------------------------------------------------------------------------


def _said(question: Question, answer: Any) -> Any:
    """Return an answer as its field sends it: yes and no are words."""
    if question.kind == Question.Kind.YES_NO and isinstance(answer, bool):
        return "yes" if answer else "no"
    return answer


@register.simple_tag(takes_context=True)
def question_field(context: Context, question: Question, answer: Any = None) -> str:
    """Ask a call's question in the form of its kind; named ``answer.SLUG``."""
    name = f"answer.{question.slug}"
    said = _said(question, answer)
    common: dict[str, Any] = {"help": question.help, "optional": not question.required}
    if question.kind == Question.Kind.YES_NO:
        pairs: list[Choice] = [("yes", _("Yes")), ("no", _("No"))]
        return _field(
            context, name, question.text, group="radio", choices=_choices(context, pairs, [said]), **common
        )
    if question.kind == Question.Kind.CHOICE:
        pairs = [(choice["value"], Translated.from_json(choice["text"])) for choice in question.choices]
        choices = _choices(context, pairs, [said])
        return _field(context, name, question.text, group="radio", choices=choices, **common)
    if question.kind == Question.Kind.NUMBER:
        return _field(
            context,
            name,
            question.text,
            control="number",
            value=said,
            min=0,
            step=1,
            inputmode="numeric",
            **common,
        )
    if question.kind == Question.Kind.LONG:
        return _field(
            context,
            name,
            question.text,
            control="textarea",
            rows=8,
            value=said,
            maxlength=question.max_length,
            **common,
        )
    return _field(context, name, question.text, value=said, maxlength=question.max_length or 300, **common)


@register.simple_tag(takes_context=True)
def show_answer(context: Context, question: Question, answer: Any = None) -> SafeString:
    """Show an answer: the words of a choice, yes or no, a text with its paragraphs."""
    if answer is None or answer == "":
        return format_html('<span class="text-quiet">{}</span>', _("No answer"))
    if question.kind == Question.Kind.YES_NO:
        return format_html("{}", _("Yes") if answer is True or answer == "yes" else _("No"))
    if question.kind == Question.Kind.CHOICE:
        for choice in question.choices:
            if choice["value"] == answer:
                return heirloom_ui.text(context, Translated.from_json(choice["text"]), default=str(answer))
        return format_html("{}", answer)
    if question.kind == Question.Kind.NUMBER:
        return format_html("{}", measures.number(answer))
    language = str(context.get("answer_language") or "")
    words = SafeString(linebreaks(str(answer), autoescape=True))
    return format_html('<div class="prose"{}>{}</div>', _attributes({"lang": language}), words)


# Settings of a method -------------------------------------------------------------------------------------------------


def _sent(param: Param, value: Any) -> list[str]:
    """Return what a form or an earlier run gave for *param* as texts; its default where nothing was given."""
    given = value if value not in (None, "", []) else param.default
    if given is None:
        return []
    many = given if isinstance(given, list | tuple) else [given]
    return ["true" if one is True else "false" if one is False else str(one) for one in many]


@register.simple_tag(takes_context=True)
def param_field(context: Context, param: Param, value: Any = None) -> str:
    """Ask for one setting of a method in the form of its kind; named ``param.NAME``.

    Args:
        value: what was sent before, a list of texts or one; the default where it is empty.
    """
    name = f"param.{param.name}"
    sent = _sent(param, value)
    common: dict[str, Any] = {
        "help": _(param.description) if param.description else "",
        "optional": not param.required,
    }
    label = _(param.title)
    if param.kind == "boolean":
        pairs: list[Choice] = [("true", _("Yes")), ("false", _("No"))]
        chosen = sent[-1:] or ["false"]
        return _field(context, name, label, group="radio", choices=_choices(context, pairs, chosen), **common)
    if param.kind == "choice":
        pairs = [(choice.value, _(choice.title)) for choice in param.choices]
        if param.many:
            return _field(
                context, name, label, group="checkbox", choices=_choices(context, pairs, sent), **common
            )
        if not param.required and param.default is None:
            pairs = [("", _("Left open")), *pairs]
        return _field(
            context, name, label, control="select", choices=_choices(context, pairs, sent or [""]), **common
        )
    if param.many:
        hint = _("Several are parted by commas.")
        common["help"] = f"{common['help']} {hint}".strip()
        return _field(context, name, label, value=", ".join(sent), unit=param.unit, **common)
    if param.kind in {"number", "integer"}:
        step: Any = param.step or (1 if param.kind == "integer" else "any")
        return _field(
            context,
            name,
            label,
            control="number",
            value=sent[0] if sent else "",
            unit=param.unit,
            min=param.minimum,
            max=param.maximum,
            step=step,
            required=param.required,
            **common,
        )
    limit = 35 if param.kind == "language" else int(param.maximum or 1000)
    return _field(
        context,
        name,
        label,
        value=sent[0] if sent else "",
        unit=param.unit,
        maxlength=limit,
        required=param.required,
        **common,
    )


@register.inclusion_tag("heirloom/my/fields/params.html", takes_context=True)
def param_fields(context: Context, params: Iterable[tuple[Param, Any]]) -> dict[str, Any]:
    """Ask for all settings of a method: the plain ones first, then those that stay changeable, the rest folded away."""
    pairs = list(params)
    wrong = context.get("wrong") or {}
    return {
        "request": context.get("request"),
        "wrong": wrong,
        "plain": [pair for pair in pairs if not pair[0].advanced and not pair[0].live],
        "live": [pair for pair in pairs if pair[0].live and not pair[0].advanced],
        "advanced": [pair for pair in pairs if pair[0].advanced],
        "open": any(pair[0].advanced and f"param.{pair[0].name}" in wrong for pair in pairs),
    }


@register.simple_tag(takes_context=True)
def errors_of(context: Context, name: str) -> list[str]:
    """Return what was wrong with a field that a component draws, as the list that components take."""
    error = (context.get("wrong") or {}).get(name)
    return [error] if error else []


@register.simple_tag(takes_context=True)
def wrong_in(context: Context, base: str) -> bool:
    """Say whether anything was wrong with a field of the part called *base*, so that it is not folded away."""
    return any(name == base or name.startswith(f"{base}.") for name in context.get("wrong") or {})


@register.simple_tag
def hidden(name: str, *values: Any) -> SafeString:
    """Carry values along unseen."""
    return format_html_join(
        "", '<input type="hidden" name="{}" value="{}">', ((name, value) for value in values)
    )
