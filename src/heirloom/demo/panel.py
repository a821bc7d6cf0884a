"""A case that is measured from photos to change, on a computed panel: the truth is known, and nobody's heritage is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from heirloom.cases import actions as case_actions
from heirloom.cases import replication_actions, run_actions
from heirloom.cases.models import Case, Run
from heirloom.catalogue.store import archive
from heirloom.keys import object_id
from heirloom.operate.work import work
from heirloom.pathways import registry
from heirloom.pathways.condition.climate import loggers
from heirloom.people.models import User
from heirloom.sites import actions as site_actions
from heirloom.sites import recording

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
SENSORS: Final = (
    ("air", "air-temperature", "air_temperature", "air"),
    ("humidity", "humidity", "humidity", "air"),
    ("surface", "surface-temperature", "surface_temperature", "wall"),
)
"""Of each: what the file's reader calls it, its kind, its column, and its name in the content."""
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


def watch(demo: Demo, case: Case) -> None:
    """Keep the panel as a monitored place: its visits, its sensors with their year of readings, and an alert."""
    words = load("panel.json")["site"]
    by = demo.organiser
    place = site_actions.create_place(
        by, name=demo.words(words["name"]), description=demo.words(words["description"])
    )
    place = site_actions.edit_place(by, place, state="shown", withhold_position=False)
    cover = [case.cover] if case.cover is not None else []
    panel = site_actions.add_panel(by, place, name=demo.words(words["panel"]), items=cover)
    for name, day in (("first", date(2025, 1, 15)), ("second", date(2025, 12, 10))):
        visit = site_actions.add_visit(by, place, day=day, done=demo.words(words[name]))
        for repeat in (False, True) if name == "first" else (False,):
            site_actions.add_epoch(by, visit, panel, repeat=repeat)
    path = demo.folder / "panel" / "climate.csv"
    found = loggers.read(path, path.name, "time", {kind: column for kind, _, column, _ in SENSORS})
    for kind, measured, _, name in SENSORS:
        sensor = site_actions.add_sensor(
            by, place, name=demo.words(words[name]), kind=measured, panel=panel if name == "wall" else None
        )
        values = zip(found.time.tolist(), found.values[kind].tolist(), strict=True)
        recording.record(by, sensor, ((row, moment, value) for row, (moment, value) in enumerate(values, 2)))
        if kind == "humidity":
            recording.add_rule(by, sensor, direction="above", threshold=85.0, release=80.0, hold=12 * 3600)


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
