"""The files that came out of a run, as pages show them: what each is, where it is, and whether it is a picture to look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.utils.translation import gettext as _

from heirloom.pathways.face import Method
from heirloom.web.addresses import run_file_url

HEAVY: Final = 100_000  # bytes of a picture that waits until somebody asks for it
_DRAWN: Final = frozenset({"image/svg+xml", "image/png", "image/jpeg", "image/webp"})


def shown_outputs(
    run_key: str, method: Method | None, outputs: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return *outputs*, as recorded or sealed, each with ``title``, ``name``, ``url``, ``picture`` and ``heavy``."""
    titles = {declared.name: _(declared.title) for declared in method.outputs} if method else {}
    data = {one.name for one in method.outputs if one.role in {"data", "tiles"}} if method else set()
    return [
        {
            **out,
            "title": titles.get(out.get("output", ""), ""),
            "name": str(out["path"]).rpartition("/")[2],
            "url": run_file_url(run_key, out["path"]),
            "picture": out.get("output") not in data and str(out["media_type"]) in _DRAWN,
            "heavy": int(out["size"]) > HEAVY,
        }
        for out in outputs
    ]
