"""Relightable pictures: polynomial texture maps and hemispherical harmonics, as planes that open viewers read.

The layout is that of relight and OpenLIME with the colour space ``lrgb``: ``info.json`` beside ``plane_0.jpg``, which holds
the base colour, and further planes of three coefficients each, by which the light of every pixel follows from the light's
direction: ``colour * sum(basis_k(light) * (plane_k - bias_k) * scale_k)``, planes as 0..1. Coefficients are fitted to
gamma-coded values, which viewers show as they are.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from heirloom.pathways.condition.arrays import F32, F64, U8, U16, AnyArray, to_srgb
from heirloom.pathways.condition.lights import Lights
from heirloom.pathways.condition.pictures import read, write_jpeg, write_png

Basis = Literal["ptm", "hsh"]
_LOWEST = 0.15
_GAMMA = 1 / 2.2
_RAKING = math.radians(30)
VIEWS: dict[str, tuple[float, float, float]] = {
    "left": (-math.cos(_RAKING), 0, math.sin(_RAKING)),
    "top": (0, math.cos(_RAKING), math.sin(_RAKING)),
    "right": (math.cos(_RAKING), 0, math.sin(_RAKING)),
    "bottom": (0, -math.cos(_RAKING), math.sin(_RAKING)),
    "front": (0, 0, 1),
}
"""Fixed lights, for those who cannot move one: raking light from four sides, and straight from the front."""


def weights(directions: F64, basis: Basis) -> F64:
    """The basis functions (N, 6 or 9) of unit *directions* (N, 3), in the order of the planes.

    ``ptm``: Malzbender, Gelb & Wolters 2001. ``hsh``: Gautron, Krivanek, Pattanaik & Bouatouch 2004, up to the second
    order; lights lower than 0.15 rad count as that low.
    """
    x, y, z = directions.T
    if basis == "ptm":
        return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    phi = np.arctan2(y, x)
    t = np.cos(np.minimum(np.arccos(np.clip(z, -1, 1)), math.pi / 2 - _LOWEST))
    root = np.sqrt(np.maximum(t - t * t, 0))
    first, second, third = math.sqrt(6 / math.pi), math.sqrt(30 / math.pi), math.sqrt(3 / (2 * math.pi))
    return np.stack(
        [
            np.full_like(t, 1 / math.sqrt(2 * math.pi)),
            first * np.cos(phi) * root,
            third * (2 * t - 1),
            first * np.sin(phi) * root,
            second * np.cos(2 * phi) * (t * t - t),
            second * np.cos(phi) * (2 * t - 1) * root,
            math.sqrt(5 / (2 * math.pi)) * (1 - 6 * t + 6 * t * t),
            second * np.sin(phi) * (2 * t - 1) * root,
            second * np.sin(2 * phi) * (t * t - t),
        ],
        axis=1,
    )


_CODED = to_srgb(np.arange(65536, dtype=np.float32) / 65535)


def fit(values: U16, lights: Lights, basis: Basis, *, damping: float = 1e-3) -> F32:
    """Coefficients (6 or 9, rows, W) of the gamma-coded light from *values* (N, rows, W), linear, 16 bits.

    Least squares, damped so that a dome with a gap does not run wild between its lights.
    """
    design = weights(lights.directions(), basis)
    square = design.T @ design
    inverse = np.linalg.solve(
        square + damping * np.trace(square) / len(square) * np.eye(len(square)), design.T
    )
    count, rows, width = values.shape
    flat = values.reshape(count, -1)
    found = np.empty((len(inverse), rows * width), np.float32)
    matrix = inverse.astype(np.float32)
    for start in range(0, rows * width, 16384):
        part = slice(start, min(start + 16384, rows * width))
        np.matmul(matrix, np.take(_CODED, flat[:, part]), out=found[:, part])
    return found.reshape(-1, rows, width)


@dataclass(frozen=True)
class Planes:
    """Quantised coefficients: *colour* (H, W, 3) and *planes* (K, H, W), 8 bits, with a scale and a bias each."""

    basis: Basis
    colour: U8
    planes: U8
    scale: tuple[float, ...]
    bias: tuple[float, ...]

    def relit(self, direction: tuple[float, float, float]) -> F32:
        """The picture under a light, gamma-coded, (H, W, 3): what a viewer's shader computes."""
        base = weights(np.array([direction], np.float64), self.basis)[0]
        light = np.zeros(self.planes.shape[1:], np.float32)
        for k, plane in enumerate(self.planes):
            value = plane.astype(np.float32) / 255
            light += np.float32(base[k]) * (value - np.float32(self.bias[k])) * np.float32(self.scale[k])
        return np.asarray(light[..., None] * (self.colour.astype(np.float32) / 255), np.float32)

    def smaller(self, side: int) -> Planes:
        """The same picture with at most *side* pixels on its longer side."""
        height, width = self.colour.shape[:2]
        share = side / max(height, width)
        if share >= 1:
            return self
        size = (max(1, round(width * share)), max(1, round(height * share)))
        colour, *planes = (
            np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
            for part in (self.colour, *self.planes)
        )
        return Planes(self.basis, colour, np.stack(planes), self.scale, self.bias)


