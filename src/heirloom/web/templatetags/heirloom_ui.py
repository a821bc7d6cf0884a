"""Tags and filters of the design system; docs/design-system.md shows each of them on a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import template
from django.conf import settings
from django.core.paginator import Page
from django.forms import BoundField, Form
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template import Context
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.html import conditional_escape, format_html, linebreaks
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from heirloom.errors import HeirloomError
from heirloom.text.languages import autonym, canonical, direction

from . import days, measures
from .assets import asset_url, manifest
from .icons import ICONS, TURNING
from .maps import frame_for
from .measures import reader_locale
from .rights_names import rights_name

__all__ = ["best_text", "map_figure", "origin", "plain", "reader_locale", "register", "rights", "text"]

register = template.Library()

# Tags get a Context; plain functions of other tags may hand on a mapping.
Surroundings = Context | Mapping[str, Any]

_TAGS = frozenset({"span", "p", "div", "h1", "h2", "h3", "h4", "bdi", "strong", "cite"})


# Files of the front-end build ---------------------------------------------------------------------------------------


@register.simple_tag
def asset(name: str) -> str:
    """Return the address of a built file: ``{% asset "main.css" %}``."""
    return asset_url(name)


@register.simple_tag
def script(name: str) -> SafeString:
    """Load a built script as a module: ``{% script "main" %}``. Modules run after the page was read and only once."""
    return format_html('<script type="module" src="{}"></script>', asset_url(f"{name}.js"))


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """Draw an icon. It is hidden from screen readers: the words beside it carry the meaning."""
    turns = " icon--turns" if name in TURNING else ""
    return format_html(
        '<svg class="icon{}{}" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="{}"/></svg>',
        turns,
        f" {css}" if css else "",
        ICONS[name],
    )


# Language -----------------------------------------------------------------------------------------------------------


def _request(context: Surroundings) -> HttpRequest | None:
    """Return the request also inside ``{% include … only %}``, where only the context object itself still knows it."""
    request = context.get("request") or getattr(context, "request", None)
    return request if isinstance(request, HttpRequest) else None


def best_text(context: Surroundings, value: Any) -> tuple[str, str, str] | None:
    """Return (language, text, origin) of a ``Translated`` for this reader, or None where it is empty."""
    from heirloom.web.reader import languages

    best = value.best(context.get("reader_languages") or languages(_request(context)))
    if best is None:
        return None
    language, found = best
    return language, found.value, found.origin


register.simple_tag(measures.page_language)


@register.simple_tag
def page_direction() -> str:
    """Return ``ltr`` or ``rtl``, for ``<html dir>``."""
    return direction(measures.page_language())


@register.simple_tag(takes_context=True)
def text(
    context: Surroundings,
    value: Any,
    *,
    tag: str = "span",
    css: str = "",
    mark: bool = True,
    default: str = "",
    lines: bool = False,
    **classes: str,
) -> SafeString:
    """Show a ``Translated`` in the best language for the reader, with ``lang``, ``dir`` and the mark of its origin.

    A plain string is shown as it is. ``class="…"`` (or ``css``) gives classes, ``lines=True`` turns blank lines into paragraphs,
    ``mark=False`` leaves the mark of machine translation to the page.
    """
    if tag not in _TAGS or classes.keys() - {"class"}:
        raise template.TemplateSyntaxError(f"text: no <{tag}> or no such option: {', '.join(classes)}")
    css = classes.get("class", css)
    language, words, origin_ = "", default, "human"
    if isinstance(value, Mapping):
        if found := best_text(context, value):
            language, words, origin_ = found
    elif value is not None and value != "":
        words = str(value)
    if not words:
        return SafeString("")
    attributes = ""
    page = measures.page_language()
    if language and language != page:
        attributes = format_html(' lang="{}"', language)
        if direction(language) != direction(page):
            attributes += format_html(' dir="{}"', direction(language))
    if css:
        attributes += format_html(' class="{}"', css)
    body = SafeString(linebreaks(words, autoescape=True)) if lines else conditional_escape(words)
    shown = SafeString(body)
    badge = origin(origin_, short=True) if mark else SafeString("")
    name = "div" if lines and tag in {"span", "p"} else tag
    if not attributes and name == "span":
        return format_html("{}{}", shown, badge)
    # The mark is the interface's own word, so it stands outside the run of foreign text, but inside a heading.
    if name == "span":
        return format_html("<span{}>{}</span>{}", mark_safe(attributes), shown, badge)  # noqa: S308
    return format_html("<{}{}>{}{}</{}>", name, mark_safe(attributes), shown, badge, name)  # noqa: S308


@register.simple_tag(takes_context=True)
def plain(context: Surroundings, value: Any, default: str = "") -> str:
    """Return a ``Translated`` as bare text in the best language, for ``alt=``, ``<title>`` and labels."""
    if isinstance(value, Mapping):
        found = best_text(context, value)
        return found[1] if found else default
    return str(value) if value not in (None, "") else default


@register.filter
def plain_text(value: Any) -> str:
    """Return a ``Translated`` as bare text by the page's language alone; ``{% plain %}`` also asks the reader's browser."""
    return plain(Context(), value)


@register.filter
def language_name(tag: str) -> str:
    """Return a language's name in itself."""
    return autonym(tag)


