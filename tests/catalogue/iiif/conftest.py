"""Images with known pixels, and masters made from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from heirloom.catalogue.iiif import pyramid
from heirloom.catalogue.iiif.engine import pyvips
from heirloom.catalogue.iiif.service import ServedImage

WIDTH, HEIGHT = 1500, 1100


def picture(width: int = WIDTH, height: int = HEIGHT) -> Any:
    """Smooth colour waves with some texture: every place differs from its neighbours, and JPEG keeps it well."""
    xy = pyvips.Image.xyz(width, height)
    x, y = xy[0], xy[1]
    red = (x * 0.9).sin() * 90 + 128
    green = (y * 1.3).cos() * 80 + 120
    blue = x * (200 / width) + (y * 2.1).sin() * 25 + 25
    return red.bandjoin(green).bandjoin(blue).cast("uchar").copy(interpretation="srgb")


@pytest.fixture(scope="session")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A colour master of ``WIDTH`` × ``HEIGHT`` pixels with JPEG tiles."""
    folder = tmp_path_factory.mktemp("masters")
    picture().pngsave(str(folder / "picture.png"))
    return pyramid.make(folder / "picture.png", folder / "picture.tif").path


@pytest.fixture(scope="session")
def grey_master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A grey master."""
    folder = tmp_path_factory.mktemp("grey")
    picture(900, 700).colourspace("b-w").pngsave(str(folder / "grey.png"))
    return pyramid.make(folder / "grey.png", folder / "grey.tif").path


@pytest.fixture(scope="session")
def clear_master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A colour master with transparency: its left half can be seen through."""
    folder = tmp_path_factory.mktemp("clear")
    alpha = (pyvips.Image.xyz(700, 500)[0] >= 350).cast("uchar")
    picture(700, 500).bandjoin(alpha).pngsave(str(folder / "clear.png"))
    return pyramid.make(folder / "clear.png", folder / "clear.tif").path


class Shelf:
    """An image source that is a dictionary."""

    base_uri = "https://images.example/iiif/3"

    def __init__(self, **images: ServedImage) -> None:
        self.images = images
        self.asked: list[str] = []

    def find(self, identifier: str) -> ServedImage | None:
        self.asked.append(identifier)
        return self.images.get(identifier)


@pytest.fixture
def shelf(master: Path, grey_master: Path, clear_master: Path) -> Shelf:
    """A source with the images ``mural`` (colour), ``rubbing`` (grey) and ``seal`` (transparent)."""
    return Shelf(mural=ServedImage(master), rubbing=ServedImage(grey_master), seal=ServedImage(clear_master))


@pytest.fixture
def decode() -> Callable[[bytes], Any]:
    """Read an encoded image."""
    return lambda data: pyvips.Image.new_from_buffer(data, "")
