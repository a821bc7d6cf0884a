"""What we write is accepted by roc-validator, which knows nothing of us."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from tests.archive.crate import test_crate as examples

pytest.importorskip("rocrate_validator", reason="roc-validator is not installed")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer every request for an RO-Crate context with the copy in the ``rocrate`` wheel, and no other."""
    import requests
    import requests.adapters

    found = importlib.util.find_spec("rocrate")
    if found is None or found.origin is None:
        pytest.skip("the package rocrate, which carries the JSON-LD context, is not installed")
    context = (Path(found.origin).parent / "data" / "ro-crate.jsonld").read_bytes()

    class Offline(requests.adapters.BaseAdapter):
        def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
            response = requests.Response()
            response.request = request
            response.url = request.url or ""
            known = response.url.startswith("https://w3id.org/ro/crate/1.")
            response.status_code = 200 if known else 404
            response._content = context if known else b""
            response.headers["Content-Type"] = "application/ld+json"
            return response

        def close(self) -> None:
            pass

    monkeypatch.setattr(requests.Session, "get_adapter", lambda self, url, **_: Offline())


def issues(folder: Path, profile: str) -> list[str]:
    models = pytest.importorskip("rocrate_validator.models")
    services = pytest.importorskip("rocrate_validator.services")
    settings = models.ValidationSettings(
        rocrate_uri=str(folder),
        profile_identifier=profile,
        requirement_severity=models.Severity.REQUIRED,
        no_cache=True,
    )
    result = services.validate(settings)
    return [f"{issue.check.identifier} {issue.message}" for issue in result.get_issues()]


@pytest.mark.usefixtures("no_network")
def test_the_validator_accepts_what_we_write(tmp_path: Path) -> None:
    folder = examples.write(examples.full(), tmp_path)
    assert issues(folder, "ro-crate-1.2") == []


@pytest.mark.usefixtures("no_network")
def test_the_validator_finds_the_run_as_process_run_crate_asks(tmp_path: Path) -> None:
    """Process Run Crate 0.5 extends RO-Crate 1.1, so that the version of the base is the one thing that differs."""
    folder = examples.write(examples.full(), tmp_path)
    document = json.loads((folder / "ro-crate-metadata.json").read_bytes())
    document["@graph"][0]["conformsTo"] = {"@id": "https://w3id.org/ro/crate/1.1"}
    (folder / "ro-crate-metadata.json").write_text(json.dumps(document))
    assert issues(folder, "process-run-crate") == []


@pytest.mark.usefixtures("no_network")
def test_the_validator_is_awake(tmp_path: Path) -> None:
    """The same validator, so set up, does refuse what is wrong."""
    folder = examples.write(examples.full(), tmp_path)
    (folder / "out" / "result.json").unlink()
    assert any("result.json" in issue for issue in issues(folder, "ro-crate-1.2"))