@register.filter
def bcp47(tag: str) -> str:
    """Return a language tag in canonical case, for ``lang=``."""
    return canonical(tag)


@register.simple_tag
def origin(kind: str, *, short: bool = False) -> SafeString:
    """Mark a text's origin: ``machine`` or ``reviewed``; ``human`` shows nothing."""
    if kind not in {"machine", "reviewed"}:
        return SafeString("")
    label = gettext("Machine translation") if kind == "machine" else gettext("Machine translation, reviewed")
    words = (
        format_html('<span class="hidden-visually">({})</span>', label)
        if short
        else format_html("<span>{}</span>", label)
    )
    page = measures.page_language()
    return format_html(
        ' <span class="origin origin--{}" lang="{}"{}>{}{}</span>',
        kind,
        page,
        format_html(' title="{}"', label) if short else "",
        icon(kind),
        words,
    )


@register.inclusion_tag("heirloom/components/language_switch.html")
def language_switch() -> dict[str, Any]:
    """Offer the interface's languages, each by its own name; the form that they send stands in ``base.html``."""
    current = get_language() or settings.LANGUAGE_CODE
    choices = [
        {"code": code, "tag": canonical(code), "name": autonym(code), "current": code == current}
        for code, _name in settings.LANGUAGES
    ]
    return {"choices": choices}


@register.inclusion_tag("heirloom/components/theme_switch.html", takes_context=True)
def theme_switch(context: Surroundings) -> dict[str, Any]:
    """Offer light, dark, and as the device; the form that it sends stands in ``base.html``."""
    return {"theme": context.get("theme", "")}


@register.simple_tag(takes_context=True)
def csrf_field(context: Surroundings) -> SafeString:
    """Django's hidden token field, also inside ``{% include … only %}``."""
    request = _request(context)
    if request is None:
        return SafeString("")
    return format_html('<input type="hidden" name="csrfmiddlewaretoken" value="{}">', get_token(request))


@register.simple_tag(takes_context=True)
def this_page(context: Surroundings) -> str:
    """Return the address of the page that is shown, with its query: where the language switch comes back to."""
    request = _request(context)
    return request.get_full_path() if request else "/"


@register.simple_tag
def url_or(name: str, fallback: str = "") -> str:
    """Return the address of a named view, or *fallback* in an installation that does not serve it."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return fallback


# Navigation ---------------------------------------------------------------------------------------------------------


@register.simple_block_tag
def breadcrumbs(content: str) -> SafeString:
    """Wrap ``{% crumb %}`` entries into the trail."""
    return format_html(
        '<nav class="breadcrumbs" aria-label="{}"><ol>{}</ol></nav>',
        gettext("You are here"),
        SafeString(content),
    )


@register.simple_tag(takes_context=True)
def crumb(context: Surroundings, label: Any, url: str = "") -> SafeString:
    """Write one step of the trail; the last has no address and is the page itself."""
    shown = text(context, label, mark=False)
    if url:
        return format_html('<li><a href="{}">{}</a></li>', url, shown)
    return format_html('<li><span aria-current="page">{}</span></li>', shown)


@register.simple_tag(takes_context=True)
def nav_item(context: Surroundings, label: str, url: str, current: bool | None = None) -> SafeString:
    """Write one entry of a navigation. It is current when the page's address starts with *url*, unless told otherwise."""
    request = _request(context)
    path = request.path if request else ""
    if current is None:
        current = path == url or (url != "/" and path.startswith(url))
    here = ""
    if current:
        here = SafeString(' aria-current="page"' if path == url else ' aria-current="true"')
    return format_html('<li><a href="{}"{}>{}</a></li>', url, here, label)


