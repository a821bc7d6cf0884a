"""Requests of the IIIF Image API 3.0: grammar, arithmetic and the canonical form.

An image request names ``{region}/{size}/{rotation}/{quality}.{format}`` (section 2.1). :func:`parse` reads the
five parts into an :class:`ImageRequest`, which knows nothing of any image; :meth:`ImageRequest.resolve` works
out, for one image and its limits, which pixels are read and how many come back (:class:`Resolved`).

All arithmetic is exact (integers and fractions), so the same request gives the same size on every machine.
Halves round up. Section numbers are those of https://iiif.io/api/image/3.0/.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from heirloom.errors import HeirloomError, gettext_noop

RegionForm = Literal["full", "square", "pixels", "percent"]
SizeForm = Literal["max", "width", "height", "percent", "exact", "confined"]

FORMATS = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "tif": "image/tiff",
    "gif": "image/gif",
}
"""Formats that are served, with their media types (section 4.5)."""

QUALITIES = ("default", "color", "gray", "bitonal")
"""Qualities that are served (section 4.4)."""

DEFAULT_CEILING = 25_000_000
"""Pixels of the largest image that one request may ask for, where no smaller limit is declared."""

# Twelve digits and twelve decimals hold any real image and keep hostile numbers from growing.
_INTEGER = "([0-9]{1,12})"
_NUMBER = r"([0-9]{1,12}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})"
_REGION_PIXELS = re.compile(",".join([_INTEGER] * 4), re.ASCII)
_REGION_PERCENT = re.compile("pct:" + ",".join([_NUMBER] * 4), re.ASCII)
_SIZE_WH = re.compile("(!?)([0-9]{0,12}),([0-9]{0,12})", re.ASCII)
_SIZE_PERCENT = re.compile("pct:" + _NUMBER, re.ASCII)
_ROTATION = re.compile("(!?)" + _NUMBER, re.ASCII)


class InvalidImageRequest(HeirloomError):
    """The request does not follow the Image API, or asks for what this image cannot give."""

    code = "iiif.invalid-request"
    message = gettext_noop("This is not an image request of the IIIF Image API.")


class InvalidRegion(InvalidImageRequest):
    """The region follows none of the forms of section 4.1."""

    code = "iiif.invalid-region"
    message = gettext_noop("“{region}” is not a region: use full, square, x,y,w,h or pct:x,y,w,h.")


class RegionOutside(InvalidImageRequest):
    """The region is empty or lies wholly outside the image (section 4.1)."""

    code = "iiif.region-outside"
    message = gettext_noop(
        "The region “{region}” is empty or outside the image of {width} × {height} pixels."
    )


class InvalidSize(InvalidImageRequest):
    """The size follows none of the forms of section 4.2."""

    code = "iiif.invalid-size"
    message = gettext_noop(
        "“{size}” is not a size: use max, w, or ,h or w,h or !w,h or pct:n, with ^ to enlarge."
    )


class SizeAboveRegion(InvalidImageRequest):
    """The size enlarges the region without saying so by ``^`` (section 4.2)."""

    code = "iiif.size-above-region"
    message = gettext_noop("The size “{size}” is larger than the region; write “^{size}” to enlarge it.")


class SizeOutOfLimits(InvalidImageRequest):
    """The size is below one pixel or above the limits of the image (section 4.2)."""

    code = "iiif.size-out-of-limits"
    message = gettext_noop("The size “{size}” gives {width} × {height} pixels; that is outside the limits.")


class UpscalingNotOffered(InvalidImageRequest):
    """Enlarging is switched off for this image (section 4.2)."""

    code = "iiif.upscaling-not-offered"
    message = gettext_noop("This image is not served larger than it is.")
    status = 501


class InvalidRotation(InvalidImageRequest):
    """The rotation is no number from 0 to 360, with or without ``!`` (section 4.3)."""

    code = "iiif.invalid-rotation"
    message = gettext_noop(
        "“{rotation}” is not a rotation: use a number from 0 to 360, with ! to mirror first."
    )


class UnknownQuality(InvalidImageRequest):
    """The quality is not served (section 4.4)."""

    code = "iiif.unknown-quality"
    message = gettext_noop(
        "“{quality}” is not a quality that is served: use default, color, gray or bitonal."
    )


class UnknownFormat(InvalidImageRequest):
    """The format is not served (section 4.5)."""

    code = "iiif.unknown-format"
    message = gettext_noop("“{format}” is not a format that is served: use jpg, png, webp, tif or gif.")


@dataclass(frozen=True, slots=True)
class Limits:
    """How large an image may be served, for reasons of rights or of load (section 5.2).

    Attributes:
        max_width: largest width in pixels, or ``None``. Declared in the image information.
        max_height: largest height; means ``max_width`` where that alone is given. Declared.
        max_area: largest number of pixels. Declared.
        upscale: whether sizes with ``^`` may enlarge; otherwise they are answered with 501.
        confine_beyond: whether ``!w,h`` larger than the region gives the region at its own size. The table in
            section 4.2 reads so and clients that ask for thumbnails blindly want it; the IIIF validator, Cantaloupe
            and iipsrv take it for an enlargement without ``^`` and refuse it, as is done here unless this is set.
        ceiling: pixels of the largest image the server draws for anybody. It guards the machine and is
            declared (as ``maxArea``) only for images that are themselves larger; see :meth:`for_image`.
    """

    max_width: int | None = None
    max_height: int | None = None
    max_area: int | None = None
    upscale: bool = True
    confine_beyond: bool = False
    ceiling: int = DEFAULT_CEILING

    def __post_init__(self) -> None:
        if self.max_height is not None and self.max_width is None:
            raise ValueError("max_height needs max_width (Image API 3.0, section 5.2)")
        if any(
            v is not None and v < 1 for v in (self.max_width, self.max_height, self.max_area, self.ceiling)
        ):
            raise ValueError("limits are positive")

    def for_image(self, width: int, height: int) -> Limits:
        """These limits for an image of *width* × *height*: the ceiling is declared where it binds."""
        if width * height <= self.ceiling:
            return self
        return replace(self, max_area=min(self.max_area or self.ceiling, self.ceiling))

    @property
    def declares(self) -> bool:
        """Whether a maximum is declared; only then may ``sizeUpscaling`` be advertised (section 5.7)."""
        return self.max_width is not None or self.max_area is not None

    @property
    def bounds(self) -> tuple[int | None, int | None, int]:
        """Largest width, height and area, each with every limit that bears on it."""
        height = self.max_height if self.max_height is not None else self.max_width
        return self.max_width, height, min(self.max_area or self.ceiling, self.ceiling)

    def allow(self, width: int, height: int) -> bool:
        """Whether an image of *width* × *height* pixels is within the limits."""
        max_width, max_height, max_area = self.bounds
        return (
            (max_width is None or width <= max_width)
            and (max_height is None or height <= max_height)
            and width * height <= max_area
        )


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """One image request as written, read but not yet applied to an image.

    ``region_numbers`` are x, y, w, h in pixels or per cent; ``size_numbers`` are w and h, or the percentage
    and 0, with 0 for what is not given. ``rotation`` is in degrees, clockwise, from 0 up to (not including) 360.
    """

    region: str
    region_form: RegionForm
    region_numbers: tuple[Fraction, Fraction, Fraction, Fraction] | None
    size: str
    size_form: SizeForm
    size_numbers: tuple[Fraction, Fraction]
    upscale: bool
    mirror: bool
    rotation: Fraction
    quality: str
    format: str

    def resolve(self, width: int, height: int, limits: Limits, default_quality: str = "color") -> Resolved:
        """Apply the request to an image of *width* × *height* pixels.

        ``default_quality`` is what ``default`` means for the image: ``color`` or ``gray``.

        Raises:
            RegionOutside, SizeAboveRegion, SizeOutOfLimits, UpscalingNotOffered.
        """
        x, y, w, h = self._box(width, height)
        out_width, out_height = self._scaled(w, h, limits)
        quality = self.quality
        if quality == default_quality or (quality == "color" and default_quality == "gray"):
            quality = "default"
        return Resolved(
            image=(width, height),
            region=(x, y, w, h),
            size=(out_width, out_height),
            mirror=self.mirror,
            rotation=self.rotation,
            quality=quality,
            format=self.format,
            canonical="/".join(
                (
                    "full" if (w, h) == (width, height) else f"{x},{y},{w},{h}",
                    _canonical_size(w, h, out_width, out_height, limits),
                    ("!" if self.mirror else "") + decimal(self.rotation),
                    f"{quality}.{self.format}",
                )
            ),
        )

    def _box(self, width: int, height: int) -> tuple[int, int, int, int]:
        if self.region_form == "full":
            return 0, 0, width, height
        if self.region_form == "square":
            side = min(width, height)
            return (width - side) // 2, (height - side) // 2, side, side
        assert self.region_numbers is not None
        fx, fy, fw, fh = self.region_numbers
        empty = fw <= 0 or fh <= 0
        if self.region_form == "percent":
            fx, fw = fx * width / 100, fw * width / 100
            fy, fh = fy * height / 100, fh * height / 100
        if empty or fx >= width or fy >= height:
            raise RegionOutside(region=self.region, width=width, height=height)
        x, y = math.floor(fx), math.floor(fy)
        # A sliver of a per cent still has a pixel to show.
        return x, y, min(max(rounded(fw), 1), width - x), min(max(rounded(fh), 1), height - y)

    def _scaled(self, w: int, h: int, limits: Limits) -> tuple[int, int]:
        first, second = self.size_numbers
        if self.size_form == "max":
            if self.upscale and limits.upscale:
                return largest(w, h, limits)
            return within(w, h, (w, h), limits)
        enlarges = False
        if self.size_form == "confined":
            box = int(first), int(second)
            enlarges = box[0] > w and box[1] > h
            if enlarges and not self.upscale and limits.confine_beyond:
                enlarges, box = False, (w, h)
            size = within(w, h, box, limits)
        elif self.size_form == "exact":
            size = int(first), int(second)
        elif self.size_form == "width":
            size = int(first), max(rounded(first * h / w), 1)
        elif self.size_form == "height":
            size = max(rounded(second * w / h), 1), int(second)
        else:
            size = rounded(w * first / 100), rounded(h * first / 100)
            # The percentage decides, not its rounding: 100.01 % of a small region is an enlargement too.
            enlarges = first > 100
        if self.size_form != "confined":
            enlarges = enlarges or size[0] > w or size[1] > h
        if enlarges and not self.upscale:
            raise SizeAboveRegion(size=self.size)
        if enlarges and not limits.upscale:
            raise UpscalingNotOffered
        if min(size) < 1 or not limits.allow(*size):
            raise SizeOutOfLimits(size=self.size, width=size[0], height=size[1])
        return size


@dataclass(frozen=True, slots=True)
class Resolved:
    """What one request means for one image.

    Attributes:
        image: width and height of the full image in pixels.
        region: x, y, width, height of the pixels that are read; always inside the image.
        size: width and height to which the region is scaled, before rotation.
        mirror: mirror left to right before rotating.
        rotation: degrees, clockwise, 0 <= rotation < 360.
        quality: ``default``, ``color``, ``gray`` or ``bitonal``; ``default`` where it means the same.
        format: a key of :data:`FORMATS`.
        canonical: the request in the canonical form of section 4.8.
    """

    image: tuple[int, int]
    region: tuple[int, int, int, int]
    size: tuple[int, int]
    mirror: bool
    rotation: Fraction
    quality: str
    format: str
    canonical: str

    @property
    def rotated_size(self) -> tuple[int, int]:
        """Width and height in pixels of the image that comes back (implementation notes, section 5)."""
        return rotated_size(*self.size, self.rotation)


def parse(region: str, size: str, rotation: str, quality: str, format: str) -> ImageRequest:  # noqa: A002 - the specification's word
    """Read the five parts of an image request, percent-decoded.

    Raises:
        InvalidRegion, InvalidSize, InvalidRotation, UnknownQuality, UnknownFormat.
    """
    region_form, region_numbers = _parse_region(region)
    size_form, size_numbers = _parse_size(size)
    match = _ROTATION.fullmatch(rotation)
    degrees = number(match[2]) if match else Fraction(-1)
    if match is None or not 0 <= degrees <= 360:
        raise InvalidRotation(rotation=shown(rotation))
    if quality not in QUALITIES:
        raise UnknownQuality(quality=shown(quality))
    if format not in FORMATS:
        raise UnknownFormat(format=shown(format))
    return ImageRequest(
        region=region,
        region_form=region_form,
        region_numbers=region_numbers,
        size=size.removeprefix("^"),
        size_form=size_form,
        size_numbers=size_numbers,
        upscale=size.startswith("^"),
        mirror=bool(match[1]),
        rotation=degrees % 360,
        quality=quality,
        format=format,
    )


def _parse_region(region: str) -> tuple[RegionForm, tuple[Fraction, Fraction, Fraction, Fraction] | None]:
    if region == "full":
        return "full", None
    if region == "square":
        return "square", None
    if match := _REGION_PIXELS.fullmatch(region):
        x, y, w, h = (Fraction(int(v)) for v in match.groups())
        return "pixels", (x, y, w, h)
    if match := _REGION_PERCENT.fullmatch(region):
        x, y, w, h = (number(v) for v in match.groups())
        return "percent", (x, y, w, h)
    raise InvalidRegion(region=shown(region))


def _parse_size(size: str) -> tuple[SizeForm, tuple[Fraction, Fraction]]:
    zero = Fraction(0)
    body = size.removeprefix("^")
    if body == "max":
        return "max", (zero, zero)
    if match := _SIZE_PERCENT.fullmatch(body):
        return "percent", (number(match[1]), zero)
    match = _SIZE_WH.fullmatch(body)
    if match is None or not (match[2] or match[3]) or (match[1] and not (match[2] and match[3])):
        raise InvalidSize(size=shown(size))
    numbers = Fraction(int(match[2] or 0)), Fraction(int(match[3] or 0))
    if match[1]:
        return "confined", numbers
    if not match[3]:
        return "width", numbers
    if not match[2]:
        return "height", numbers
    return "exact", numbers


def within(w: int, h: int, box: tuple[int, int], limits: Limits) -> tuple[int, int]:
    """The largest size with the aspect ratio of *w* × *h* that fits in *box* and in *limits*.

    It may be larger than *w* × *h*. A side that follows from the other is at least one pixel.
    """
    max_width, max_height, max_area = limits.bounds
    box_width = min(box[0], max_width or box[0])
    box_height = min(box[1], max_height or box[1])
    if box_width * h <= box_height * w:
        size = box_width, max(rounded(Fraction(box_width * h, w)), 1)
    else:
        size = max(rounded(Fraction(box_height * w, h)), 1), box_height
    if size[0] * size[1] <= max_area:
        return size
    # The area binds: the longer side is the exact one, so that the ratio is lost least.
    if w >= h:
        width = min(math.isqrt(max_area * w // h), size[0], max_area)
        return width, min(max(rounded(Fraction(width * h, w)), 1), max_area // width)
    height = min(math.isqrt(max_area * h // w), size[1], max_area)
    return min(max(rounded(Fraction(height * w, h)), 1), max_area // height), height


def largest(w: int, h: int, limits: Limits) -> tuple[int, int]:
    """What ``^max`` means for a region of *w* × *h*: up to the declared limits, else its own size."""
    if not limits.declares:
        return within(w, h, (w, h), limits)
    max_width, max_height, max_area = limits.bounds
    return within(w, h, (max_width or max_area, max_height or max_area), limits)


def _canonical_size(w: int, h: int, out_width: int, out_height: int, limits: Limits) -> str:
    size = out_width, out_height
    if size == within(w, h, (w, h), limits):
        return "max"
    if limits.upscale and size == largest(w, h, limits):
        return "^max"
    return ("^" if out_width > w or out_height > h else "") + f"{out_width},{out_height}"


def rotated_size(width: int, height: int, degrees: Fraction) -> tuple[int, int]:
    """Size of the box around *width* × *height* pixels turned by *degrees* (implementation notes, section 5)."""
    if degrees % 180 == 0:
        return width, height
    if degrees % 90 == 0:
        return height, width
    sine, cosine = abs(math.sin(math.radians(degrees))), abs(math.cos(math.radians(degrees)))
    return (
        max(1, math.floor(width * cosine + height * sine + 0.5)),
        max(1, math.floor(height * cosine + width * sine + 0.5)),
    )


def rounded(value: Fraction) -> int:
    """*value* to the nearest integer, halves up."""
    return math.floor(value + Fraction(1, 2))


def number(text: str) -> Fraction:
    """A number of section 4.7 (digits with at most one point), exactly."""
    return Fraction("0" + text)


def decimal(value: Fraction) -> str:
    """*value* as section 4.7 wants it: an integer where possible, no trailing zeros.

    *value* has at most twelve decimals, as :func:`parse` reads no more.
    """
    whole, rest = divmod(value, 1)
    if not rest:
        return str(whole)
    return f"{whole}." + str(int(rest * 10**12)).zfill(12).rstrip("0")


def shown(text: str) -> str:
    """*text* short and printable enough to be repeated in a message."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:60])
