"""All photos of an epoch as one file of linear values, read back in strips, so that no step holds them all in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from heirloom.pathways.condition import errors
from heirloom.pathways.condition.arrays import F32, U8, U16, AnyArray, to_linear

FULL = 65535
_GREY = (0.2126, 0.7152, 0.0722)
_STRIP_BYTES = 64_000_000

Correct = Callable[[int, F32], F32]


def _tables() -> tuple[F32, F32]:
    return to_linear(np.arange(256) / 255), to_linear(np.arange(65536, dtype=np.float32) / 65535)


class Decoder:
    """Turns a photo's pixels (8 or 16 bits, grey or RGB) into linear light 0..1 by table."""

    def __init__(self, encoded: bool = True) -> None:
        if encoded:
            self._eight, self._sixteen = _tables()
        else:
            self._eight = np.linspace(0, 1, 256, dtype=np.float32)
            self._sixteen = np.linspace(0, 1, 65536, dtype=np.float32)

    def linear(self, pixels: AnyArray) -> F32:
        if pixels.dtype == np.float32:
            return pixels
        return np.asarray(
            np.take(self._eight if pixels.dtype == np.uint8 else self._sixteen, pixels), np.float32
        )

    def grey(self, pixels: AnyArray) -> F32:
        """Linear luminance (Rec. 709 weights), (H, W)."""
        if pixels.ndim == 2 or pixels.shape[2] == 1:
            return self.linear(pixels.reshape(pixels.shape[:2]))
        whole = np.zeros(pixels.shape[:2], np.float32)
        for channel, weight in enumerate(_GREY):
            whole += np.float32(weight) * self.linear(pixels[..., channel])
        return whole


class Stack:
    """Photos side by side in one file: (count, rows, columns), 16 bits, linear, little endian.

    ``saturated`` marks (value 65535) survive, so a solver can leave clipped values out.
    """

    def __init__(self, path: Path, count: int, shape: tuple[int, int]) -> None:
        self.path = path
        self.count = count
        self.shape = shape

    @classmethod
    def write(
        cls,
        path: Path,
        photos: Iterable[AnyArray],
        *,
        names: Iterable[str] = (),
        decoder: Decoder | None = None,
        correct: Correct | None = None,
    ) -> Stack:
        """Write *photos* to *path*. *correct* may change a photo's linear values (flat field) by its number.

        Raises SizesDiffer, naming the photo.
        """
        decoder = decoder or Decoder()
        shape: tuple[int, int] | None = None
        called = list(names)
        count = 0
        with path.open("wb") as stream:
            for count, pixels in enumerate(photos, 1):
                size = (int(pixels.shape[0]), int(pixels.shape[1]))
                if shape is None:
                    shape = size
                if size != shape:
                    raise errors.SizesDiffer(name=called[count - 1] if called else str(count))
                grey = decoder.grey(pixels)
                clipped = _clipped(pixels)
                if correct is not None:
                    grey = correct(count - 1, grey)
                values = np.clip(grey * np.float32(FULL) + np.float32(0.5), 0, FULL - 1).astype("<u2")
                values[clipped] = FULL
                stream.write(values.tobytes())
        if shape is None:
            raise errors.TooFewLights(given=0, minimum=1)
        made = cls(path, count, shape)
        path.with_suffix(".json").write_text(json.dumps({"count": count, "shape": list(shape)}))
        return made

    @classmethod
    def open(cls, path: Path) -> Stack:
        said = json.loads(path.with_suffix(".json").read_text())
        return cls(path, int(said["count"]), (int(said["shape"][0]), int(said["shape"][1])))

    def read(self, top: int, bottom: int) -> U16:
        """Rows *top* to *bottom* of every photo: (count, bottom - top, columns)."""
        height, width = self.shape
        rows = np.empty((self.count, bottom - top, width), np.uint16)
        with self.path.open("rb") as stream:
            for number in range(self.count):
                stream.seek(2 * width * (number * height + top))
                stream.readinto(rows[number].reshape(-1).view(np.uint8))
        return rows

    def window(self, top: int, bottom: int, left: int, right: int) -> U16:
        """A part of every photo, without reading the rest of its rows: (count, bottom - top, right - left)."""
        whole = np.memmap(self.path, "<u2", "r", shape=(self.count, *self.shape))
        return np.array(whole[:, top:bottom, left:right], np.uint16)

    def strips(self, most_bytes: int = _STRIP_BYTES) -> list[tuple[int, int]]:
        """Rows to read at once, so that a strip of every photo stays under *most_bytes*."""
        height, width = self.shape
        rows = max(1, min(height, most_bytes // max(1, 2 * width * self.count)))
        return [(top, min(height, top + rows)) for top in range(0, height, rows)]


def _clipped(pixels: AnyArray) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    if pixels.dtype == np.float32:
        over = pixels >= 1.0
    else:
        over = pixels >= np.iinfo(pixels.dtype).max
    return np.asarray(over.any(axis=2) if over.ndim == 3 else over)


class Tint:
    """The mean colour of all photos, gathered one photo at a time: what gives the grey albedo its hue."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._sum: F32 | None = None
        self._count = 0

    def add(self, pixels: U8 | U16) -> None:
        linear = self._decoder.linear(pixels)
        if linear.ndim == 2:
            linear = np.repeat(linear[..., None], 3, axis=-1)
        if self._sum is None:
            self._sum = np.zeros_like(linear)
        self._sum += linear
        self._count += 1

    def mean(self) -> F32:
        assert self._sum is not None
        return np.asarray(self._sum / np.float32(self._count), np.float32)