@register.simple_tag(takes_context=True)
def pagination(context: Surroundings, page: Page[Any], parameter: str = "page") -> str:
    """Links to the pages of a list; the rest of the query stays."""
    request = _request(context)
    query = request.GET.copy() if request else None

    def address(number: int) -> str:
        if query is None:
            return f"?{parameter}={number}"
        copy = query.copy()
        copy[parameter] = str(number)
        return f"?{copy.urlencode()}"

    numbers = [
        {"number": number, "url": address(number), "current": number == page.number}
        if isinstance(number, int)
        else {"gap": True}
        for number in page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    ]
    return render_to_string(
        "heirloom/components/pagination.html",
        {
            "numbers": numbers,
            "pages": page.paginator.num_pages,
            "previous": address(page.number - 1) if page.has_previous() else "",
            "next": address(page.number + 1) if page.has_next() else "",
        },
    )


# Forms --------------------------------------------------------------------------------------------------------------


@register.simple_tag
def field(
    bound: BoundField,
    *,
    rows: int | None = None,
    autocomplete: str = "",
    hide_label: bool = False,
    css: str = "",
) -> str:
    """Show one field of a form: label, help, input and errors, tied together for screen readers."""
    attributes: dict[str, Any] = {}
    if rows:
        attributes["rows"] = rows
    if autocomplete:
        attributes["autocomplete"] = autocomplete
    kind = type(bound.field.widget).__name__
    choices = kind in {"RadioSelect", "CheckboxSelectMultiple"}
    if choices and bound.aria_describedby:
        attributes["aria-describedby"] = bound.aria_describedby
    return render_to_string(
        "heirloom/components/field.html",
        {
            "field": bound,
            "control": bound if choices or not attributes else bound.as_widget(attrs=attributes),
            "check": kind == "CheckboxInput",
            "choices": choices,
            "file": kind in {"FileInput", "ClearableFileInput"},
            "hide_label": hide_label,
            "css": css,
        },
    )


@register.simple_tag
def fields(form: Form) -> SafeString:
    """Show all visible fields of a form in their order, then the hidden ones."""
    shown = [field(bound) for bound in form.visible_fields()]
    hidden = [str(bound) for bound in form.hidden_fields()]
    return SafeString("".join([*shown, *hidden]))


@register.simple_tag
def form_errors(form: Form) -> str:
    """Sum up what has to be put right, with links to the fields; nothing where all is well."""
    if not form.errors:
        return ""
    entries = [
        {"target": bound.id_for_label or bound.auto_id, "label": bound.label, "errors": bound.errors}
        for bound in form
        if bound.errors
    ]
    return render_to_string(
        "heirloom/components/form_errors.html", {"entries": entries, "general": form.non_field_errors()}
    )


