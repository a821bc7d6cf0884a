"""A sealed case as somebody may read it: what it shows of items that are not open to them is left out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from heirloom.cases.models import Seal
from heirloom.catalogue import rights
from heirloom.catalogue.models import Item
from heirloom.keys import object_id

WITHHELD: Final = "withheld"


def hidden(user: Any, seal: Seal) -> frozenset[str]:
    """Return the keys of the items that *user* may not see, of those that the case shows or its runs read; one query beside rights."""
    keys = set(seal.content["items"]) | {
        key for pin in seal.content["runs"].values() for key in items_read(pin["inputs"])
    }
    if not keys:
        return frozenset()
    seen = Item.objects.filter(rights.visible_items(user), key__in=keys).values_list("key", flat=True)
    return frozenset(keys.difference(seen))


def items_read(listed: Collection[Mapping[str, Any]]) -> set[str]:
    """Return the keys of the items whose files stand among the inputs of a run."""
    prefix = object_id("item", "")
    return {
        str(entry["source"]["object"]).removeprefix(prefix)
        for entry in listed
        if str(entry["source"]["object"]).startswith(prefix)
    }


def content(seal: Seal, without: Collection[str]) -> dict[str, Any]:
    """Return the sealed content without the items *without*: no pin, no reference, no name of a file."""
    sealed = seal.content

    def known(key: Any) -> Any:
        return None if key in without else key

    return {
        **sealed,
        "cover": known(sealed["cover"]),
        "items": {key: pin for key, pin in sealed["items"].items() if key not in without},
        "sections": [{**part, "item": known(part["item"])} for part in sealed["sections"]],
        "goals": [{**part, "item": known(part.get("item"))} for part in sealed["goals"]],
        "runs": {key: _run(pin, without) for key, pin in sealed["runs"].items()},
    }


def _run(pin: Mapping[str, Any], without: Collection[str]) -> dict[str, Any]:
    return {**pin, "inputs": inputs(pin["inputs"], without)}


def inputs(listed: Collection[Mapping[str, Any]], without: Collection[str]) -> list[dict[str, Any]]:
    """Return the inputs of a run; of a file of a withheld item only its digest and size are told, as a run must."""
    closed = {object_id("item", key) for key in without}
    return [
        {**entry, "name": WITHHELD, "source": {**entry["source"], "path": WITHHELD}}
        if entry["source"]["object"] in closed
        else dict(entry)
        for entry in listed
    ]
