"""Alert windows from a series of readings: threshold, dead band, least duration. No tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

GAP = 86_400
"""Seconds without a reading after which nothing is claimed about the time between."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What makes an alert; see :class:`heirloom.sites.models.AlertRule`. ``hold`` in seconds."""

    above: bool
    threshold: float
    release: float
    hold: int = 0

    def passed(self, value: float) -> bool:
        return value > self.threshold if self.above else value < self.threshold

    def released(self, value: float) -> bool:
        return value <= self.release if self.above else value >= self.release


@dataclass(frozen=True, slots=True)
class Window:
    """From the first reading past the threshold to the one that came back; ``ended`` None: still standing."""

    started: int
    ended: int | None
    extreme: float


def windows(rows: Iterable[tuple[int, float]], limits: Limits) -> Iterator[Window]:
    """Yield the alerts in *rows* of (seconds, value), which must be in order of time.

    A gap of more than :data:`GAP` ends an alert at the last reading before it.
    """
    started: int | None = None
    extreme = 0.0
    last = 0
    for time, value in rows:
        if started is not None and time - last > GAP:
            if last - started >= limits.hold:
                yield Window(started, last, extreme)
            started = None
        if started is None:
            if limits.passed(value):
                started, extreme = time, value
        elif limits.released(value):
            if time - started >= limits.hold:
                yield Window(started, time, extreme)
            started = None
        else:
            extreme = max(extreme, value) if limits.above else min(extreme, value)
        last = time
    if started is not None and last - started >= limits.hold:
        yield Window(started, None, extreme)
