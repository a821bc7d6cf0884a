"""Every registered method keeps to the contract that third parties' methods must keep to."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from heirloom.pathways import contract, registry

METHODS = [method.id for method in registry.methods()]


def test_there_are_methods() -> None:
    assert METHODS


@pytest.mark.parametrize("check", contract.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("method_id", METHODS)
def test_contract(method_id: str, check: contract.Check, tmp_path: Path) -> None:
    check(method_id, tmp_path)


@pytest.mark.parametrize("method_id", METHODS)
def test_parameters_have_a_json_schema(method_id: str, tmp_path: Path) -> None:
    method = registry.method(method_id)
    schema = method.params_schema()
    Draft202012Validator.check_schema(schema)
    _, params = registry.pathway(method.pathway).fixture(method.name, tmp_path)
    validator = Draft202012Validator(schema)
    validator.validate(params)
    assert not validator.is_valid({"no_such_setting": 1})
