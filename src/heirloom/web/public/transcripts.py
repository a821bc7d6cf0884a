"""The words of a recording: captions and transcripts as lines to read."""

from __future__ import annotations

import re
from typing import Final

from heirloom.archive import Damaged, NoFile, NoObject, NoVersion
from heirloom.catalogue.models import Item, Media
from heirloom.catalogue.store import archive
from heirloom.keys import object_id

MOST_BYTES: Final = 200_000
_TYPES: Final = frozenset({"text/vtt", "text/plain", "application/x-subrip"})
_TIMES: Final = re.compile(r"(?:\d+:)?\d{2}:\d{2}[.,]\d{3}\s+-->\s")
_TAG: Final = re.compile(r"</?[a-zA-Z][^<>]*>|<\d[\d:.]*>")
_HEADS: Final = ("WEBVTT", "NOTE", "STYLE", "REGION")
_ENTITIES: Final = {
    "&lt;": "<",
    "&gt;": ">",
    "&nbsp;": "\u00a0",
    "&lrm;": "\u200e",
    "&rlm;": "\u200f",
    "&amp;": "&",
}


def lines(item: Item, media: Media) -> list[str]:
    """Return the lines of a transcript of an item's package; empty where it is too long to show or not there."""
    if media.media_type not in _TYPES or media.size > MOST_BYTES:
        return []
    try:
        data = archive().read(object_id("item", item.key), media.path)
    except (NoObject, NoVersion, NoFile, Damaged):
        return []
    text = data.decode("utf-8", errors="replace").removeprefix("\ufeff")
    return (
        spoken(text)
        if media.media_type != "text/plain"
        else [line for line in text.splitlines() if line.strip()]
    )


def spoken(text: str) -> list[str]:
    """Return what is said in WebVTT or SubRip captions, one entry a cue.

    Source: WebVTT: The Web Video Text Tracks Format (W3C), sections 4 and 6.
    """
    said: list[str] = []
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        rows = block.strip("\n").split("\n")
        if rows[0].split(" ")[0].split("\t")[0] in _HEADS:
            continue
        start = next((number for number, row in enumerate(rows) if _TIMES.match(row.strip())), None)
        if start is None:
            continue
        words = " ".join(_TAG.sub("", row).strip() for row in rows[start + 1 :]).strip()
        for entity, sign in _ENTITIES.items():
            words = words.replace(entity, sign)
        if words and (not said or said[-1] != words):
            said.append(words)
    return said
