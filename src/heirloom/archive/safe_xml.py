"""XML, SVG and HTML from strangers.

XML is parsed without document types, hence without entities and outside files, and with limits on depth, elements
and characters. SVG is rebuilt from an allow-list of elements and attributes: what is not known is not drawn. HTML
goes through nh3 (ammonia). Sources: OWASP XML External Entity Prevention; SVG 1.1 and 2 (elements, attributes).
"""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import BinaryIO

import nh3
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from heirloom.archive.safe_errors import SvgBomb, XmlBroken, XmlDoctype, XmlLimits

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
XML = "http://www.w3.org/XML/1998/namespace"


@dataclass(frozen=True, slots=True)
class XmlBounds:
    """Limits of one XML document: levels, elements, attributes of one element, bytes."""

    depth: int = 100
    elements: int = 5_000_000
    attributes: int = 256
    bytes: int = 512 * 1024**2


def check_xml(file: BinaryIO, bounds: XmlBounds | None = None) -> str:
    """Read *file* to its end as XML; return the root's name as ``{namespace}name``.

    Raises:
        XmlDoctype: it declares a document type or an entity.
        XmlLimits: it passes a limit.
        XmlBroken: it is not well-formed.
    """
    bounds = bounds or XmlBounds()
    root = ""
    for element in _elements(file, bounds):
        root = root or element.tag
    return root


def _elements(file: BinaryIO, bounds: XmlBounds) -> list[ET.Element]:
    """Walk all elements under the limits, keeping none but the root's bare shell."""
    file.seek(0)
    counted = _Counted(file, bounds.bytes)
    depth = count = 0
    root: list[ET.Element] = []
    open_elements: list[ET.Element] = []
    try:
        parser = iterparse(counted, events=("start", "end"), forbid_dtd=True)
        for event, element in parser:
            if event == "end":
                depth -= 1
                open_elements.pop()
                if open_elements:
                    open_elements[-1].remove(element)
                continue
            depth += 1
            count += 1
            open_elements.append(element)
            if not root:
                root.append(element)
            _check_bounds(element, depth, count, bounds)
    except DefusedXmlException:
        raise XmlDoctype from None
    except (ET.ParseError, ValueError, LookupError) as error:
        raise XmlBroken(detail=str(error)[:120]) from None
    return root


def _check_bounds(element: ET.Element, depth: int, count: int, bounds: XmlBounds) -> None:
    if depth > bounds.depth:
        raise XmlLimits(limit=bounds.depth, unit="levels")
    if count > bounds.elements:
        raise XmlLimits(limit=bounds.elements, unit="elements")
    if len(element.attrib) > bounds.attributes:
        raise XmlLimits(limit=bounds.attributes, unit="attributes of one element")


class _Counted:
    """Reads a file up to a number of bytes."""

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self._file, self._left, self._limit = file, limit, limit

    def read(self, size: int = 65536) -> bytes:
        data = self._file.read(min(size, 65536) if size >= 0 else 65536)
        self._left -= len(data)
        if self._left < 0:
            raise XmlLimits(limit=self._limit, unit="bytes")
        return data


# --- SVG

