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

# Five tones a picture as sRGB, chosen for quiet contrast.
PALETTES = {
    "strata": ((231, 220, 201), (176, 140, 104), (122, 88, 66), (94, 110, 112), (58, 52, 50)),
    "relief": ((52, 44, 40), (122, 104, 88), (186, 166, 142), (222, 206, 182), (250, 242, 228)),
    "weave": ((240, 234, 222), (196, 120, 84), (64, 92, 108), (150, 160, 120), (48, 44, 48)),
    "lozenge": ((226, 210, 184), (164, 74, 58), (60, 98, 96), (208, 160, 84), (62, 44, 40)),
    "petals": ((228, 212, 184), (158, 66, 52), (206, 158, 86), (66, 106, 98), (70, 46, 40)),
    "waves": ((224, 236, 238), (120, 170, 184), (44, 104, 128), (20, 60, 88), (236, 214, 176)),
    "ikat": ((238, 226, 206), (148, 48, 60), (40, 56, 96), (206, 148, 70), (30, 28, 36)),
    "arches": ((236, 230, 220), (190, 168, 140), (130, 116, 104), (84, 84, 92), (204, 110, 76)),
    "threads": ((238, 230, 214), (88, 120, 92), (190, 104, 80), (70, 86, 130), (212, 164, 88)),
    "curtain": ((36, 30, 46), (98, 52, 84), (172, 84, 96), (226, 156, 110), (244, 226, 196)),
    "lamps": ((28, 36, 62), (70, 84, 122), (48, 58, 92), (214, 158, 88), (252, 236, 196)),
}
SMOOTH = {"relief"}  # tones run into one another; all others have edges


def draw(name: str, width: int, height: int, top: int = 0, rows: int | None = None) -> NDArray[np.uint8]:
    """Return *rows* rows of the picture *name* from *top* as an array (rows, width, 3), 8-bit sRGB.

    A larger picture shows the same pattern with more of its grain: coming closer shows what was not seen from afar.
    """
    import numpy as np

    y, x = np.mgrid[top : min(height, top + (rows or height)), 0:width].astype(np.float64)
    unit = width / 18.75
    u, v = x / unit, y / unit
    patterns: dict[str, Callable[[], Field]] = {
        "strata": lambda: _bands(v * 1.1 + 0.35 * np.sin(u * 0.7) + 0.2 * np.sin(u * 1.9 + v * 0.6)),
        "relief": lambda: _raking(u, v),
        "weave": lambda: _weave(u * 3, v * 3),
        "lozenge": lambda: _bands(np.abs((u % 2) - 1) + np.abs((v % 2) - 1)),
        "petals": lambda: _petals(u / 1.6, v / 1.6),
        "waves": lambda: _bands(v * 1.6 + 0.5 * np.abs(np.sin(u * 0.9 + np.floor(v) * 0.8))),
        "ikat": lambda: _bands(
            np.round((np.abs((u % 3) - 1.5) + np.abs((v % 3) - 1.5)) * 6 + _feather(u, v)) / 6
        ),
        "arches": lambda: _bands(np.hypot((u % 2) - 1, (v % 1.5) - 1.5) * 2.2),
        "threads": lambda: _threads(u * 1.5 + 0.1 * np.sin(v * 0.9), v * 1.5 + 0.1 * np.sin(u * 0.7)),
        "curtain": lambda: _folds(u, v, height / unit),
        "lamps": lambda: _lamps(u, v),
    }
    field = patterns[name]()
    palette = np.array(PALETTES[name], dtype=np.float64)
    low = np.floor(field).astype(int) % 5
    part = (field - np.floor(field))[..., None]
    edge = part if name in SMOOTH else np.clip((part - 0.86) / 0.14, 0, 1)
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


def _threads(u: Field, v: Field) -> Field:
    """Loose threads over a ground: those that lie above change at every crossing."""
    import numpy as np

    warp, weft = np.abs(u % 1 - 0.5) < 0.3, np.abs(v % 1 - 0.5) < 0.3
    above = (np.floor(u) + np.floor(v)) % 2 == 0
    tones = (
        1 + np.floor(_scatter(np.floor(u), 7.0 + 0 * v) * 4),
        1 + np.floor(_scatter(3.0 + 0 * u, np.floor(v)) * 4),
    )
    woven = np.where(warp & (above | ~weft), tones[0], np.where(weft, tones[1], 0))
    found: Field = woven + 0.4
    return found


def _petals(u: Field, v: Field) -> Field:
    """Roundels of eight petals, and in every petal finer ones."""
    import numpy as np

    across, down = u % 2 - 1, v % 2 - 1
    reach, turn = np.hypot(across, down), np.arctan2(down, across)
    found: Field = 4.2 * reach * (1 + 0.16 * np.cos(8 * turn)) + 0.22 * np.cos(32 * turn) * np.sin(24 * reach)
    return found


def _raking(u: Field, v: Field) -> Field:
    """A surface lit from the left at a low angle: brightness follows the slope across (Lambert), here between tones 0 and 4."""
    import numpy as np

    def height(a: Field) -> Field:
        rough = 0.012 * np.sin(5 * a + 3 * np.sin(2.3 * v)) + 0.012 * np.sin(
            17 * a + 11 * v + 4 * np.sin(3 * v)
        )
        fine = 0.003 * np.sin(61 * a + 9 * np.sin(13 * v)) + 0.002 * np.sin(97 * v + 7 * np.sin(19 * a))
        from_centre = np.hypot(a - 9.4, v - 6.2)
        rings = 0.11 * np.exp(-(((from_centre % 1.5) - 0.75) ** 2) / 0.012) * (from_centre < 5.2)
        lines = 0.06 * np.exp(-(((v + 0.25 * a) % 1.9 - 0.95) ** 2) / 0.008) * (from_centre >= 5.2)
        return np.asarray(rough + fine + rings + lines)

    slope = (height(u + 0.01) - height(u - 0.01)) / 0.02
    light = (0.45 + slope) / np.sqrt(1 + slope**2)
    found: Field = np.clip(0.55 + 3.4 * light, 0, 3.999)
    return found


def _lamps(u: Field, v: Field) -> Field:
    """Rings in rows; a few hold light."""
    import numpy as np

    reach = np.hypot(u % 1 - 0.5, v % 1 - 0.5)
    lit = _scatter(np.floor(u), np.floor(v)) > 0.93
    ring = np.where(np.abs(reach - 0.26) < 0.045, 1, np.where(reach < 0.26, 2, 0))
    lamp = np.where(reach < 0.2, 4, np.where(reach < 0.33, 3, 0))
    found: Field = np.where(lit, lamp, ring) + 0.4
    return found


def _scatter(a: Field, b: Field) -> Field:
    """A number between 0 and 1 for every pair of whole numbers, without order to the eye and always the same."""
    import numpy as np

    mixed = np.sin(a * 127.1 + b * 311.7) * 43758.5453
    found: Field = mixed - np.floor(mixed)
    return found


def _feather(u: Field, v: Field) -> Field:
    """The blur of resist-dyed threads: each column of threads is shifted a little, always by the same rule."""
    import numpy as np

    return 0.8 * np.sin(np.floor(v * 24) * 12.9898) * np.cos(np.floor(u * 2) * 4.1)


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
