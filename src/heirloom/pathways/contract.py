"""What every method must keep to, as checks that anybody's tests can run.

For a pathway of your own, installed with its entry point::

    import pytest
    from heirloom.pathways import contract

    @pytest.mark.parametrize("check", contract.CHECKS, ids=lambda check: check.__name__)
    def test_contract(check, tmp_path):
        check("mine.method", tmp_path)

Each check takes the method's id and an empty folder, and raises :class:`ContractBroken` with what to mend.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from heirloom.pathways import errors, registry
from heirloom.pathways.context import Fault
from heirloom.pathways.execute import Progress, execute, output_folder
from heirloom.pathways.face import Method, Pathway
from heirloom.pathways.record import RunRecord

Check = Callable[[str, Path], None]
_SVG = "{http://www.w3.org/2000/svg}"
_FIXTURE_BYTES = 2_000_000
_MOST_FAULTS = 5


class ContractBroken(AssertionError):
    """A method does not keep to the contract."""


def _must(condition: object, reason: str) -> None:
    if not condition:
        raise ContractBroken(reason)


def _of(method_id: str) -> tuple[Pathway, Method]:
    method = registry.method(method_id)
    return registry.pathway(method.pathway), method


def _run(method_id: str, folder: Path, name: str, **more: Any) -> RunRecord:
    pathway, method = _of(method_id)
    example = folder / "example"
    example.mkdir(exist_ok=True)
    inputs, params = pathway.fixture(method.name, example)
    return execute(method, inputs, params, scratch=folder / name, agent="contract", **more)


def _digests(record: RunRecord) -> dict[str, str]:
    return {output.path: output.sha512 for output in record.outputs}


def _done(record: RunRecord) -> RunRecord:
    reason = f"{record.failure.code}: {record.failure.text()}" if record.failure else ""
    _must(record.status == "done", f"the example's run is {record.status} {reason}\n{record.log_tail}")
    return record


def declares_itself_as_data(method_id: str, folder: Path) -> None:
    """The declaration survives JSON, its defaults are valid, and what it does not know it refuses."""
    pathway, method = _of(method_id)
    again = Method.from_json(json.loads(json.dumps(method.to_json())))
    _must(again == method, "the declaration reads back from JSON as something else")
    json.dumps(method.params_schema())
    given = pathway.fixture(method.name, folder)[1]
    method.validate(given)
    if not any(param.required for param in method.params):
        method.validate({})
    try:
        method.validate({**given, "no_such_setting": 1})
    except errors.InvalidParams as error:
        _must(set(error.problems) == {"no_such_setting"}, "a wrong setting is blamed on another")
    else:
        raise ContractBroken("an unknown setting was accepted")
    _must(not method.missing_modules(), f"modules missing here: {method.missing_modules()}")


def loads_without_its_tools(method_id: str, folder: Path) -> None:
    """Listing methods and drawing their forms must not load numpy or a model runtime."""
    _, method = _of(method_id)
    code = (
        "import sys; from heirloom.pathways import registry; m = registry.method(sys.argv[1]); m.to_json();"
        "m.params_schema(); print(*[n for n in m.needs if n in sys.modules])"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, method_id], capture_output=True, text=True, check=True, cwd=folder
    )
    _must(not told.stdout.split(), f"declaring {method.id} imports {told.stdout.strip()}")


def _declared_words(pathway: Pathway, method: Method) -> Iterator[str]:
    yield from (pathway.title, pathway.summary, method.title, method.summary)
    parts: Sequence[Any] = (*method.inputs, *method.params, *method.outputs, *method.resources)
    for part in parts:
        yield part.title
        if "description" in {field.name for field in fields(part)}:
            yield part.description
    for param in method.params:
        yield from (choice.title for choice in param.choices)


def words_can_be_translated(method_id: str, folder: Path) -> None:  # noqa: ARG001 (all checks are called alike)
    """Every title and description stands in the source inside ``gettext_noop``, where translators' tools find it."""
    from babel.messages.extract import extract_from_dir

    pathway, method = _of(method_id)
    found = extract_from_dir(
        pathway.folder(),
        method_map=[("**.py", "python")],
        keywords={"gettext_noop": None, "_": None, "gettext": None},
    )
    marked = {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}
    missing = [words for words in _declared_words(pathway, method) if words and words not in marked]
    _must(not missing, f"not marked for translation: {missing}")
    _must(method.title and method.summary, "a method needs a title and a summary")


def readme_explains_it(method_id: str, folder: Path) -> None:  # noqa: ARG001
    """The pathway's README names the method, every output, and every setting."""
    pathway, method = _of(method_id)
    _must(pathway.readme().is_file(), f"no README.md in {pathway.package}")
    text = pathway.readme().read_text("utf-8")
    names = [method.id, *(o.name for o in method.outputs), *(p.name for p in method.params)]
    missing = [name for name in names if f"`{name}`" not in text]
    _must(not missing, f"README.md does not explain {missing}")


