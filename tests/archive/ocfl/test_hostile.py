"""Nothing that stands in an inventory stops the validator or the reader."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heirloom.archive import Damaged
from heirloom.archive import inventory as inventories
from heirloom.archive.codes import CASES, Finding
from heirloom.archive.storage import LocalStorage
from heirloom.archive.validate import validate_object
from heirloom.archive.validate_inventory import judge

DIGEST = hashlib.sha512(b"x").hexdigest()
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
anything = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)
paths = st.sampled_from(
    ["v1/content/x", "v1/content/x/y", "v2/content/x", "../x", "/x", "x/", "", ".", "v1/content//x", "v1/c/x"]
) | st.text(max_size=8)
digests = st.sampled_from([DIGEST, DIGEST.upper(), DIGEST[:-1], ""])
by_digest = st.dictionaries(digests, st.lists(paths, max_size=3) | anything, max_size=3) | anything
block = (
    st.fixed_dictionaries(
        {},
        optional={
            "created": st.sampled_from(["2026-01-31T09:05:00Z", "2026-01-31", "9999-12-31T23:59:60-23:59"])
            | anything,
            "state": by_digest,
            "message": anything,
            "user": anything | st.fixed_dictionaries({"name": anything}, optional={"address": anything}),
        },
    )
    | anything
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "id": st.just("urn:x") | anything,
        "type": st.sampled_from([f"https://ocfl.io/{v}/spec/#inventory" for v in ("1.0", "1.1", "9.9")])
        | anything,
        "digestAlgorithm": st.sampled_from(["sha512", "sha256", "md5"]) | anything,
        "head": st.sampled_from(["v1", "v2", "v01"]) | anything,
        "contentDirectory": st.sampled_from(["content", ".", "..", "a/b", ""]) | anything,
        "manifest": by_digest,
        "versions": st.dictionaries(st.sampled_from(["v1", "v2", "v01", "v0", "v" + "9" * 5000, "x"]), block)
        | anything,
        "fixity": st.dictionaries(st.sampled_from(["md5", "size", "sha512", "x"]), by_digest) | anything,
        "extra": anything,
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents)
def test_any_json_is_judged(document: Any) -> None:
    data = json.dumps(document).encode()
    judged = judge(data, "object", "1.1")
    for finding in judged.findings:
        assert finding.message.encode("utf-8")
        assert Finding.from_json(json.loads(json.dumps(finding.to_json()))) == finding
    try:
        read = inventories.parse(data, "object")
    except Damaged:
        return
    assert read.head == len(read.versions) > 0


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_judged(data: bytes) -> None:
    judged = judge(data, "object", "1.0")
    assert judged.findings
    with pytest.raises(Damaged):
        inventories.parse(data, "object")


@pytest.mark.parametrize(
    ("data", "case"),
    [
        (b"", "E033"),
        (b"[]", "E033-shape"),
        (b"{", "E033"),
        (b'{"id": NaN}', "E033"),
        (b'{"id": 1' + b"0" * 5000 + b"}", "E033"),
        (b"\xff\xfe{\x00}\x00", "E033"),
        (b'{"a":' * 100_000, "E033"),
        (b'{"digestAlgorithm":' + b"[" * 600 + b"]" * 600 + b"}", "E033-deep"),
        (b'{"versions":' + b'{"v1":' * 600 + b"1" + b"}" * 600 + b"}", "E033-deep"),
        (b'{"id": "a", "id": "b"}', "E033-repeated"),
        (b'{"versions": {"v1": {"state": {"a": [], "a": []}}}}', "E033-repeated"),
        (b'{"surprise": 1}', "E102"),
    ],
)
def test_hostile_json_is_named(data: bytes, case: str) -> None:
    assert case in {finding.case for finding in judge(data, "object", "1.1").findings}


def test_names_in_sentences_cannot_write_to_a_terminal() -> None:
    finding = Finding.of("E102", "a\x1b[2J", name="\x1b]0;title\x07\n\u2028\ud800ok ຄຳ")
    assert (
        finding.message
        == "The inventory has \\x1b]0;title\\x07\\n\\u2028\\ud800ok ຄຳ, which the specification does not describe."
    )
    assert len(Finding.of("E102", "x", name="y" * 10_000).message) < 600


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents)
def test_an_object_with_any_inventory_is_judged(tmp_path: Path, document: Any) -> None:
    folder = tmp_path / "object"
    (folder / "v1" / "content").mkdir(parents=True, exist_ok=True)
    (folder / "v1" / "content" / "x").write_bytes(b"x")
    (folder / "0=ocfl_object_1.1").write_text("ocfl_object_1.1\n")
    (folder / "v2").mkdir(exist_ok=True)
    data = json.dumps(document).encode()
    for at in (folder, folder / "v1"):
        (at / "inventory.json").write_bytes(data)
        (at / "inventory.json.sha512").write_text(f"{hashlib.sha512(data).hexdigest()} inventory.json\n")
    report = validate_object(LocalStorage(folder), "")
    assert {finding.case for finding in report.findings} <= CASES.keys()
    assert not report.valid  # v2 is empty and listed by no such document with a state


def place(folder: Path, document: Any) -> None:
    data = json.dumps(document).encode()
    (folder / "inventory.json").write_bytes(data)
    (folder / "inventory.json.sha512").write_text(f"{hashlib.sha512(data).hexdigest()} inventory.json\n")


def version(number: int) -> dict[str, Any]:
    return {
        "created": f"2026-01-0{number}T00:00:00Z",
        "state": {DIGEST: ["x"]},
        "message": "x",
        "user": {"name": "Kham", "address": "mailto:kham@example.org"},
    }


GOOD = {
    "id": "urn:x",
    "type": "https://ocfl.io/1.1/spec/#inventory",
    "digestAlgorithm": "sha512",
    "head": "v2",
    "manifest": {DIGEST: ["v1/content/x"]},
    "versions": {"v1": version(1), "v2": version(2)},
}


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents, documents | st.just(GOOD), st.booleans())
def test_any_inventory_of_an_earlier_version_is_judged(
    tmp_path: Path, earlier: Any, newest: Any, with_copy: bool
) -> None:
    folder = tmp_path / "object"
    (folder / "v1" / "content").mkdir(parents=True, exist_ok=True)
    (folder / "v1" / "content" / "x").write_bytes(b"x")
    (folder / "0=ocfl_object_1.1").write_text("ocfl_object_1.1\n")
    (folder / "v2").mkdir(exist_ok=True)
    place(folder, newest)
    place(folder / "v1", earlier)
    place(folder / "v2", GOOD if with_copy else newest)
    report = validate_object(LocalStorage(folder), "")
    assert {finding.case for finding in report.findings} <= CASES.keys()
    assert not report.valid
    place(folder, GOOD)
    place(folder / "v2", GOOD)
    place(folder / "v1", {**GOOD, "head": "v1", "versions": {"v1": version(1)}})
    assert validate_object(LocalStorage(folder), "").findings == []
