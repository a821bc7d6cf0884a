"""Kits: carried away, run elsewhere, and the record brought back."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from pathlib import Path

import bagit
import pytest
from tests.cases.test_runs import ask
from tests.factories.calls import words
from tests.factories.cases import CONSENT, edit_case, make_case
from tests.factories.people import make_user

from heirloom.archive.bag import InvalidBag
from heirloom.cases import actions, queries, replication_actions
from heirloom.cases.errors import NotAKit, NotAReplication
from heirloom.cases.kit import kit_name, write_kit
from heirloom.cases.models import Case, Replication, Run, Seal
from heirloom.cases.replicate import RECORD, replicate
from heirloom.catalogue.store import archive
from heirloom.errors import NotAllowed
from heirloom.operate.work import work
from heirloom.pathways import registry
from heirloom.people.models import User

pytestmark = [
    pytest.mark.database,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("installation"),
]


@pytest.fixture
def published(installation: Path) -> tuple[Seal, User]:
    owner, organiser = make_user(), make_user(grants=["organiser"])
    case = make_case(owner)
    run = ask(owner, case=case)
    work(until_empty=True)
    edit_case(
        owner,
        case,
        sections=[{"heading": words("Evidence"), "body": words("See."), "item": None, "run": run.key}],
    )
    seal = actions.seal(owner, Case.objects.get(pk=case.pk), consent=CONSENT)
    actions.publish(organiser, seal)
    return Seal.objects.get(pk=seal.pk), owner


def packed(seal: Seal, folder: Path) -> Path:
    path = folder / f"{kit_name(seal)}.zip"
    with path.open("wb") as target:
        write_kit(seal, target, site="http://here.example")
    return path


def own_records(path: Path) -> None:
    """Write another table of the same form: the example's without its last third."""
    source = registry.pathway("diversity").folder() / "fixture" / "coverage" / "records" / "records.csv"
    lines = source.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[: len(lines) * 2 // 3]), "utf-8")


def test_a_kit_is_a_valid_bag_that_others_accept(published: tuple[Seal, User], tmp_path: Path) -> None:
    seal, _owner = published
    path = packed(seal, tmp_path)
    with zipfile.ZipFile(path) as zipped:
        zipped.extractall(tmp_path / "out")
    bagit.Bag(str(tmp_path / "out" / kit_name(seal))).validate()
    kit = json.loads((tmp_path / "out" / kit_name(seal) / "data" / "kit.json").read_text())
    assert kit["case"]["digest"] == seal.digest
    assert kit["runs"][0]["declaration"]["id"] == "diversity.coverage"
    again = io.BytesIO()
    write_kit(seal, again, site="http://here.example")
    assert again.getvalue() == path.read_bytes()


def test_repeating_a_kit_gives_the_same_bytes(published: tuple[Seal, User], tmp_path: Path) -> None:
    seal, _owner = published
    record = replicate(packed(seal, tmp_path), tmp_path / "results", who="A museum")
    [run] = record["runs"]
    assert run["comparison"]["verdict"] == "identical"
    assert (tmp_path / "results" / RECORD).exists()
    held = {path.name for path in (tmp_path / "results" / run["run"]).rglob("*") if path.is_file()}
    assert "results.json" in held


def test_own_material_comes_back_as_lineage(published: tuple[Seal, User], tmp_path: Path) -> None:
    seal, owner = published
    mine = tmp_path / "mine"
    mine.mkdir()
    own_records(mine / "records.csv")
    replicate(
        packed(seal, tmp_path), tmp_path / "results", own=mine, who="A village team", where="Luang Namtha"
    )
    sender = make_user()
    made = replication_actions.receive(sender, seal, (tmp_path / "results" / RECORD).read_bytes())
    assert queries.replications(seal) == []
    with pytest.raises(NotAllowed):
        replication_actions.decide(sender, made, show=True)
    replication_actions.decide(owner, made, show=True)
    [shown] = queries.replications(seal)
    assert (shown.who, shown.where) == ("A village team", "Luang Namtha")
    [comparison] = shown.comparison.values()
    assert comparison["verdict"] == "other-conditions"
    assert archive().head(f"heirloom:replication:{shown.key}").digest == shown.digest


def test_a_replication_made_here_is_shown_when_its_run_is_done(
    published: tuple[Seal, User], tmp_path: Path
) -> None:
    seal, owner = published
    table = tmp_path / "records.csv"
    own_records(table)
    [key] = seal.content["runs"]
    made = replication_actions.replicate_here(make_user(name="Dara"), seal, key, {"records": [table]})
    with pytest.raises(NotAReplication):
        replication_actions.decide(owner, made, show=True)
    work(until_empty=True)
    shown = replication_actions.decide(owner, Replication.objects.get(pk=made.pk), show=True)
    assert shown.who == "Dara"
    assert shown.record["runs"][0]["run"] == key
    assert Run.objects.get(pk=made.run_id).params == Run.objects.get(key=key).params


def test_what_is_no_kit_is_refused(published: tuple[Seal, User], tmp_path: Path) -> None:
    seal, _owner = published
    path = packed(seal, tmp_path)
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(other, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            target.writestr(
                name, data.replace(b"diversity", b"divorcity") if name.endswith("kit.json") else data
            )
    with pytest.raises(InvalidBag):
        replicate(other, tmp_path / "results")
    assert not (tmp_path / "results").exists()
    from heirloom.archive.bag import write_zipped_bag

    with (tmp_path / "plain.zip").open("wb") as stream:
        write_zipped_bag(stream, "plain", {"note.txt": b"hello"})
    with pytest.raises(NotAKit):
        replicate(tmp_path / "plain.zip", tmp_path / "results")


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"format": "heirloom/replication/1", "runs": []}', b"\xff" * 20]
)
def test_what_is_no_record_is_refused(published: tuple[Seal, User], data: bytes) -> None:
    seal, _owner = published
    with pytest.raises(NotAReplication):
        replication_actions.receive(make_user(), seal, data)
    assert not Replication.objects.exists()


def test_a_record_of_another_case_is_refused(published: tuple[Seal, User], tmp_path: Path) -> None:
    seal, _owner = published
    record = replicate(packed(seal, tmp_path), tmp_path / "results")
    record["kit"] = {**record["kit"], "digest": "0" * 128}
    with pytest.raises(NotAReplication):
        replication_actions.receive(make_user(), seal, json.dumps(record).encode())
    shutil.rmtree(tmp_path / "results")
