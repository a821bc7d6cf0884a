"""The image information document, ``info.json`` (Image API 3.0, section 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from heirloom.catalogue.iiif.image_request import Limits
from heirloom.catalogue.iiif.tiff import Level

CONTEXT = "http://iiif.io/api/image/3/context.json"
PROFILE = "http://iiif.io/api/image/3/level2.json"
"""The profile document of the level that is met; named in the ``Link`` header of every answer (section 6)."""

EXTRA_FORMATS = ("webp", "tif", "gif")
EXTRA_FEATURES = ("canonicalLinkHeader", "mirroring", "profileLinkHeader", "rotationArbitrary")


def information(
    uri: str,
    levels: Sequence[Level],
    limits: Limits,
    *,
    rights: str | None = None,
    links: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """The image information of the image at *uri* (the base URI, section 2).

    Args:
        uri: the base URI of the image, percent-encoded, without a slash at the end.
        levels: the levels that are served, the full size first.
        limits: the limits that hold for this image (:meth:`Limits.for_image`).
        rights: URI of a licence or rights statement (section 5.6).
        links: ``partOf``, ``seeAlso`` and ``service`` (section 5.8), taken over as they are.

    Only sizes and tiles within the limits are listed, as section 5.2 demands. ``sizeUpscaling`` is listed where a
    maximum is declared, since section 5.7 demands one; ``^`` is understood either way.
    """
    full = levels[0]
    grey = full.samples < 3
    document: dict[str, object] = {
        "@context": CONTEXT,
        "id": uri,
        "type": "ImageService3",
        "protocol": "http://iiif.io/api/image",
        "profile": "level2",
        "width": full.width,
        "height": full.height,
    }
    maxima = {"maxWidth": limits.max_width, "maxHeight": limits.max_height, "maxArea": limits.max_area}
    document |= {key: value for key, value in maxima.items() if value is not None}
    sizes = [
        {"width": level.width, "height": level.height}
        for level in reversed(levels)
        if limits.allow(level.width, level.height)
    ]
    if sizes:
        document["sizes"] = sizes
    if limits.allow(full.tile_width, full.tile_height):
        tile: dict[str, object] = {"width": full.tile_width}
        if full.tile_height != full.tile_width:
            tile["height"] = full.tile_height
        tile["scaleFactors"] = [1 << step for step in range(len(levels))]
        document["tiles"] = [tile]
    if rights:
        document["rights"] = rights
    document["extraQualities"] = ["gray", "bitonal"] if grey else ["color", "gray", "bitonal"]
    document["extraFormats"] = list(EXTRA_FORMATS)
    upscaling = ["sizeUpscaling"] if limits.declares and limits.upscale else []
    document["extraFeatures"] = [*EXTRA_FEATURES, *upscaling]
    for key in ("partOf", "seeAlso", "service"):
        if links and links.get(key):
            document[key] = links[key]
    return document
