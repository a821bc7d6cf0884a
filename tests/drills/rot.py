"""Random bit flips over a mirrored store: found by verify, mended from the mirror."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from heirloom.archive import Archive

# What a store keeps for itself while it works, and rebuilds when it is gone.
PASSING = {"work", "scan.sqlite3", "README"}


@dataclass
class Rotten:
    """How many bits were flipped in how many files, and what became of them."""

    flipped: int
    found: int
    mended: int
    same_as_before: bool
    sound: bool


def stored(root: Path) -> dict[str, bytes]:
    """Every file of lasting value, by its path."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not PASSING & {*path.relative_to(root).parts}
    }


def rot(store: Path, folder: Path, flips: int, seed: int = 1) -> Rotten:
    """Flip one bit in each of *flips* files of a copy of *store* in the new folder *folder*; half by number, half by size.

    By number every file is as likely as another; by size every bit is, as on a failing disk.
    """
    values = random.Random(seed)
    root, second = folder / "store", folder / "mirror"
    shutil.copytree(store, root)
    archive = Archive.open(root)
    assert archive.mirror(second).good
    before = stored(root)
    # The list of the root's own files vouches for itself alone; the archive's own tests flip its bits one by one.
    names = [name for name, data in before.items() if data and not name.endswith("root-files.sha512")]
    assert len(names) >= flips
    chosen = set(values.sample(names, flips // 2))
    while len(chosen) < flips:
        chosen.add(values.choices(names, [len(before[name]) for name in names])[0])
    for name in chosen:
        data = bytearray(before[name])
        bit = values.randrange(len(data) * 8)
        data[bit // 8] ^= 1 << bit % 8
        (root / name).write_bytes(data)
    report = archive.verify()
    found = len(chosen & set(report.damaged))
    repaired = archive.repair(second, report)
    after = stored(root)
    return Rotten(
        flipped=len(chosen),
        found=found,
        mended=sum(after.get(name) == before[name] for name in chosen),
        same_as_before=after == before and repaired.good,
        sound=not Archive.open(root).verify().findings,
    )