@register.simple_tag(takes_context=True)
def translated_field(
    context: Surroundings,
    name: str,
    legend: str,
    languages: Iterable[str],
    *,
    values: Mapping[str, Any] | None = None,
    help: str = "",  # noqa: A002 -- the word of the template
    multiline: bool = False,
    rows: int = 5,
    required: bool = False,
    errors: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """Ask for a text in several languages: one field a language, named ``NAME.LANGUAGE``.

    Languages that *values* has beyond *languages* are shown too, so that nothing is lost by saving. A machine's text
    brings a box ``NAME.LANGUAGE.reviewed``.

    Args:
        languages: BCP 47 tags in the order to show.
        values: a ``Translated``, or tag to string.
        errors: tag to sentences; the key ``""`` holds what concerns the text as a whole.

    """
    given = values or {}
    wrong = errors or {}
    tags = list(dict.fromkeys([*map(canonical, languages), *given]))
    entries = []
    for tag in tags:
        found = given.get(tag, "")
        entries.append(
            {
                "code": tag,
                "autonym": autonym(tag),
                "dir": direction(tag),
                "value": getattr(found, "value", found),
                "origin": getattr(found, "origin", "human"),
                "errors": wrong.get(tag, ()),
            }
        )
    return render_to_string(
        "heirloom/components/translated_field.html",
        {
            "request": _request(context),
            "name": name,
            "legend": legend,
            "help": help,
            "entries": entries,
            "multiline": multiline,
            "rows": rows,
            "required": required,
            "errors": wrong,
            "general": wrong.get("", ()),
        },
    )


# Messages -----------------------------------------------------------------------------------------------------------

_ALERT_ICONS = {"info": "info", "good": "good", "warning": "warning", "error": "error"}
_LEVELS = {"debug": "info", "info": "info", "success": "good", "warning": "warning", "error": "error"}


@register.filter
def alert_kind(level_tag: str) -> str:
    """Turn the level of one of Django's messages into a kind of alert."""
    return _LEVELS.get(level_tag, "info")


@register.simple_block_tag
def alert(content: str, kind: str = "info", title: str = "") -> SafeString:
    """Wrap free content into an alert: ``info``, ``good``, ``warning`` or ``error``."""
    heading = format_html('<p class="alert-title">{}</p>', title) if title else ""
    return format_html(
        '<div class="alert alert--{}">{}<div class="alert-body">{}{}</div></div>',
        kind,
        icon(_ALERT_ICONS[kind]),
        heading,
        SafeString(content),
    )


@register.simple_tag
def alert_icon(kind: str) -> SafeString:
    """Draw the icon of a kind of alert."""
    return icon(_ALERT_ICONS.get(kind, "info"))


@register.simple_tag
def error_alert(error: Any, todo: str = "") -> str:
    """Show a ``HeirloomError``, or what the middleware made of it: what was wrong, what was kept, what to do."""
    if isinstance(error, HeirloomError):
        from heirloom.web.middleware import explain

        error = explain(error)
    return render_to_string(
        "heirloom/components/alert.html",
        {"kind": "error", "what": error["message"], "kept": error.get("kept", ""), "todo": todo},
    )


# Rights and numbers -------------------------------------------------------------------------------------------------


@register.simple_tag
def rights(uri: str) -> SafeString:
    """Show who may do what with a thing: a badge that leads to the statement or licence."""
    if not uri:
        return SafeString("")
    name, sign = rights_name(uri)
    body = format_html('<span class="rights-sign" aria-hidden="true">{}</span>', sign)
    if uri.startswith(("http://", "https://")):
        return format_html('<span class="rights">{}<a href="{}" rel="license">{}</a></span>', body, uri, name)
    return format_html('<span class="rights">{}<span>{}</span></span>', body, name)


register.filter("size", measures.size)
register.filter("duration", measures.duration)
register.filter("number", measures.number)
register.filter("day", days.day)
register.filter("moment", days.moment)


# Pictures -----------------------------------------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def map_figure(
    context: Surroundings,
    points: Iterable[Mapping[str, Any]],
    label: str,
    *,
    region: bool = True,
    caption: bool = True,
) -> str:
    """Draw places on a map of the world, or of the region around them where they lie close together.

    Args:
        points: mappings with ``lon``, ``lat`` (degrees), ``label`` (text or ``Translated``) and optionally ``url``.
        label: what the map shows; its name for screen readers and its caption.
        region: False always gives the world, whose outline is 6 kB instead of 34.

    """
    places = [point for point in points if point.get("lon") is not None and point.get("lat") is not None]
    frame = frame_for([(float(p["lon"]), float(p["lat"])) for p in places], region=region)
    marks = []
    for point in places:
        x, y = frame.place(float(point["lon"]), float(point["lat"]))
        marks.append(
            {
                "path": f"M{x:.1f} {y:.1f}h.1",
                "label": plain(context, point.get("label"), default=gettext("A place without a name")),
                "text": point.get("label"),
                "url": point.get("url", ""),
            }
        )
    return render_to_string(
        "heirloom/components/map.html",
        {
            "request": _request(context),
            "frame": frame,
            "outline": asset_url(frame.outline),
            "stretch": f"scale({frame.stretch:.4f} 1)" if frame.stretch is not None else "",
            "marks": marks,
            "label": label,
            "caption": caption,
        },
    )


@register.simple_tag(takes_context=True)
def bars(
    context: Surroundings,
    rows: Sequence[Mapping[str, Any]],
    label: str,
    *,
    first: str = "",
    second: str = "",
    note: str = "",
) -> str:
    """Draw bars. The picture is a table whose rows carry their bar, so that one structure serves eye, ear and printer.

    Args:
        rows: mappings with ``label`` (text or ``Translated``), ``value`` (a number, not negative) and optionally ``url`` and ``quiet``.
        label: what is counted; the caption.
        first: heading of the labels' column; ``second``: heading of the numbers' column.

    """
    most = max((float(row["value"]) for row in rows), default=0.0)
    drawn = [{**row, "width": f"{100 * float(row['value']) / most:.2f}" if most > 0 else "0"} for row in rows]
    return render_to_string(
        "heirloom/components/bars.html",
        {
            "request": _request(context),
            "rows": drawn,
            "label": label,
            "first": first or gettext("Name"),
            "second": second or gettext("Number"),
            "note": note,
        },
    )


@register.simple_tag
def built() -> bool:
    """Say whether the front end is built; raises where it is not, with the command to run."""
    return bool(manifest())
