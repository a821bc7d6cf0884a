"""Places on drawn maps: the projection against published numbers, and against the script that draws the outline."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heirloom.web.templatetags import maps

REPOSITORY = Path(__file__).resolve().parents[2]
# EPSG:8857 (WGS 84 / Equal Earth Greenwich): half width and half height in metres on the sphere of WGS 84's area.
HALF_WIDTH, HALF_HEIGHT, RADIUS = 17_243_959.06, 8_392_927.60, 6_371_007.181


def test_equal_earth_has_its_published_extent() -> None:
    x, _ = maps._unit(180, 0)
    _, y = maps._unit(0, 90)
    assert x == pytest.approx(HALF_WIDTH / RADIUS, rel=1e-6)
    assert y == pytest.approx(HALF_HEIGHT / RADIUS, rel=1e-6)


def test_equal_earth_keeps_areas() -> None:
    def cell(lon: float, lat: float, step: float = 0.01) -> float:
        x0, y0 = maps._unit(lon, lat)
        x1, y1 = maps._unit(lon + step, lat)
        x2, y2 = maps._unit(lon, lat + step)
        area = abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0))
        return area / (math.radians(step) ** 2 * math.cos(math.radians(lat + step / 2)))

    areas = [cell(lon, lat) for lon in (0, 60, 150) for lat in (0, 20, 45, 70)]
    assert max(areas) / min(areas) == pytest.approx(1, abs=2e-3)


def test_server_and_outline_use_one_projection() -> None:
    for place in json.loads((REPOSITORY / "frontend" / "tests" / "places.json").read_text()):
        x, y = maps.project(place["lon"], place["lat"])
        assert (x, y) == pytest.approx((place["x"], place["y"]), abs=0.02)


@given(st.floats(-180, 180), st.floats(maps.SOUTH, maps.NORTH))
def test_every_place_stands_inside_the_world(longitude: float, latitude: float) -> None:
    x, y = maps.project(longitude, latitude)
    assert -0.01 <= x <= maps.WIDTH + 0.01
    assert -1 <= y <= maps.HEIGHT + 1


@given(
    st.lists(st.tuples(st.floats(95, 110), st.floats(5, 30)), min_size=1, max_size=30),
)
def test_every_place_of_a_region_stands_inside_its_frame(points: list[tuple[float, float]]) -> None:
    frame = maps.frame_for(points, region=True)
    assert frame.stretch is not None
    left, top, width, height = map(float, frame.view_box.split())
    for longitude, latitude in points:
        x, y = frame.place(longitude, latitude)
        assert left <= x <= left + width
        assert top <= y <= top + height


def test_places_far_apart_get_the_world() -> None:
    assert maps.frame_for([(102, 18), (-77, -12)], region=True) is maps.WORLD
    assert maps.frame_for([(179, 18), (-179, 18)], region=True) is maps.WORLD
    assert maps.frame_for([], region=True) is maps.WORLD
    assert maps.frame_for([(102, 18)], region=False) is maps.WORLD


def test_a_single_place_is_shown_with_the_coasts_around_it() -> None:
    """Without names and borders, a village is only found on a map that shows the whole region."""
    left, _, width, _ = map(float, maps.frame_for([(102.1, 19.9)], region=True).view_box.split())
    stretch = math.cos(math.radians(19.9))
    assert left / 100 / stretch < 95
    assert (left + width) / 100 / stretch > 109


def test_the_outline_fits_the_frame() -> None:
    outline = REPOSITORY / "src" / "heirloom" / "web" / "static" / "dist" / "manifest.json"
    if not outline.is_file():
        pytest.skip("the front end is not built (python hatch_build.py --frontend)")
    file = outline.parent / json.loads(outline.read_text())["land-110m.svg"]["file"]
    svg = file.read_text()
    assert re.search(r'viewBox="([^"]+)"', svg)[1] == maps.WORLD.view_box  # type: ignore[index]
    assert 'id="land"' in svg
