"""Illustrative pictures, computed. They show nothing that exists, and every one of them says so in its caption."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Field = NDArray[np.float64]

STRIP = 200  # rows drawn at once: keeps memory small on a cheap computer

# Two ground tones and three thread tones a picture, as sRGB; chosen for quiet contrast.
PALETTES = {
    "strata": ((231, 220, 201), (176, 140, 104), (122, 88, 66), (94, 110, 112), (58, 52, 50)),
    "weave": ((240, 234, 222), (196, 120, 84), (64, 92, 108), (150, 160, 120), (48, 44, 48)),
    "lozenge": ((226, 210, 184), (164, 74, 58), (60, 98, 96), (208, 160, 84), (62, 44, 40)),
    "waves": ((224, 236, 238), (120, 170, 184), (44, 104, 128), (20, 60, 88), (236, 214, 176)),
    "ikat": ((238, 226, 206), (148, 48, 60), (40, 56, 96), (206, 148, 70), (30, 28, 36)),
    "arches": ((236, 230, 220), (190, 168, 140), (130, 116, 104), (84, 84, 92), (204, 110, 76)),
    "threads": ((242, 238, 230), (88, 120, 92), (190, 104, 80), (70, 86, 130), (40, 40, 44)),
    "curtain": ((36, 30, 46), (98, 52, 84), (172, 84, 96), (226, 156, 110), (244, 226, 196)),
}
ALT = {
    "strata": "Wavy horizontal bands in earth colours, like layers of rock",
    "weave": "A plain weave of terracotta, blue and green threads",
    "lozenge": "Nested lozenges in red, green and ochre on a pale ground",
    "waves": "Rows of rising waves in blues and white",
    "ikat": "Feathered stepped diamonds in red, indigo and gold",
    "arches": "Rows of round arches in stone colours with one line of orange",
    "threads": "Coloured threads that run side by side and cross",
    "curtain": "Soft vertical folds from dark violet to pale gold",
}


def draw(name: str, width: int, height: int, top: int = 0, rows: int | None = None) -> NDArray[np.uint8]:
    """Return *rows* rows of the picture *name* from *top* as an array (rows, width, 3), 8-bit sRGB."""
    import numpy as np

    y, x = np.mgrid[top : min(height, top + (rows or height)), 0:width].astype(np.float64)
    unit = 96.0
    u, v = x / unit, y / unit
    patterns: dict[str, Callable[[], Field]] = {
        "strata": lambda: _bands(v * 1.1 + 0.35 * np.sin(u * 0.7) + 0.2 * np.sin(u * 1.9 + v * 0.6)),
        "weave": lambda: _weave(u * 3, v * 3),
        "lozenge": lambda: _bands(np.abs((u % 2) - 1) + np.abs((v % 2) - 1)),
        "waves": lambda: _bands(v * 1.6 + 0.5 * np.abs(np.sin(u * 0.9 + np.floor(v) * 0.8))),
        "ikat": lambda: _bands(
            np.round((np.abs((u % 3) - 1.5) + np.abs((v % 3) - 1.5)) * 6 + _feather(x, y)) / 6
        ),
        "arches": lambda: _bands(np.hypot((u % 2) - 1, (v % 1.5) - 1.5) * 2.2),
        "threads": lambda: _weave(u * 2 + 0.6 * np.sin(v * 0.5), v * 0.5 + u * 0.25),
        "curtain": lambda: _folds(u, v, height / unit),
    }
    field = patterns[name]()
    palette = np.array(PALETTES[name], dtype=np.float64)
    low = np.floor(field).astype(int) % 5
    part = (field - np.floor(field))[..., None]
    edge = np.clip((part - 0.86) / 0.14, 0, 1)
    colour = palette[low] * (1 - edge) + palette[(low + 1) % 5] * edge
    grain = 1 + 0.05 * np.sin(x * 0.9 + 13 * np.sin(y * 0.11)) + 0.05 * np.sin(y * 1.1 + 7 * np.sin(x * 0.07))
    drawn: NDArray[np.uint8] = np.clip(colour * grain[..., None], 0, 255).astype(np.uint8)
    return drawn


def _folds(u: Field, v: Field, tall: float) -> Field:
    import numpy as np

    return (np.sin(u * 1.7 + 0.5 * np.sin(u * 0.6 + v * 0.15)) + 1) * 2.4 * (0.6 + 0.4 * v / tall)


def _bands(field: Field) -> Field:
    return field * 2.5


def _weave(u: Field, v: Field) -> Field:
    import numpy as np

    over = (np.floor(u) + np.floor(v)) % 2
    return np.where(over == 0, np.floor(u * 0.37) % 5, np.floor(v * 0.61 + 2) % 5) + 0.4


def _feather(x: Field, y: Field) -> Field:
    """The blur of resist-dyed threads: each column of threads is shifted a little, always by the same rule."""
    import numpy as np

    return 0.8 * np.sin(np.floor(y / 4) * 12.9898) * np.cos(np.floor(x / 48) * 4.1)


def write(name: str, path: Path, *, large: bool = False) -> Path:
    """Write the picture as JPEG; a large one is made for coming close."""
    import numpy as np

    from heirloom.catalogue.iiif.engine import pyvips

    width, height = (6000, 4000) if large else (1800, 1200)
    whole = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, STRIP):
        whole[top : top + STRIP] = draw(name, width, height, top, STRIP)
    image: Any = pyvips.Image.new_from_memory(whole.data, width, height, 3, "uchar")
    image.copy(interpretation="srgb").jpegsave(str(path), Q=82, optimize_coding=True)
    return path