def runs_on_its_example(method_id: str, folder: Path) -> None:
    """The tiny example runs, makes what is declared, and what it makes can be read."""
    pathway, method = _of(method_id)
    (folder / "example").mkdir()
    inputs, _ = pathway.fixture(method.name, folder / "example")
    size = sum(Path(file).stat().st_size for files in inputs.values() for file in files)
    _must(size <= _FIXTURE_BYTES, f"the example has {size} bytes; {_FIXTURE_BYTES} is the most")
    told: list[Progress] = []
    record = _done(_run(method_id, folder, "run", on_progress=told.append))
    _must(told and told[-1].fraction == 1.0, "the run does not report its end")
    _must(all(a.fraction <= b.fraction for a, b in itertools.pairwise(told)), "progress goes backwards")
    _must(record.cost.cpu_seconds > 0, "no cost was measured")
    _must(record.cost.peak_memory_bytes > 0, "no memory was measured")
    for output in record.outputs:
        path = output_folder(folder / "run") / output.path
        _must(output.size > 0, f"{output.path} is empty")
        if output.media_type == "application/json" or output.media_type.endswith("+json"):
            json.loads(path.read_text("utf-8"))
        if output.media_type == "image/svg+xml":
            _must_be_accessible(path)
    _must(
        RunRecord.from_json(json.loads(json.dumps(record.to_json()))) == record, "the record changes in JSON"
    )


def _must_be_accessible(path: Path) -> None:
    from defusedxml.ElementTree import parse

    root: Element | None = parse(path).getroot()
    assert root is not None
    _must(root.tag == f"{_SVG}svg", f"{path.name} is not SVG")
    _must(root.get("role") == "img", f"{path.name} has no role=img")
    named = {element.get("id"): element for element in root.iter() if element.get("id")}
    labels = (root.get("aria-labelledby") or "").split()
    words = [("".join(named[label].itertext())).strip() for label in labels if label in named]
    _must(len(words) >= 2 and all(words), f"{path.name} is not named and described (aria-labelledby)")
    for element in root.iter():
        local = str(element.tag).removeprefix(_SVG)
        _must(local not in ("script", "foreignObject"), f"{path.name} holds a {local}")
        _must(
            not any(name.lower().startswith("on") for name in element.attrib),
            f"{path.name} has an event handler",
        )


def repeats_to_the_byte(method_id: str, folder: Path) -> None:
    """Run again, a deterministic method gives the same bytes; asked again in the same folder, the same record."""
    _, method = _of(method_id)
    first = _done(_run(method_id, folder, "first"))
    same = _run(method_id, folder, "first")
    _must(same == first, "asking for a finished run again did not give its record")
    second = _done(_run(method_id, folder, "second"))
    _must(second.id != first.id, "two runs have the same id")
    if method.deterministic:
        _must(_digests(first) == _digests(second), "a repeat gives other bytes")


def goes_on_after_a_kill(method_id: str, folder: Path) -> None:
    """Killed (SIGKILL) in a step and started again, it repeats that step only and gives the same bytes."""
    _, method = _of(method_id)
    whole = _done(_run(method_id, folder, "whole"))
    names = [step.name for step in whole.steps]
    _must(names, "the method has no step, so a killed run would begin again from nothing")
    chosen = names if len(names) <= _MOST_FAULTS else [names[0], names[len(names) // 2], names[-1]]
    for name in chosen:
        for at in ("before", "after"):
            scratch = f"{name}-{at}"
            broken = _run(method_id, folder, scratch, fault=Fault(name, at))
            _must(broken.status == "failed", f"the run survived a SIGKILL {at} the end of {name}")
            code = broken.failure.code if broken.failure else ""
            _must(code == errors.Killed.code, f"a killed run says {code}")
            record = _done(_run(method_id, folder, scratch))
            finished = names.index(name) + (at == "after")
            kept = [step.name for step in record.steps if step.reused]
            _must(kept == names[:finished], f"killed {at} the end of {name}, it kept {kept}")
            _must(record.cost.attempts == 2, "the killed attempt is not counted")
            _must(record.cost.unmeasured_attempts == 0, "the killed attempt was not measured")
            if method.deterministic:
                _must(
                    _digests(record) == _digests(whole),
                    f"killed {at} the end of {name}, it gives other bytes",
                )


def stops_when_cancelled(method_id: str, folder: Path) -> None:
    """Cancelled at its first report it stops in time, keeps its finished steps, and can be taken up again."""
    seen: list[Progress] = []
    record = _run(method_id, folder, "run", on_progress=seen.append, cancelled=lambda: bool(seen))
    _must(record.status in ("cancelled", "done"), f"a cancelled run is {record.status}: {record.log_tail}")
    _done(_run(method_id, folder, "run"))


CHECKS: tuple[Check, ...] = (
    declares_itself_as_data,
    loads_without_its_tools,
    words_can_be_translated,
    readme_explains_it,
    runs_on_its_example,
    repeats_to_the_byte,
    goes_on_after_a_kill,
    stops_when_cancelled,
)
