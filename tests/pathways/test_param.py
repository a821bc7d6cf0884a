"""Parameters: what a form, JSON or Python may give, and what comes of it."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from heirloom.pathways import Choice, Method, Output, Param, errors
from heirloom.pathways.param import Kind

NUMBER = Param("width", "number", "Width", unit="mm", minimum=0, maximum=10, step=0.5, default=1.0)
INTEGER = Param("lights", "integer", "Lights", minimum=1, maximum=50, required=True)
CHOICE = Param(
    "solver", "choice", "Solver", choices=(Choice("l2", "Squares"), Choice(3, "Three")), default="l2"
)
TEXT = Param("note", "text", "Note", maximum=5, default="")
LANGUAGE = Param("into", "language", "Into")
YES = Param("keep", "boolean", "Keep", default=True)
MANY = Param(
    "orders",
    "choice",
    "Orders",
    choices=(Choice(0, "0"), Choice(1, "1")),
    many=True,
    at_least=1,
    default=(0,),
)
ALL = (NUMBER, INTEGER, CHOICE, TEXT, LANGUAGE, YES, MANY)


@pytest.mark.parametrize(
    ("param", "raw", "value"),
    [
        (NUMBER, "2.5", 2.5),
        (NUMBER, 3, 3.0),
        (NUMBER, None, 1.0),
        (NUMBER, "", 1.0),
        (INTEGER, "24", 24),
        (INTEGER, 24.0, 24),
        (CHOICE, "3", 3),
        (CHOICE, None, "l2"),
        (TEXT, "", ""),
        (TEXT, "ສະບາຍ", "ສະບາຍ"),
        (LANGUAGE, "zh-Hans", "zh-Hans"),
        (LANGUAGE, None, None),
        (YES, "on", True),
        (YES, "", False),
        (YES, False, False),
        (MANY, [1, "0"], (1, 0)),
        (MANY, "0, 1", (0, 1)),
        (MANY, 1, (1,)),
        (MANY, None, (0,)),
    ],
)
def test_values(param: Param, raw: object, value: object) -> None:
    found = param.value(raw)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("param", "raw", "error"),
    [
        (NUMBER, "wide", errors.ParamNotNumber),
        (NUMBER, True, errors.ParamNotNumber),
        (NUMBER, math.nan, errors.ParamNotNumber),
        (NUMBER, "inf", errors.ParamNotNumber),
        (NUMBER, [1], errors.ParamNotNumber),
        (NUMBER, -1, errors.ParamTooLow),
        (NUMBER, 10.5, errors.ParamTooHigh),
        (NUMBER, 0.3, errors.ParamNotOnStep),
        (INTEGER, None, errors.ParamRequired),
        (INTEGER, "", errors.ParamRequired),
        (INTEGER, 2.5, errors.ParamNotInteger),
        (INTEGER, "9" * 400, errors.ParamNotInteger),
        (CHOICE, "l3", errors.ParamNotChoice),
        (CHOICE, True, errors.ParamNotChoice),
        (TEXT, "too long", errors.ParamTooLong),
        (TEXT, 5, errors.ParamNotText),
        (TEXT, "a\0b", errors.ParamNotText),
        (LANGUAGE, "Lao language", errors.ParamNotLanguage),
        (YES, "maybe", errors.ParamNotBoolean),
        (YES, 1, errors.ParamNotBoolean),
        (MANY, [], errors.ParamTooFew),
        (MANY, [0, "0"], errors.ParamRepeated),
        (MANY, [7], errors.ParamNotChoice),
        (MANY, list(range(200)), errors.ParamTooMany),
    ],
)
def test_refusals(param: Param, raw: object, error: type[errors.ParamError]) -> None:
    with pytest.raises(error) as caught:
        param.value(raw)
    assert caught.value.params["param"] == param.name
    assert caught.value.status == 422


def test_all_problems_are_told_at_once() -> None:
    method = Method("m", "M", "M", "1", "a.b:c", (), (Output("o", "O", "text/csv", "table"),), params=ALL)
    with pytest.raises(errors.InvalidParams) as caught:
        method.validate({"width": 99, "note": "too long", "typo": 1})
    assert {name: problem.code for name, problem in caught.value.problems.items()} == {
        "typo": "pathways.param.unknown",
        "width": "pathways.param.too-high",
        "lights": "pathways.param.required",
        "note": "pathways.param.too-long",
    }
    assert method.validate({"lights": 3})["solver"] == "l2"


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)


@given(st.sampled_from(ALL), plain)
def test_anything_is_either_a_value_or_a_coded_refusal(param: Param, raw: object) -> None:
    try:
        value = param.value(raw)
    except errors.ParamError:
        return
    assert param.value(value) == value or value is None
    json.dumps(value)


@given(st.sampled_from(ALL), plain)
def test_what_the_json_schema_allows_is_taken(param: Param, raw: object) -> None:
    if isinstance(raw, float) and not math.isfinite(raw):
        return
    if Draft202012Validator(param.json_schema()).is_valid(raw):
        try:
            param.value(raw)
        except (errors.ParamNotText, errors.ParamNotOnStep):
            assert "\\u0000" in json.dumps(raw) or param.step, "NUL and steps are beyond a schema"
        except errors.ParamNotInteger:
            assert isinstance(raw, int), "an integer beyond all bounds"


@given(st.sampled_from(ALL))
def test_declarations_survive_json(param: Param) -> None:
    assert Param.from_json(json.loads(json.dumps(param.to_json()))) == param


def make(name: str = "a", kind: Kind = "number", **more: object) -> Param:
    return Param(name, kind, "A", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Width"},
        {"name": "1st"},
        {"kind": "colour"},
        {"kind": "choice"},
        {"choices": (Choice(1, "One"),)},
        {"step": 1},
        {"step": 0, "minimum": 0},
        {"required": True, "default": 1.0},
        {"default": 11.0, "maximum": 10},
        {"default": "1"},
        {"kind": "choice", "choices": (Choice(1, "One"),), "default": "1"},
    ],
)
def test_a_parameter_that_cannot_work_is_refused_when_it_is_declared(wrong: dict[str, object]) -> None:
    with pytest.raises((ValueError, errors.ParamError)):
        make(**wrong)  # type: ignore[arg-type]
