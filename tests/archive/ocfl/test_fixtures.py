"""The OCFL project's fixtures: every object judged right, every code in a name reported."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from heirloom.archive.codes import CASES
from heirloom.archive.storage import LocalStorage
from heirloom.archive.validate import ObjectReport, validate_object


@pytest.fixture(scope="module")
def fixtures(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    packed = test_data / "ocfl-fixtures.tar.gz"
    if not packed.is_file():
        pytest.skip(f"no OCFL fixtures at {packed}")
    folder = tmp_path_factory.mktemp("fixtures")
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
    return folder


def judged(fixtures: Path, kind: str) -> Iterator[tuple[str, ObjectReport]]:
    for specification in ("1.0", "1.1"):
        for folder in sorted((fixtures / specification / f"{kind}-objects").iterdir()):
            yield f"{specification}/{folder.name}", validate_object(LocalStorage(folder), "")


def test_the_fixtures_are_all_there(fixtures: Path) -> None:
    assert sum(len(list(fixtures.glob(f"1.*/{kind}-objects/*"))) for kind in ("good", "warn", "bad")) == 156


def test_good_objects_have_no_findings(fixtures: Path) -> None:
    wrong = {name: report.codes for name, report in judged(fixtures, "good") if report.findings}
    assert wrong == {}


@pytest.mark.parametrize("kind", ["warn", "bad"])
def test_each_object_has_the_codes_in_its_name(fixtures: Path, kind: str) -> None:
    wrong = {}
    for name, report in judged(fixtures, kind):
        named = set(re.findall(r"[EW]\d{3}", name))
        if not named or not named <= report.codes or report.valid != (kind == "warn"):
            wrong[name] = report.codes
    assert wrong == {}


def test_every_sentence_can_be_filled(fixtures: Path) -> None:
    for kind in ("warn", "bad"):
        for name, report in judged(fixtures, kind):
            for finding in report.findings:
                assert finding.case in CASES, name
                assert finding.message, name
                assert finding.from_json(finding.to_json()) == finding
