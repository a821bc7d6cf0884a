"""The package description as we write it, and what we read of others'."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heirloom.archive.crate import (
    METADATA_FILE,
    PROCESS_RUN_PROFILE,
    Crate,
    CrateFile,
    Entity,
    InvalidCrate,
    Measurement,
    ProcessRun,
    id_to_path,
    licence,
    organization,
    path_to_id,
    person,
    place,
    ref,
    software,
)
from heirloom.archive.crate_read import PROBLEMS, UnreadableCrate, read_crate
from heirloom.archive.safe_json import JsonTooDeep, JsonTooLarge, UnsafeJson

CC_BY = licence("https://creativecommons.org/licenses/by/4.0/", {"en": "CC BY 4.0", "vi": "CC BY 4.0"})


def a_file(path: str, content: bytes) -> CrateFile:
    return CrateFile(
        path, len(content), hashlib.sha512(content).hexdigest(), "text/plain", description="a test file"
    )


def small() -> Crate:
    return Crate.new(
        name={"en": "Weaving songs", "lo": "ເພງຕ່ຳຫູກ"},
        description={"en": "Songs at the loom", "th": "เพลงทอผ้า"},
        published="2026-05-01",
        license=CC_BY,
    )


def a_run(**changes: object) -> ProcessRun:
    weaver = person("#weaver", {"en": "A weaver", "km": "អ្នកតម្បាញ"})
    values: dict[str, object] = {
        "id": "urn:uuid:3e2f0a35-7f6f-4d43-9c0a-0b8f4ad3a8c1",
        "name": {"en": "Coverage", "vi": "Độ phủ"},
        "description": "Hill numbers of the languages",
        "instrument": software(
            "https://example.org/coverage", "coverage", version="1.2.0", url="https://example.org/coverage"
        ),
        "agent": weaver,
        "started": "2026-05-01T10:00:00+07:00",
        "ended": "2026-05-01T10:00:02+07:00",
        "objects": (path_to_id("songs/ເພງ 1.txt"),),
        "results": (path_to_id("out/result.json"),),
        "parameters": {"order": 2, "weighted": True, "cut": 0.1, "facet": "language"},
        "costs": (
            Measurement("cpuTime", "CPU time", 1.25, "SEC", "s"),
            Measurement("peakMemory", "Peak memory", 52_428_800, "AD", "byte"),
        ),
    }
    return ProcessRun(**{**values, **changes})  # type: ignore[arg-type]


FILES = {
    "songs/ເພງ 1.txt": b"one",
    "out/result.json": b"{}",
    "100% wool & a:b#c?.txt": b"w",
    "items/m/ผ้า.txt": b"m",
}


def full() -> Crate:
    cooperative = organization(
        "https://ror.org/00000zz00", "Weavers' cooperative", url="https://example.org/"
    )
    crate = Crate.new(
        name={"en": "Weaving songs", "lo": "ເພງຕ່ຳຫູກ", "my": "ယက်ကန်းသီချင်း"},
        description={"en": "Songs at the loom", "zh-Hans": "织布歌"},
        published="2026-05-01T08:00:00+07:00",
        license=CC_BY,
        publisher=cooperative,
        contentLocation=ref("#village"),
    )
    crate = crate.with_files(a_file(path, content) for path, content in FILES.items())
    crate = crate.with_dataset("items/m", name={"en": "A shawl", "km": "ក្រមា"}, description="one item")
    crate = crate.with_entities(
        *place("#village", {"en": "Ban Xang Hai"}, latitude=19.9512, longitude=102.2134)
    )
    return crate.with_run(a_run())


def write(crate: Crate, folder: Path) -> Path:
    for path, content in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    (folder / METADATA_FILE).write_bytes(crate.to_bytes())
    return folder


def test_the_same_content_gives_the_same_bytes_in_any_order() -> None:
    files = [a_file(name, name.encode()) for name in ("b.txt", "a.txt", "ກ.txt")]
    people = [person("#b", "B"), person("#a", {"my": "က", "en": "A"})]
    one = small().with_files(files).with_entities(*people)
    other = small().with_entities(*reversed(people)).with_files(reversed(files))
    assert one.to_bytes() == other.to_bytes()
    assert one.to_bytes().endswith(b"}\n")


def test_a_change_leaves_the_crate_it_came_from_alone() -> None:
    before = small()
    bytes_before = before.to_bytes()
    before.with_files([a_file("a.txt", b"a")]).with_root(keywords="loom")
    assert before.to_bytes() == bytes_before


def test_each_file_is_part_of_the_deepest_described_folder() -> None:
    crate = full()
    graph = {entity["@id"]: entity for entity in json.loads(crate.to_bytes())["@graph"]}
    assert graph["items/m/"]["hasPart"] == {"@id": "items/m/ผ้า.txt"}
    parts = {part["@id"] for part in graph["./"]["hasPart"]}
    assert parts == {
        "items/m/",
        "songs/ເພງ%201.txt",
        "out/result.json",
        "100%25%20wool%20&%20a%3Ab%23c%3F.txt",
    }
    assert set(crate.files()) == set(FILES)


def test_languages_are_kept_and_read_back() -> None:
    again = read_crate(full().to_bytes())
    assert again.problems == ()
    assert again.crate.root.texts("name") == {
        "en": "Weaving songs",
        "lo": "ເພງຕ່ຳຫູກ",
        "my": "ယက်ကန်းသီချင်း",
    }
    assert again.crate.to_bytes() == full().to_bytes()


def test_a_run_tells_who_when_what_with_and_at_what_cost() -> None:
    crate = read_crate(full().to_bytes()).crate
    (run,) = crate.runs()
    assert run.refs("instrument") == ["https://example.org/coverage"]
    assert run.refs("result") == ["out/result.json"]
    assert run.text("actionStatus").endswith("CompletedActionStatus")
    costs = {
        crate.entities[name].text("propertyID"): crate.entities[name].text("value")
        for name in run.refs("resourceUsage")
    }
    assert costs == {"cpuTime": "1.25", "peakMemory": "52428800"}
    given_values = {
        crate.entities[name].text("name"): crate.entities[name].text("value")
        for name in run.refs("object")
        if "/parameter/" in name
    }
    assert given_values == {"order": "2", "weighted": "true", "cut": "0.1", "facet": "language"}
    assert crate.root.refs("conformsTo") == [PROCESS_RUN_PROFILE]


def test_a_failed_run_says_so() -> None:
    crate = small().with_run(a_run(error="no input", objects=(), results=()))
    (run,) = crate.runs()
    assert run.text("actionStatus").endswith("FailedActionStatus")
    assert run.text("error") == "no input"


@pytest.mark.parametrize("missing", ["name", "description", "published", "license"])
def test_what_the_specification_demands_cannot_be_left_out(missing: str) -> None:
    values: dict[str, object] = {"name": "a", "description": "b", "published": "2026", "license": "c"}
    values[missing] = {} if missing in {"name", "description"} else ""
    with pytest.raises(InvalidCrate):
        Crate.new(**values)  # type: ignore[arg-type]


def test_a_number_that_is_not_finite_is_refused() -> None:
    with pytest.raises(InvalidCrate):
        small().with_root(weight=float("nan")).to_bytes()
    with pytest.raises(InvalidCrate):
        place("#x", "nowhere", latitude=91, longitude=0)
    with pytest.raises(InvalidCrate):
        small().with_entities(Entity.of(METADATA_FILE, "CreativeWork"))


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(
        lambda path: not path.startswith(("/", "./")) and path not in {".", ".."}
    )
)
def test_every_path_comes_back_from_its_identifier(path: str) -> None:
    identifier = path_to_id(path)
    assert id_to_path(identifier) == path
    assert not set(identifier) & set(' "<>\\^`{|}%#?:') - {"%"}


# --- reading what others wrote


def document(*entities: object, **root: object) -> bytes:
    held = {
        "@id": "./",
        "@type": "Dataset",
        "name": "n",
        "description": "d",
        "license": "l",
        "datePublished": "2026-05-01",
        **root,
    }
    descriptor = {
        "@id": METADATA_FILE,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
    }
    return json.dumps({"@context": "x", "@graph": [descriptor, held, *entities]}).encode()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (document({"@type": "Person"}), "crate.entity"),
        (document("text"), "crate.entity"),
        (document({"@id": "#a", "@type": "Person"}, {"@id": "#a", "@type": "Thing"}), "crate.duplicate"),
        (document(author={"@type": "Person", "name": "A"}), "crate.nested"),
        (document(name=""), "crate.missing"),
        (document(datePublished="May 2026"), "crate.date"),
        (document(hasPart=[{"@id": "gone.txt"}]), "crate.dangling"),
        (document({"@id": "../../etc/passwd", "@type": "File"}), "crate.path"),
        (document({"@id": "a/%2e%2e/%2e%2e/b", "@type": "File"}), "crate.path"),
        (document({"@id": "/etc/passwd", "@type": "File"}), "crate.path"),
        (document({"@id": "file:///etc/passwd", "@type": "File"}), "crate.path"),
        (document().replace(b"ro/crate/1.1", b"ro/crate/9.9"), "crate.version"),
    ],
)
def test_what_is_not_right_is_named_and_the_rest_is_read(data: bytes, code: str) -> None:
    read = read_crate(data)
    assert [problem.code for problem in read.problems] == [code]
    assert code in PROBLEMS
    assert read.problems[0].message
    assert read.crate.root.types == ("Dataset",)
    assert all(".." not in path for path in read.crate.files())


@pytest.mark.parametrize(
    "data",
    [b"[]", b"{}", b'{"@graph": {}}', b'{"@graph": []}', document().replace(b'"Dataset"', b'"Person"')],
)
def test_what_is_no_crate_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableCrate):
        read_crate(data)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"[" * 100_000, JsonTooDeep),
        (b"[" * 40 + b"]" * 40, JsonTooDeep),
        (b'{"a":1e999}', UnsafeJson),
        (b'{"a":NaN}', UnsafeJson),
        (b'{"a":1,"a":2}', UnsafeJson),
        (b'{"a":"\\ud800"}', UnsafeJson),
        (b'{"\\udc00":1}', UnsafeJson),
        (b"\xff", UnsafeJson),
        (b'{"a":' + b"9" * 5000 + b"}", UnsafeJson),
        (b" " * (64 * 1024 * 1024 + 1), JsonTooLarge),
        (b"", UnsafeJson),
    ],
)
def test_hostile_json_ends_in_a_coded_error(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_crate(data)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["./", METADATA_FILE, "Dataset", "File", "a.txt", "https://w3id.org/ro/crate/1.2"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["@id", "@type", "@value", "@language", "name", "about", "hasPart", "conformsTo", "x"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(st.lists(_JSON, max_size=6), st.booleans())
def test_any_graph_is_read_or_refused_with_a_code(items: list[object], sound: bool) -> None:
    graph = [*(json.loads(document())["@graph"] if sound else []), *items]
    try:
        read = read_crate(json.dumps({"@graph": graph}).encode())
    except (UnreadableCrate, UnsafeJson):
        return
    assert all(problem.code in PROBLEMS for problem in read.problems)
    again = read_crate(read.crate.to_bytes())
    assert again.crate.root.id == read.crate.root.id