_SVG_ELEMENTS = frozenset(
    """svg g defs symbol use title desc metadata switch path rect circle ellipse line polyline polygon text tspan
    textPath image clipPath mask pattern marker linearGradient radialGradient stop filter feBlend feColorMatrix
    feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap feDistantLight feDropShadow
    feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feMerge feMergeNode feMorphology feOffset fePointLight
    feSpecularLighting feSpotLight feTile feTurbulence view a""".split()  # noqa: SIM905  (a list would be a page long)
)
_SVG_ATTRIBUTES = frozenset(
    """id class lang x y x1 y1 x2 y2 cx cy r rx ry fx fy fr dx dy d points width height viewBox preserveAspectRatio
    version transform opacity fill fill-opacity fill-rule stroke stroke-width stroke-linecap stroke-linejoin
    stroke-miterlimit stroke-dasharray stroke-dashoffset stroke-opacity color color-interpolation
    color-interpolation-filters clip-path clip-rule mask filter display visibility overflow font-family font-size
    font-style font-weight font-variant font-stretch letter-spacing word-spacing text-anchor text-decoration
    text-rendering writing-mode direction unicode-bidi dominant-baseline alignment-baseline baseline-shift rotate
    textLength lengthAdjust startOffset method spacing offset stop-color stop-opacity gradientUnits
    gradientTransform spreadMethod patternUnits patternContentUnits patternTransform clipPathUnits maskUnits
    maskContentUnits markerUnits markerWidth markerHeight refX refY orient marker-start marker-mid marker-end
    filterUnits primitiveUnits in in2 result stdDeviation type values tableValues slope intercept amplitude exponent
    mode operator k1 k2 k3 k4 order kernelMatrix divisor bias targetX targetY edgeMode preserveAlpha surfaceScale
    diffuseConstant specularConstant specularExponent kernelUnitLength azimuth elevation z pointsAtX pointsAtY
    pointsAtZ limitingConeAngle scale xChannelSelector yChannelSelector radius baseFrequency numOctaves seed
    stitchTiles flood-color flood-opacity lighting-color vector-effect shape-rendering image-rendering paint-order
    role aria-label aria-labelledby aria-describedby aria-hidden pathLength tabindex systemLanguage
    requiredFeatures style href""".split()  # noqa: SIM905
)
_STYLE_PROPERTIES = _SVG_ATTRIBUTES - {"style", "href", "id", "class"}
_LOCAL = re.compile(r"#[\w.\-]+")
_EMBEDDED = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*", re.IGNORECASE)
_URL = re.compile(r"url\(\s*(['\"]?)#[\w.\-]+\1\s*\)", re.IGNORECASE)
_DANGER = re.compile(
    r"url\s*\(|expression|javascript:|vbscript:|@import|behaviou?r|-moz-binding|[\\<>{}]", re.IGNORECASE
)

_PLAIN_DOCTYPE = re.compile(
    rb"\A((?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*)<!DOCTYPE\s+svg\b[^\[<>]*>",
    re.DOTALL,
)

#: How many elements a drawing may unfold to by its references.
MAX_UNFOLDED = 200_000
SVG_BOUNDS = XmlBounds(depth=64, elements=500_000, attributes=128, bytes=32 * 1024**2)


@dataclass(frozen=True, slots=True)
class Sanitised:
    """A document rebuilt without what could do harm, and the names of what was left out (sorted, once each)."""

    content: bytes
    removed: tuple[str, ...]


def sanitise_svg(data: bytes, bounds: XmlBounds = SVG_BOUNDS) -> Sanitised:
    """Return the drawing with nothing but known elements, attributes and references within itself.

    Raises:
        XmlDoctype, XmlLimits, XmlBroken: see :func:`check_xml`.
        SvgBomb: its references multiply beyond :data:`MAX_UNFOLDED`, or go round in a circle.
    """
    removed: set[str] = set()
    # A document type without declarations of its own names a grammar and nothing else: it is left out.
    data = _PLAIN_DOCTYPE.sub(rb"\1", data, count=1)
    check_xml(io.BytesIO(data), bounds)
    tree = ET.fromstring(data)  # noqa: S314  (judged free of document types just above)
    if tree.tag not in {f"{{{SVG}}}svg", "svg"}:
        raise XmlBroken(detail="it is no drawing")
    _scrub(tree, removed)
    _refuse_bomb(tree)
    for prefix, uri in (("", SVG), ("xlink", XLINK)):
        ET.register_namespace(prefix, uri)
    content = ET.tostring(tree, encoding="unicode")
    return Sanitised(f"{content}\n".encode(), tuple(sorted(removed)))


def _scrub(root: ET.Element, removed: set[str]) -> None:
    waiting = [root]
    while waiting:
        element = waiting.pop()
        _scrub_attributes(element, removed)
        kept: list[ET.Element] = []
        for child in element:
            name = _svg_name(child)
            if name in _SVG_ELEMENTS:
                kept.append(child)
                continue
            removed.add(name or "element of another kind")
            # The text after what is dropped belongs to the parent and stays.
            if child.tail and kept:
                kept[-1].tail = (kept[-1].tail or "") + child.tail
            elif child.tail:
                element.text = (element.text or "") + child.tail
        element[:] = kept
        waiting.extend(kept)


