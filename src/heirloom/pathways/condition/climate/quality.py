"""What a series does not say: gaps, and sensors that stand still."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .psychrometry import Floats

__all__ = ["gap_limit", "gaps", "hours", "stuck"]

LONGEST = 3_600
"""Seconds that a reading stands for at most, unless readings come more rarely than that."""


def gap_limit(time: NDArray[np.int64]) -> float:
    """Seconds between two readings from which on the time between is a gap: three usual steps, at least an hour."""
    usual = float(np.median(np.diff(time))) if len(time) > 1 else 0.0
    return max(float(LONGEST), 3 * usual)


def gaps(time: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(n,) True where a gap lies before the reading."""
    return np.concatenate([[False], np.diff(time) > gap_limit(time)])


def hours(time: NDArray[np.int64]) -> Floats:
    """(n,) for how many hours each reading stands: until the next one; before a gap, and for the last, for a usual step."""
    steps = np.diff(time).astype(np.float64)
    usual = float(np.median(steps)) if len(steps) else 0.0
    lasting = np.where(steps > gap_limit(time), usual, steps)
    return np.append(lasting, usual) / 3600


def stuck(time: NDArray[np.int64], values: Floats, least: float = 24.0) -> list[tuple[int, int]]:
    """Spans (first and last moment) in which a sensor gave the very same value for *least* hours or more, without a gap."""
    if not len(time):
        return []
    new = np.concatenate([[True], (values[1:] != values[:-1]) | gaps(time)[1:]])
    starts = np.flatnonzero(new)
    ends = np.append(starts[1:], len(values)) - 1
    return [
        (int(time[a]), int(time[b]))
        for a, b in zip(starts, ends, strict=True)
        if time[b] - time[a] >= least * 3600 and not np.isnan(values[a])
    ]
