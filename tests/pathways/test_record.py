"""Run records: they survive JSON, and two of them say whether a re-run gave the same."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heirloom.pathways import errors
from heirloom.pathways.record import Cost, Failure, FileRecord, RunRecord, StepRecord, compare

words = st.text(max_size=12)
numbers = st.floats(0, 1e9, allow_nan=False)
sizes = st.integers(0, 2**50)
files = st.builds(FileRecord, words, words, words, sizes, words)
values = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | numbers | words
records = st.builds(
    RunRecord,
    id=words,
    method=words,
    version=words,
    title=words,
    distribution=st.tuples(words, words),
    deterministic=st.booleans(),
    params=st.dictionaries(words, values | st.lists(words, max_size=3).map(tuple), max_size=3),
    inputs=st.lists(files, max_size=3).map(tuple),
    outputs=st.lists(files, max_size=3).map(tuple),
    resources=st.dictionaries(words, words, max_size=2),
    software=st.dictionaries(words, words, max_size=2),
    platform=words,
    agent=words,
    started=words,
    ended=words,
    status=st.sampled_from(["done", "failed", "cancelled"]),
    cost=st.builds(Cost, numbers, numbers, numbers, sizes, sizes, sizes, words, sizes, sizes),
    fingerprint=words,
    steps=st.lists(st.builds(StepRecord, words, numbers, st.booleans()), max_size=3).map(tuple),
    failure=st.none() | st.builds(Failure, words, words, words, st.dictionaries(words, words, max_size=2)),
    log_tail=words,
)


@given(records)
def test_a_record_survives_json(record: RunRecord) -> None:
    text = json.dumps(record.to_json(), ensure_ascii=False)
    assert RunRecord.from_json(json.loads(text)) == record


@given(records)
def test_a_record_is_identical_to_itself(record: RunRecord) -> None:
    found = compare(record, record)
    assert (found.differ, found.only_a, found.only_b) == ((), (), ())
    assert found.verdict == ("identical" if record.status == "done" else "incomplete")
    json.dumps(found.to_json())


def test_a_record_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="format 99"):
        RunRecord.from_json({"format": 99})


def record(outputs: dict[str, str], **more: object) -> RunRecord:
    base = RunRecord(
        id="1",
        method="m.n",
        version="1",
        title="N",
        distribution=("d", "1"),
        deterministic=True,
        params={"a": 1},
        inputs=(FileRecord("i", "in.csv", "text/csv", 1, "aa"),),
        outputs=tuple(FileRecord("o", path, "text/csv", 1, digest) for path, digest in outputs.items()),
        resources={},
        software={"python": "3"},
        platform="",
        agent="",
        started="",
        ended="",
        status="done",
        cost=Cost(),
        fingerprint="",
    )
    return dataclasses.replace(base, **more)  # type: ignore[arg-type]


def test_what_a_rerun_gave() -> None:
    first = record({"a": "1", "b": "2", "c": "3"})
    again = compare(first, record({"a": "1", "b": "x", "d": "4"}))
    assert (again.same, again.differ, again.only_a, again.only_b) == (("a",), ("b",), ("c",), ("d",))
    assert again.verdict == "different"
    assert compare(first, record({"a": "1", "b": "2", "c": "3"}, id="2")).verdict == "identical"


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        ({"version": "2"}, "same_version"),
        ({"method": "m.o"}, "same_method"),
        ({"params": {"a": 2}}, "same_params"),
        ({"inputs": ()}, "same_inputs"),
    ],
)
def test_a_difference_under_other_conditions_says_nothing_against_a_run(
    change: dict[str, object], flag: str
) -> None:
    found = compare(record({"a": "1"}), record({"a": "2"}, **change))
    assert found.verdict == "other-conditions"
    assert not getattr(found, flag)


def test_other_software_still_counts_as_the_same_run() -> None:
    found = compare(record({"a": "1"}), record({"a": "2"}, software={"python": "4"}))
    assert (found.verdict, found.same_software) == ("different", False)


def test_a_renamed_input_is_the_same_input() -> None:
    renamed = record({"a": "1"}, inputs=(FileRecord("i", "other-name.csv", "text/csv", 1, "aa"),))
    assert compare(record({"a": "1"}), renamed).same_inputs


def test_a_failure_is_an_error_as_data() -> None:
    failure = Failure.of(errors.OutOfTime(seconds=3))
    assert failure.code == "pathways.run.out-of-time"
    assert failure.text() == "The run took longer than the 3 seconds it was given."
    assert failure.text(lambda template: template[::-1].replace("}sdnoces{", "{seconds}")).endswith("ehT")


def test_every_error_has_a_code_of_its_own_and_a_whole_sentence() -> None:
    found = [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.PathwayError)
    ]
    assert len({error.code for error in found}) == len(found) > 30
    for error in found:
        assert error.code.startswith("pathways.")
        assert error.message.endswith(".")
        assert error.kept.endswith(".")
