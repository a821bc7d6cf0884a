"""Finding pathways: the built-in ones, other distributions' ones, and those that must not take the host down."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from heirloom.pathways import Input, Method, Output, Pathway, contract, errors, registry
from heirloom.pathways.execute import execute, output_folder


def test_importing_pathways_is_light() -> None:
    code = (
        "import sys; import heirloom.pathways, heirloom.pathways.registry as r, heirloom.pathways.execute; r.methods();"
        "print([m for m in ('numpy', 'icu', 'django', 'regex', 'pyvips') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_built_in_pathways_are_there_by_name() -> None:
    assert [pathway.id for pathway in registry.pathways()] == ["diversity", "condition"]
    assert registry.problems() == ()
    assert registry.method("diversity.coverage").id == "diversity.coverage"
    assert registry.distribution("diversity")[0] == "heirloom-commons"


@pytest.mark.usefixtures("third_party")
def test_a_pathway_of_another_distribution_is_found() -> None:
    assert [pathway.id for pathway in registry.pathways()] == [
        "diversity",
        "condition",
        "example",
        "faults",
    ]
    assert registry.distribution("example") == ("heirloom-example", "1.2")
    assert registry.method("example.letters", "1.2").pathway == "example"


@pytest.mark.usefixtures("third_party")
def test_bad_pathways_are_reported_and_left_out() -> None:
    problems = {str(problem.params["pathway"]): problem for problem in registry.problems()}
    assert set(problems) == {"breaks", "exits", "not-one", "diversity"}
    assert "a library is missing" in str(problems["breaks"])
    assert "no licence" in str(problems["exits"])
    assert "a str, not a Pathway" in str(problems["not-one"])
    assert "already has this name" in str(problems["diversity"])
    assert {problem.code for problem in problems.values()} == {"pathways.not-loaded"}
    # The built-in one stands, not its shadow.
    assert registry.pathway("diversity").package == "heirloom.pathways.diversity"


@pytest.mark.usefixtures("third_party")
@pytest.mark.parametrize("check", contract.CHECKS, ids=lambda check: check.__name__)
def test_the_example_keeps_to_the_contract(check: contract.Check, tmp_path: Path) -> None:
    check("example.letters", tmp_path)


@pytest.mark.usefixtures("third_party")
@pytest.mark.parametrize(
    ("method", "check", "reason"),
    [
        ("burn", contract.words_can_be_translated, "not marked for translation"),
        ("burn", contract.readme_explains_it, "does not explain"),
        ("burn", contract.goes_on_after_a_kill, "no step"),
        ("burn", contract.runs_on_its_example, "does not report its end"),
        ("makes-nothing", contract.runs_on_its_example, "failed pathways.run.outputs"),
        ("raises", contract.repeats_to_the_byte, "failed pathways.run.failed"),
    ],
)
def test_the_contract_catches_a_method_that_breaks_it(
    method: str, check: contract.Check, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(contract.ContractBroken, match=reason):
        check(f"faults.{method}", tmp_path)


@pytest.mark.usefixtures("third_party")
def test_the_contract_catches_bytes_that_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contract.repeats_to_the_byte("faults.different-each-time", tmp_path)
    # The same method, declared as deterministic, is caught.
    monkeypatch.setattr(Method, "deterministic", property(lambda _: True, lambda *_: None), raising=False)
    (tmp_path / "again").mkdir()
    with pytest.raises(contract.ContractBroken, match="other bytes"):
        contract.repeats_to_the_byte("faults.different-each-time", tmp_path / "again")


@pytest.mark.usefixtures("third_party")
def test_many_inputs_and_many_outputs(tmp_path: Path) -> None:
    texts = []
    for number in range(30):
        text = tmp_path / f"ຂໍ້ຄວາມ-{number}.txt"
        text.write_text("ab" * number, "utf-8")
        texts.append(text)
    record = execute("example.letters", {"texts": texts}, scratch=tmp_path / "run")
    assert record.status == "done", record.log_tail
    assert [given.path for given in record.inputs] == [text.name for text in texts]
    assert len(record.outputs) == 31
    assert {output.role for output in record.outputs} == {"by-text", "letters.json"}
    assert {output.media_type for output in record.outputs} == {"application/json"}
    assert record.distribution == ("heirloom-example", "1.2")
    assert record.software["heirloom-example"] == "1.2"
    assert '"a": 435' in (output_folder(tmp_path / "run") / "letters.json").read_text("utf-8")


def test_unknown_methods_and_versions() -> None:
    for unknown in ("no.method", "diversity.nothing", "diversity", ""):
        with pytest.raises(errors.UnknownMethod) as caught:
            registry.method(unknown)
        assert caught.value.params["method"] == unknown
    with pytest.raises(errors.OtherVersion):
        registry.method("diversity.coverage", "0.1")


def test_availability_says_whether_a_recorded_run_can_be_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    version = registry.method("diversity.coverage").version
    assert registry.availability("diversity.coverage", version).state == "exact"
    other = registry.availability("diversity.coverage", "0.1")
    assert (other.state, other.runnable) == ("other-version", True)
    gone = registry.availability("gone.method", "1")
    assert (gone.state, gone.runnable) == ("missing", False)
    monkeypatch.setattr(Method, "missing_modules", lambda _: ("onnxruntime",))
    lacking = registry.availability("diversity.coverage", version)
    assert (lacking.state, lacking.runnable) == ("needs-module", False)
    assert "onnxruntime" in str(lacking.reason)


def _method(**more: object) -> Method:
    known: dict[str, object] = {
        "name": "m",
        "title": "M",
        "summary": "M",
        "version": "1",
        "run": "a.b:c",
        "inputs": (),
        "outputs": (Output("o.csv", "O", "text/csv", "table"),),
    }
    return Method(**(known | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Big"},
        {"run": "no-colon"},
        {"example": "no-colon"},
        {"version": "new"},
        {"outputs": ()},
        {"outputs": (Output("o", "O", "text/csv", "table"), Output("o", "O", "text/csv", "table"))},
        {"inputs": (Input("a", "A"), Input("a", "A"))},
    ],
)
def test_a_declaration_that_cannot_work_is_refused_when_it_is_made(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        _method(**wrong)


def test_inputs_and_outputs_refuse_what_cannot_work() -> None:
    for make in (
        lambda: Input("A", "A"),
        lambda: Input("a", "A", minimum=2, maximum=1),
        lambda: Input("a", "A", media_types=("csv",)),
        lambda: Output("../o", "O", "text/csv", "table"),
        lambda: Output("o", "O", "csv", "table"),
        lambda: Output("o", "O", "text/csv", "song"),  # type: ignore[arg-type]
        lambda: Pathway("p", "P", "P", "p", ()),
        lambda: Pathway("p", "P", "P", "p", (_method(), _method())),
    ):
        with pytest.raises(ValueError):
            make()


def test_inputs_accept_by_media_type() -> None:
    photos = Input("photos", "Photos", media_types=("image/*", "text/plain"), maximum=None)
    assert photos.accepts("image/tiff")
    assert photos.accepts("Text/Plain; charset=utf-8")
    assert not photos.accepts("audio/flac")
    assert Input("any", "Any").accepts("anything/at-all")


def test_cost_is_estimated_before_a_run() -> None:
    cost = registry.method("diversity.coverage").cost
    assert cost.estimate(files=1, size=10_000_000) > cost.estimate(files=1, size=0) > 0