def relief(normals: F32, direction: tuple[float, float, float], strength: float) -> F32:
    """Matt white shading (H, W), gamma-coded, of *normals* (H, W, 3) made *strength* times as steep."""
    steep = normals * np.array([strength, strength, 1], np.float32)
    steep[..., 2] = np.maximum(steep[..., 2], np.float32(0.05))
    steep /= np.linalg.norm(steep, axis=-1, keepdims=True)
    return np.asarray(
        np.maximum(steep @ np.array(direction, np.float32), 0) ** np.float32(_GAMMA), np.float32
    )


def gloss(relit: F32, normals: F32, direction: tuple[float, float, float], strength: float) -> F32:
    """*relit* (H, W, 3) with a mirror's highlight where *normals* stand halfway (specular enhancement, Malzbender 2001).

    The larger the *strength*, the narrower the highlight: its exponent is ten times as large.
    """
    halfway = np.array(direction, np.float32) + np.array([0, 0, 1], np.float32)
    halfway /= np.linalg.norm(halfway)
    shine = np.maximum(normals @ halfway, 0) ** np.float32(10 * strength)
    return np.asarray(np.float32(0.5) * relit + np.float32(0.6) * shine[..., None], np.float32)


def quantise(coefficients: AnyArray, colour: F32, basis: Basis, *, unit: float = 1.0) -> Planes:
    """*coefficients* (K, H, W; any floating type) and *colour* (H, W, 3), 0..1, as bytes: each plane over its own range, cut at 0.05 %.

    *unit* is what the coefficients are to be divided by; they are left as they are.
    """
    planes = np.empty(coefficients.shape, np.uint8)
    scale, bias = [], []
    for k, plane in enumerate(coefficients):
        sample = plane.ravel()[:: max(1, plane.size // 1_000_000)].astype(np.float32)
        low, high = (float(q) for q in np.quantile(sample, [0.0005, 0.9995]))
        span = max(high - low, 1e-6)
        planes[k] = np.clip((plane - np.float32(low)) * np.float32(255 / span) + np.float32(0.5), 0, 255)
        scale.append(span / unit)
        bias.append(-low / span)
    bytes_ = np.empty(colour.shape, np.uint8)
    for channel in range(colour.shape[2]):
        bytes_[..., channel] = np.clip(colour[..., channel] * 255 + np.float32(0.5), 0, 255)
    return Planes(basis, bytes_, planes, tuple(scale), tuple(bias))


def _info(planes: Planes, form: str, quality: int, lights: Lights) -> dict[str, Any]:
    height, width = planes.colour.shape[:2]
    return {
        "width": width,
        "height": height,
        "format": form,
        "type": planes.basis,
        "colorspace": "lrgb",
        "nplanes": 3 + len(planes.planes),
        "quality": quality,
        "lights": [round(float(value), 6) for value in lights.directions().ravel()],
        "materials": [
            {
                "scale": [1.0, 1.0, 1.0, *(round(value, 8) for value in planes.scale)],
                "bias": [0.0, 0.0, 0.0, *(round(value, 8) for value in planes.bias)],
            }
        ],
    }


def write(
    folder: Path, planes: Planes, lights: Lights, *, form: Literal["jpg", "png"] = "jpg", quality: int = 95
) -> list[str]:
    """Write ``info.json`` and the planes into *folder*; return the names. Coefficients keep their full colour detail."""
    names = ["info.json"]
    text = json.dumps(_info(planes, form, quality, lights), indent=1)
    (folder / "info.json").write_text(text + "\n", "utf-8")
    stack = [planes.colour]
    stack += [np.moveaxis(planes.planes[k : k + 3], 0, -1) for k in range(0, len(planes.planes), 3)]
    for number, picture in enumerate(stack):
        name = f"plane_{number}.{form}"
        if form == "png":
            write_png(folder / name, picture)
        else:
            write_jpeg(folder / name, picture, quality, full_colour=True)
        names.append(name)
    return names


def write_views(folder: Path, planes: Planes, side: int = 480, quality: int = 75) -> list[str]:
    """Write the picture under each of :data:`VIEWS` into *folder* as a small JPEG; return the names."""
    small = planes.smaller(side)
    names = []
    for view, direction in VIEWS.items():
        shown = np.clip(small.relit(direction), 0, 1) * np.float32(255) + np.float32(0.5)
        write_jpeg(folder / f"{view}.jpg", shown.astype(np.uint8), quality)
        names.append(f"{view}.jpg")
    return names


def load(folder: Path) -> Planes:
    """Read what :func:`write`, or another program in the same layout and colour space, has written.

    Raises ValueError for another type or colour space.
    """
    info = json.loads((folder / "info.json").read_text("utf-8"))
    if info["type"] not in ("ptm", "hsh") or info["colorspace"] != "lrgb":
        raise ValueError(f"{info['type']} in {info['colorspace']} is not read here")
    form = "jpg" if info["format"] in ("jpg", "jpeg") else "png"
    count = int(info["nplanes"]) // 3
    pictures = [read(folder / f"plane_{number}.{form}").pixels for number in range(count)]
    material = info["materials"][0]
    planes = np.concatenate([np.moveaxis(picture, -1, 0) for picture in pictures[1:]])
    return Planes(
        info["type"], pictures[0], planes, tuple(material["scale"][3:]), tuple(material["bias"][3:])
    )
