"""A relightable picture in the page of its run: where the viewer is offered, and where not."""

from __future__ import annotations

import contextlib
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from tests.factories.people import make_user

from heirloom.cases import run_actions
from heirloom.cases.models import Run
from heirloom.operate.work import work
from heirloom.pathways import registry
from heirloom.web import relightable

pytest.importorskip("cv2")
pytest.importorskip("pyvips")

pytestmark = [
    pytest.mark.database,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("installation"),
]


def test_a_real_run_offers_the_viewer_and_the_fixed_lights() -> None:
    person = make_user()
    with tempfile.TemporaryDirectory() as folder:
        inputs, params = registry.pathway("condition").fixture("relight", Path(folder))
        run = run_actions.request_run(person, "condition.relight", inputs, params)
    work(until_empty=True)
    run = Run.objects.get(pk=run.pk)
    assert run.state == Run.State.DONE, run.error
    client = Client()
    client.force_login(person)
    said = client.get(reverse("run", args=[run.key])).content.decode()
    [one] = relightable.relightables(run.key, run.outputs)
    assert said.count("<heirloom-relight ") == 1
    for address in (one["info"], one["normals"], one["planes"].split(" ")[2]):
        assert address in said
        with contextlib.closing(client.get(address)) as response:
            assert response.status_code == 200
    assert "Light it yourself" in said
    assert [view["caption"] for view in one["views"]] == [
        "Light from the left",
        "Light from the top",
        "Light from the right",
        "Light from below",
        "Light from the front",
    ]
    for view in one["views"]:
        assert said.count(f'src="{view["url"]}"') == 1
        with contextlib.closing(client.get(view["url"])) as response:
            assert response["Content-Type"] == "image/jpeg"
    assert 'src="' + one["planes"].split(" ")[0] not in said, "planes are no pictures to look at"
    assert one["size"] == sum(out["size"] for out in run.outputs if "/plane_" in out["path"])
    assert "normals.png" not in said.partition("Files of this run")[0].partition("</heirloom-relight>")[2], (
        "data are files to take, not pictures to look at"
    )
    Run.objects.filter(pk=run.pk).update(
        outputs=[
            {**out, "size": 5_000_000} if out["path"].endswith("relief.png") else out for out in run.outputs
        ]
    )
    heavy = client.get(reverse("run", args=[run.key])).content.decode()
    for page, waits in ((said, False), (heavy, True)):
        before = page.partition('outputs/relief.png"')[0]
        assert before.rpartition("<figure")[0].endswith("</summary>") == waits, (
            "a large picture waits until asked"
        )
    assert "style=" not in said.partition("<heirloom-relight")[2].partition("</heirloom-relight>")[0]


GOOD = {"type": "hsh", "colorspace": "lrgb", "format": "jpg", "nplanes": 12, "width": 30, "height": 20}


@pytest.mark.parametrize(
    ("change", "missing", "shown"),
    [
        ({}, "", True),
        ({"type": "ptm", "nplanes": 9}, "", True),
        ({"type": "rbf"}, "", False),
        ({"colorspace": "mrgb"}, "", False),
        ({"nplanes": 9}, "", False),
        ({"format": "exe"}, "", False),
        ({"width": '"><script>'}, "", False),
        ({}, "plane_3.jpg", False),
    ],
)
def test_only_what_the_viewer_draws_is_offered(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], missing: str, shown: bool
) -> None:
    info = {**GOOD, **change}
    monkeypatch.setattr(relightable, "document", lambda *_: json.loads(json.dumps(info)))
    names = ["info.json", *(f"plane_{number}.jpg" for number in range(4))]
    outputs = [
        {"path": f"outputs/made/{name}", "size": 10, "sha512": "0"} for name in names if name != missing
    ]
    found = relightable.relightables("k", outputs)
    assert bool(found) == shown
    if shown:
        assert found[0]["normals"] == ""
        assert found[0]["planes"].split(" ")[-1] == (
            "/runs/k/files/outputs/made/plane_3.jpg"
            if not change
            else "/runs/k/files/outputs/made/plane_2.jpg"
        )