def _svg_name(element: ET.Element) -> str | None:
    tag = str(element.tag)
    if tag.startswith(f"{{{SVG}}}"):
        return tag[len(SVG) + 2 :]
    return None if tag.startswith("{") else tag


def _scrub_attributes(element: ET.Element, removed: set[str]) -> None:
    for name, value in list(element.attrib.items()):
        bare = name.removeprefix(f"{{{XLINK}}}")
        if name in {f"{{{XML}}}lang", f"{{{XML}}}space"}:
            continue
        kept = None if bare.startswith("{") or bare not in _SVG_ATTRIBUTES else _value(element, bare, value)
        if kept is None:
            removed.add(f"@{bare.rpartition('}')[2]}")
            del element.attrib[name]
        elif kept != value:
            removed.add(f"@{bare}")
            element.set(name, kept)


def _value(element: ET.Element, name: str, value: str) -> str | None:
    if name == "href":
        embedded = _svg_name(element) == "image" and _EMBEDDED.fullmatch(value.strip())
        return value if embedded or _LOCAL.fullmatch(value.strip()) else None
    if name == "style":
        return _style(value)
    return None if _DANGER.search(_URL.sub("", value)) else value


def _style(value: str) -> str | None:
    kept = []
    for declaration in value.split(";"):
        name, colon, content = declaration.partition(":")
        name, content = name.strip().lower(), content.strip()
        if colon and name in _STYLE_PROPERTIES and not _DANGER.search(_URL.sub("", content)):
            kept.append(f"{name}: {content}")
    return "; ".join(kept) or None


def _refuse_bomb(tree: ET.Element) -> None:
    """Count what the references unfold to, each named element once (a memoised walk, without recursion)."""
    named: dict[str, ET.Element] = {}
    for element in tree.iter():
        if identifier := element.get("id"):
            named.setdefault(identifier, element)
    sizes: dict[int, int] = {}
    stack: list[tuple[ET.Element, bool]] = [(tree, False)]
    active: set[int] = set()
    while stack:
        element, left = stack.pop()
        key = id(element)
        below = [*element, *_targets(element, named)]
        if left:
            active.discard(key)
            sizes[key] = 1 + sum(sizes.get(id(child), 0) for child in below)
            if sizes[key] > MAX_UNFOLDED:
                raise SvgBomb
        elif key in active:
            raise SvgBomb
        elif key not in sizes:
            active.add(key)
            stack.append((element, True))
            stack.extend((child, False) for child in below if id(child) not in sizes)


_REFERENCE = re.compile(r"url\(\s*['\"]?#([\w.\-]+)", re.IGNORECASE)


def _targets(element: ET.Element, named: dict[str, ET.Element]) -> list[ET.Element]:
    found: list[ET.Element] = []
    for name, value in element.attrib.items():
        if name.removeprefix(f"{{{XLINK}}}") == "href" and _svg_name(element) != "a":
            names = [value.strip().removeprefix("#")]
        else:
            names = _REFERENCE.findall(value)
        found.extend(named[target] for target in names if target in named)
    return found


# --- HTML

_HTML_TAGS = frozenset(
    """a abbr b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption figure
    h1 h2 h3 h4 h5 h6 hr i ins kbd li mark ol p pre q rp rt ruby s samp section small span strong sub summary sup
    table tbody td tfoot th thead time tr u ul var wbr""".split()  # noqa: SIM905
)
_HTML_ATTRIBUTES = {
    "*": {"lang", "dir", "title", "id"},
    "a": {"href"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
    "ol": {"start", "type"},
}


def sanitise_html(data: bytes) -> Sanitised:
    """Return the page's content with nothing but plain structure and links; scripts, styles and media are gone.

    Raises:
        XmlBroken: it is not UTF-8.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise XmlBroken(detail=f"byte {error.start} is not UTF-8") from None
    clean = nh3.clean(
        text,
        tags=set(_HTML_TAGS),
        clean_content_tags={
            "script",
            "style",
            "title",
            "template",
            "noscript",
            "iframe",
            "object",
            "svg",
            "math",
        },
        attributes=_HTML_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )
    removed = () if clean == text else ("markup",)
    return Sanitised(clean.encode(), removed)
