"""Relightable pictures among the outputs of a run: where their planes are, and pictures under fixed lights for everybody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.utils.translation import gettext as _

from heirloom.web.addresses import run_file_url
from heirloom.web.findings import document

INFO: Final = "info.json"
LARGEST: Final = 100_000  # bytes of an info.json that a page still reads
_COEFFICIENTS: Final = {"ptm": 6, "hsh": 9}


def relightables(run_key: str, outputs: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the relightable pictures that stand in folders of a run's outputs.

    Args:
        outputs: the run's outputs as recorded or sealed, with ``path``, ``size`` and ``sha512``.

    Returns:
        For each: ``info``, ``planes`` and ``normals`` (addresses; ``normals`` may be empty), ``size`` (bytes of the planes),
        ``views`` (``url``, ``caption``, ``width``, ``height``) and ``paths``, the outputs that it shows.

    """
    files = {str(out["path"]): out for out in outputs}
    found = []
    for path, out in files.items():
        folder, slash, name = path.rpartition("/")
        if name != INFO or not slash or int(out["size"]) > LARGEST:
            continue
        info = document(run_key, path, str(out["sha512"]))
        form = _form(info) if info is not None else None
        if info is None or form is None:
            continue
        count, ending = form
        planes = [f"{folder}/plane_{number}.{ending}" for number in range(count)]
        if not all(plane in files for plane in planes):
            continue
        beside = folder.rpartition("/")[0]
        above = f"{beside}/" if beside else ""
        views = {
            f"{above}views/{view}.jpg": caption
            for view, caption in _captions().items()
            if f"{above}views/{view}.jpg" in files
        }
        normals = f"{above}normals.png"
        found.append(
            {
                "info": run_file_url(run_key, path),
                "planes": " ".join(run_file_url(run_key, plane) for plane in planes),
                "normals": run_file_url(run_key, normals) if normals in files else "",
                "size": sum(int(files[plane]["size"]) for plane in planes),
                "views": [
                    {
                        "url": run_file_url(run_key, view),
                        "caption": caption,
                        "width": info["width"],
                        "height": info["height"],
                    }
                    for view, caption in views.items()
                ],
                "paths": {path, *planes, *views},
            }
        )
    return found


def _form(info: Mapping[str, Any]) -> tuple[int, str] | None:
    """How many pictures the planes are and how their names end; ``None`` for what the viewer does not draw."""
    count = _COEFFICIENTS.get(str(info.get("type")), 0)
    ending = {"jpg": "jpg", "jpeg": "jpg", "png": "png"}.get(str(info.get("format")))
    size = (info.get("width"), info.get("height"))
    drawn = count and info.get("colorspace") == "lrgb" and info.get("nplanes") == count + 3
    if not drawn or ending is None or not all(isinstance(one, int) and 0 < one < 100_000 for one in size):
        return None
    return 1 + count // 3, ending


def _captions() -> dict[str, str]:
    return {
        "left": _("Light from the left"),
        "top": _("Light from the top"),
        "right": _("Light from the right"),
        "bottom": _("Light from below"),
        "front": _("Light from the front"),
    }
