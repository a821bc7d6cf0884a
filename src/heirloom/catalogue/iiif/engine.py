"""libvips, set up once for a server and its workers.

Everything in this package that touches pixels imports ``pyvips`` from here, so that the settings hold before the
first image is opened: one thread per operation (requests run beside each other already, and a pool of threads
costs more CPU than it saves for a tile), no cache of operations (every request is different, and open files
would stay open), and no loader that libvips itself calls unfit for hostile input.
"""

from __future__ import annotations

import os

# Read by libvips when it starts, so it must stand before the import.
os.environ.setdefault("VIPS_CONCURRENCY", "1")

import pyvips

pyvips.voperation.concurrency_set(1)
pyvips.cache_set_max(0)
pyvips.block_untrusted_set(True)

VERSION = ".".join(str(pyvips.version(part)) for part in range(3))
"""Version of libvips; the bytes of what is written depend on it."""

__all__ = ["VERSION", "pyvips"]
