"""A case that is measured from photos to change, on a computed panel: the truth is known, and nobody's heritage is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from heirloom.cases import actions as case_actions
from heirloom.cases import replication_actions, run_actions
from heirloom.cases.models import Case, Run
from heirloom.catalogue.store import archive
from heirloom.keys import object_id
from heirloom.operate.work import work
from heirloom.pathways import registry
from heirloom.people.models import User

from .words import load

if TYPE_CHECKING:
    from .build import Demo

SIDE: Final = 400
OTHER_SIDE: Final = 224
LIGHTS: Final = 16
SEED: Final = 7
SCALE: Final = 0.1
"""Millimetres a pixel: what the generator of the panel states."""
VISITS: Final = ("before", "repeat", "after")
MAPS: Final = ("normals.png", "albedo.png", "unseen.png")


def possible() -> bool:
    """Whether the modules that the methods need are installed (the extra ``condition``)."""
    return not registry.method("condition.compare").missing_modules()


def _run(
    demo: Demo,
    by: User,
    method: str,
    inputs: Mapping[str, Sequence[Path]],
    params: Mapping[str, Any],
    title: str,
    case: Case | None,
) -> Run:
    asked = run_actions.request_run(by, method, inputs, params, case=case, title=demo.words(title))
    return done(asked)


def done(asked: Run) -> Run:
    """Work until *asked* is through; return it. Raises RuntimeError where it failed."""
    work(until_empty=True)
    run = Run.objects.get(pk=asked.pk)
    if run.state != Run.State.DONE:
        raise RuntimeError(f"the run of {run.method} ended as {run.state}: {run.error}")
    return run


def _taken(run: Run, folder: Path) -> Path:
    """Copy what *run* gave below *folder*."""
    identifier = object_id("run", run.key)
    for path in archive().files(identifier):
        if path.startswith(f"{run_actions.OUTPUTS}/"):
            target = folder / path.removeprefix(f"{run_actions.OUTPUTS}/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive().read(identifier, path))
    return folder


def _photos(folder: Path) -> dict[str, list[Path]]:
    return {"photos": sorted(folder.glob("*.jpg")), "lights": [folder / "lights.lp"]}


def tell(demo: Demo) -> Case:
    """Tell the case, with every step of it as a recorded run."""
    data = load("panel.json")
    titles = data["runs"]
    case = case_actions.create_case(demo.applicant, demo.words(data["title"]))
    params = {"side": SIDE, "lights": LIGHTS, "seed": SEED}
    made = _run(demo, demo.applicant, "condition.synthesise", {}, params, titles["synthesise"], case)
    capture = _taken(made, demo.folder / "panel")
    runs: dict[str, Run] = {"synthesise": made}
    maps: dict[str, list[Path]] = {}
    for visit in VISITS:
        inputs = _photos(capture / visit)
        runs[visit] = _run(
            demo, demo.applicant, "condition.relight", inputs, {"scale": SCALE}, titles[visit], case
        )
        lit = _taken(runs[visit], demo.folder / f"lit-{visit}")
        maps[visit] = [lit / name for name in MAPS]
    runs["compare"] = _run(
        demo, demo.applicant, "condition.compare", maps, {"scale": SCALE}, titles["compare"], case
    )
    runs["climate"] = _run(
        demo,
        demo.applicant,
        "condition.climate",
        {"readings": [capture / "climate.csv"]},
        {"surface": "surface_temperature"},
        titles["climate"],
        case,
    )
    texts = data["picture"]
    cover = demo.take_picture(
        _raking(capture / "before"),
        title=texts["title"],
        description=texts["description"],
        alt=texts["alt"],
        caption=texts["caption"],
        terms=["technique:micro-trace-imaging"],
    )
    shown = {
        number: {"run": runs[name].key}
        for number, name in enumerate(("synthesise", "before", "compare", "climate"))
    }
    return demo.tell_case(
        case,
        **demo.told(data, shown),
        illustrative=True,
        cover=cover.key,
        skills=demo.words(data["skills"]).to_json(),
    )


def _raking(folder: Path) -> Path:
    """The photo whose light stands lowest."""
    lines = (folder / "lights.lp").read_text("utf-8").split("\n")[1:]
    lights = [line.split() for line in lines if line.strip()]
    name, *_ = min(lights, key=lambda light: float(light[3]))
    return folder / Path(name).name


def replicate(demo: Demo, case: Case) -> None:
    """Let a second person repeat the relighting on another panel, and show that on the case's page."""
    data = load("panel.json")
    second = demo.person("conservator@example.org", "A second conservator (illustrative)")
    params = {"side": OTHER_SIDE, "lights": LIGHTS, "seed": SEED + 1}
    made = _run(demo, second, "condition.synthesise", {}, params, data["runs"]["synthesise"], None)
    other = _taken(made, demo.folder / "other-panel")
    seal = Case.objects.get(pk=case.pk).published_seal
    assert seal is not None
    (key,) = (key for key, pin in seal.content["runs"].items() if pin["method"] == "condition.relight")
    repeated = replication_actions.replicate_here(
        second, seal, key, _photos(other / "before"), where="Elsewhere (illustrative)"
    )
    assert repeated.run is not None
    done(repeated.run)
    repeated.refresh_from_db()
    replication_actions.decide(demo.applicant, repeated, show=True)
