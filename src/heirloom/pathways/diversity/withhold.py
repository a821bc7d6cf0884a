"""Which numbers are withheld so that a small community is not exposed, and what must be withheld with them.

A count of 1 to ``below`` - 1 is withheld. Where only one number of a line of a table is withheld and the line's total is
known, the number could be worked out; then the next smallest is withheld too (complementary suppression). Zeros are
never withheld: that something is absent is what this method is there to say.

Several tables of one result speak of the same records, so what one withholds another must not give away: a value withheld
by itself is withheld in every combination too, and as a group.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

Pair = tuple[str, str]


def few_values(counts: Mapping[str, int], below: int) -> frozenset[str]:
    """The values whose counts are withheld."""
    few = {value for value, count in counts.items() if 0 < count < below}
    if len(few) == 1:
        others = sorted((count, value) for value, count in counts.items() if count >= below)
        few.update(value for _, value in others[:1])
    return frozenset(few)


def few_pairs(
    counts: Mapping[Pair, int],
    below: int,
    first: Collection[str] = (),
    second: Collection[str] = (),
) -> frozenset[Pair]:
    """The combinations whose counts are withheld: in no row and no column is it a single one, where that can be.

    *first* and *second* are values of the two facets that are withheld by themselves.
    """
    few = {
        pair
        for pair, count in counts.items()
        if 0 < count < below or (count and (pair[0] in first or pair[1] in second))
    }
    shown = {pair: count for pair, count in counts.items() if count and pair not in few}
    changed = bool(few)
    while changed:
        changed = False
        for side in (0, 1):
            for line in sorted({pair[side] for pair in few}):
                alone = [pair for pair in few if pair[side] == line]
                if len(alone) > 1:
                    continue
                rest = sorted((count, pair) for pair, count in shown.items() if pair[side] == line)
                if rest:
                    _, taken = rest[0]
                    few.add(taken)
                    del shown[taken]
                    changed = True
    return frozenset(few)
