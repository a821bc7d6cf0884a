"""Hypothesis settings of this part."""

from __future__ import annotations

from hypothesis import settings

# A busy machine is not a failure; the suite's own time limit is what counts.
settings.register_profile("text", deadline=None)
settings.load_profile("text")
