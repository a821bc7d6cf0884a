"""Decode one image to its last pixel and say what was found; run only by :mod:`heirloom.archive.safe_image`.

Stands alone (no import of this package), since it runs in a limited process of its own. The loader is named by
the caller after its own look at the content, so that the library's guess has no say, and loaders that libvips
calls untrusted are blocked.
"""

from __future__ import annotations

import json
import sys

UNDECODABLE, NO_MEMORY = 3, 4
LOADERS = {
    "image/jpeg": ("jpegload", {}),
    "image/png": ("pngload", {}),
    "image/gif": ("gifload", {"n": -1}),
    "image/webp": ("webpload", {"n": -1}),
    "image/tiff": ("tiffload", {}),
}


def main(media_type: str, path: str, frames: int) -> int:
    """Read every pixel of every picture; print its size as JSON."""
    try:
        import pyvips
    except (ImportError, OSError, MemoryError):
        # There is no room for the library itself.
        return NO_MEMORY
    try:
        pyvips.cache_set_max(0)
        pyvips.block_untrusted_set(True)
        name, options = LOADERS[media_type]
        loader = getattr(pyvips.Image, name)
        # Each picture of a TIFF may differ in size: they are read one by one. Animations come as one strip.
        pages = [{"page": number} for number in range(frames)] if media_type == "image/tiff" else [options]
        size = (0, 0)
        for page in pages:
            image = loader(path, access="sequential", fail_on="error", **page)
            image.avg()
            size = max(size, (image.width, image.height))
    except MemoryError:
        return NO_MEMORY
    except Exception as error:  # noqa: BLE001  (whatever the library says is the answer)
        text = str(error).replace("\n", " ").strip()
        sys.stderr.write(text[:500])
        return NO_MEMORY if "out of memory" in text or "malloc" in text else UNDECODABLE
    sys.stdout.write(json.dumps({"width": size[0], "height": size[1]}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
