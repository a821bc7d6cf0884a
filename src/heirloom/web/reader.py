"""Who reads: the languages a reader wants, and how dates, numbers and sizes look to them."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation.trans_real import parse_accept_lang_header

from heirloom.errors import HeirloomError
from heirloom.text import canonical


def languages(request: HttpRequest | None = None) -> list[str]:
    """Return the reader's languages, best first: the interface's, then what the browser asks for, then English.

    BCP 47 in canonical case, each once.
    """
    wanted = [get_language() or settings.LANGUAGE_CODE]
    if request is not None:
        header = request.headers.get("Accept-Language", "")
        wanted += [tag for tag, _quality in parse_accept_lang_header(header[:500]) if tag != "*"]
    wanted.append("en")
    found: dict[str, None] = {}
    for tag in wanted:
        try:
            found[canonical(tag)] = None
        except HeirloomError:
            continue
    return list(found)
