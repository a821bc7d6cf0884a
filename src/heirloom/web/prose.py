"""Narrative text as safe HTML: CommonMark without raw HTML or pictures, then an allow-list."""

from __future__ import annotations

import functools

import nh3
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt

_TAGS = {"p", "em", "strong", "ul", "ol", "li", "blockquote", "a", "br", "h3", "h4", "code", "pre", "hr"}


@functools.cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "linkify": False}).disable(
        ["image", "html_block", "html_inline"]
    )


def to_html(text: str) -> SafeString:
    """Return *text* (CommonMark) as HTML that carries no script, style, picture or foreign markup.

    Headings are lowered so that they stand below a section's own (``#`` becomes ``h3``).
    """
    html = _parser().render(text)
    for level in (6, 5, 4, 3, 2, 1):
        lowered = min(4, level + 2)
        html = html.replace(f"<h{level}>", f"<h{lowered}>").replace(f"</h{level}>", f"</h{lowered}>")
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"https", "http", "mailto"},
        link_rel="noopener nofollow",
    )
    return SafeString(clean)
