"""ocfl-py accepts everything that is written here."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heirloom.archive import Agent, Archive, BadPath
from heirloom.archive.inventory import check_paths

from .conftest import AGENT, fill

Peer = Callable[[Path], list[str]]


def test_versions_removals_renames_and_repeats_are_accepted(archive: Archive, peer: Peer) -> None:
    fill(archive, objects=6)
    assert peer(Path(archive.storage.name)) == []
    assert archive.verify().findings == []


def test_a_mirror_is_accepted(filled: Archive, tmp_path: Path, peer: Peer) -> None:
    filled.mirror(tmp_path / "mirror")
    filled.purge(next(filled.ids()), "asked")
    filled.mirror(tmp_path / "mirror")
    assert peer(Path(filled.storage.name)) == []
    assert peer(tmp_path / "mirror") == []


names = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("/ກຂຄະາ.ကခဂ中文"),
    min_size=1,
    max_size=12,
)
steps = st.lists(
    st.tuples(
        st.dictionaries(names, st.binary(max_size=3), max_size=4),
        st.sampled_from(["previous", "empty"]),
        st.floats(0, 1),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps, names)
def test_any_history_is_accepted(
    peer: Peer, memory: Path, history: list[tuple[dict[str, bytes], str, float]], name: str
) -> None:
    folder = Path(tempfile.mkdtemp(dir=memory))
    try:
        archive = Archive.open(folder, create=True)
        model: dict[str, bytes] = {}
        versions: list[dict[str, bytes]] = []
        for files, base, share in history:
            kept = dict(model) if base == "previous" else {}
            remove = [path for n, path in enumerate(sorted(kept)) if n < share * len(kept) - 0.5]
            wanted = {path: data for path, data in kept.items() if path not in remove} | files
            try:
                check_paths(wanted)
            except BadPath:
                continue
            archive.write(
                f"urn:{name}",
                files,
                remove=remove,
                base="previous" if base == "previous" else "empty",
                message=name,
                agent=Agent(name, AGENT.address),
            )
            model = wanted
            versions.append(wanted)
        for number, expected in enumerate(versions, 1):
            found = {
                path: archive.read(f"urn:{name}", path, number)
                for path in archive.files(f"urn:{name}", number)
            }
            assert found == expected
        assert peer(folder) == []
        assert archive.verify().findings == []
    finally:
        shutil.rmtree(folder)
