"""Condition: seeing faint traces and measuring change on grottoes, murals and rock art.

This module only declares; the work is in the modules beside it and is loaded when a run starts.
"""

from heirloom.errors import gettext_noop
from heirloom.pathways.face import (
    Choice,
    CostHint,
    Input,
    Method,
    Output,
    Param,
    Pathway,
    Reference,
)

PHOTOS = ("image/jpeg", "image/png", "image/tiff")
NEEDS = ("numpy", "pyvips", "cv2")

_SCALE = Param(
    name="scale",
    kind="number",
    default=0.0,
    minimum=0,
    maximum=100,
    unit="mm",
    title=gettext_noop("Millimetres a pixel"),
    description=gettext_noop(
        "From a scale bar in the picture. 0: not known, and depths are given in pixels."
    ),
)
_SUMMARY = Output("summary.json", gettext_noop("What was found"), "application/json", "report")
_RESULTS = Output("results.json", gettext_noop("All numbers"), "application/json", "data")

_WOODHAM = Reference(
    "Woodham, R.J. (1980) Photometric method for determining surface orientation from multiple images. Optical Engineering"
    " 19, 139-144.",
    doi="10.1117/12.7972479",
)
_MALZBENDER = Reference(
    "Malzbender, T., Gelb, D. & Wolters, H. (2001) Polynomial texture maps. SIGGRAPH 2001, 519-528.",
    doi="10.1145/383259.383320",
)
_BENJAMINI = Reference(
    "Benjamini, Y. & Hochberg, Y. (1995) Controlling the false discovery rate: a practical and powerful approach to multiple"
    " testing. Journal of the Royal Statistical Society B 57, 289-300.",
    doi="10.1111/j.2517-6161.1995.tb02031.x",
)
_GILLESPIE = Reference(
    "Gillespie, A.R., Kahle, A.B. & Walker, R.E. (1986) Color enhancement of highly correlated images. I. Decorrelation and"
    " HSI contrast stretches. Remote Sensing of Environment 20, 209-235.",
    doi="10.1016/0034-4257(86)90044-1",
)
_JACOB = Reference(
    "Jacob, M. & Unser, M. (2004) Design of steerable filters for feature detection using Canny-like criteria. IEEE Transactions on"
    " Pattern Analysis and Machine Intelligence 26, 1007-1019.",
    doi="10.1109/TPAMI.2004.44",
)
_WEXLER = Reference(
    "Wexler, A. Constant humidity solutions. CRC Handbook of Chemistry and Physics, section 15; after Greenspan, L. (1977) Humidity fixed"
    " points of binary saturated aqueous solutions. Journal of Research of the National Bureau of Standards 81A, 89-96.",
    doi="10.6028/jres.081A.011",
)
_HUKKA = Reference(
    "Hukka, A. & Viitanen, H.A. (1999) A mathematical model of mould growth on wooden material. Wood Science and Technology 33, 475-485.",
    doi="10.1007/s002260050131",
)
_ZAKSEK = Reference(
    "Zakšek, K., Oštir, K. & Kokalj, Ž. (2011) Sky-view factor as a relief visualization technique. Remote Sensing 3,"
    " 398-415.",
    doi="10.3390/rs3020398",
)

_MUDGE = Reference(
    "Mudge, M., Malzbender, T., Schroer, C. & Lum, M. (2006) New reflection transformation imaging methods for rock art and"
    " multiple-viewpoint display. VAST 2006, 195-202.",
    doi="10.2312/VAST/VAST06/195-202",
)

CAPTURE = Method(
    name="capture",
    title=gettext_noop("Check a capture"),
    summary=gettext_noop(
        "Are the photos good enough, and what must be shot again? Finds where the light stood from shining black balls in the picture."
    ),
    version="1.0",
    run="heirloom.pathways.condition.check:check",
    needs=NEEDS,
    cost=CostHint(cpu_seconds=3.0, per_megabyte=0.4, memory_bytes=1_000_000_000),
    inputs=(
        Input(
            "photos",
            gettext_noop("Photos"),
            gettext_noop("The camera stands still; each photo has its own light. 24 to 50 photos are good."),
            media_types=PHOTOS,
            minimum=6,
            maximum=None,
        ),
        Input(
            "lights",
            gettext_noop("Light directions"),
            gettext_noop(
                "An .lp file, if there is one. Without it, shining black balls in the picture tell where the light stood."
            ),
            media_types=("text/plain",),
            minimum=0,
        ),
    ),
    params=(
        Param(
            name="balls",
            kind="text",
            default="",
            title=gettext_noop("Place of the balls"),
            description=gettext_noop(
                "Left empty, they are looked for. Otherwise x and y in pixels from the upper left, and the radius if you know it; a"
                " semicolon between balls."
            ),
            advanced=True,
        ),
        Param(
            name="focal",
            kind="number",
            default=0.0,
            minimum=0,
            maximum=2000,
            unit="mm",
            title=gettext_noop("Focal length for 35 mm film"),
            description=gettext_noop(
                "0: as the camera wrote it into the photos; where it did not, the camera is taken as far away."
            ),
            advanced=True,
        ),
    ),
    outputs=(
        _SUMMARY,
        Output("coverage.svg", gettext_noop("Where the light came from"), "image/svg+xml", "picture"),
        Output("lights.lp", gettext_noop("Light directions"), "text/plain", "data"),
        _RESULTS,
    ),
    references=(_MUDGE,),
    example="heirloom.pathways.condition.example:capture",
)

RELIGHT = Method(
    name="relight",
    title=gettext_noop("Relight"),
    summary=gettext_noop(
        "From photos of one surface under many lights: which way every point faces, its colour without light and shadow, and"
        " a picture that can be lit anew."
    ),
    version="1.1",
    run="heirloom.pathways.condition.methods:relight",
    needs=NEEDS,
    cost=CostHint(cpu_seconds=1.0, per_megabyte=0.5, memory_bytes=1_200_000_000),
    inputs=(
        Input(
            "photos",
            gettext_noop("Photos"),
            gettext_noop("The camera stands still; each photo has its own light. 24 to 50 photos are good."),
            media_types=PHOTOS,
            minimum=6,
            maximum=None,
        ),
        Input(
            "lights",
            gettext_noop("Light directions"),
            gettext_noop("An .lp file: the number of photos, then the name and x, y, z of each."),
            media_types=("text/plain",),
        ),
        Input(
            "board",
            gettext_noop("Photos of a white board"),
            gettext_noop(
                "The same lights in the same order, with a flat white board in the place of the surface."
            ),
            media_types=PHOTOS,
            minimum=0,
            maximum=None,
        ),
    ),
    params=(
        Param(
            name="solver",
            kind="choice",
            default="consensus",
            choices=(
                Choice("consensus", gettext_noop("Consensus: stands up to shadow and gloss")),
                Choice("geman-mcclure", gettext_noop("Reweighted")),
                Choice("trimmed", gettext_noop("Trimmed")),
                Choice("l2", gettext_noop("Least squares: fast, for matt surfaces")),
            ),
            title=gettext_noop("Way of solving"),
            advanced=True,
        ),
        Param(
            name="distance",
            kind="number",
            default=0.0,
            minimum=0,
            maximum=1000,
            title=gettext_noop("Distance of the lights"),
            description=gettext_noop(
                "In widths of the picture. A flash nearer than ten widths bends the result unless its distance is given."
                " 0: far away."
            ),
        ),
        _SCALE,
    ),
    outputs=(
        _SUMMARY,
        Output("colour.jpg", gettext_noop("Colour without light and shadow"), "image/jpeg", "picture"),
        Output("relief.png", gettext_noop("Faint relief"), "image/png", "picture"),
        Output("unseen.png", gettext_noop("What could not be seen"), "image/png", "picture"),
        Output("normals.png", gettext_noop("Normals"), "image/png", "data"),
        Output("albedo.png", gettext_noop("Albedo"), "image/png", "data"),
        Output("depth.tif", gettext_noop("Depth"), "image/tiff", "data"),
        Output(
            "relightable",
            gettext_noop("Picture to be lit anew"),
            "application/octet-stream",
            "tiles",
            many=True,
        ),
        Output("views", gettext_noop("Under fixed lights"), "image/jpeg", "picture", many=True),
        _RESULTS,
    ),
    references=(_WOODHAM, _MALZBENDER),
    example="heirloom.pathways.condition.example:relight",
)

REVEAL = Method(
    name="reveal",
    title=gettext_noop("Reveal"),
    summary=gettext_noop(
        "Makes faint strokes and faded paint visible: local relief, curvature and openness from normals, and a stretch of the"
        " colours, with a map of how much noise the stretch adds."
    ),
    version="1.1",
    run="heirloom.pathways.condition.methods:reveal",
    needs=NEEDS,
    cost=CostHint(cpu_seconds=1.0, per_megabyte=0.3, memory_bytes=1_500_000_000),
    inputs=(
        Input("normals", gettext_noop("Normals"), media_types=("image/png",)),
        Input("colour", gettext_noop("Colour picture"), media_types=PHOTOS, minimum=0),
    ),
    params=(
        Param(
            name="stroke",
            kind="number",
            default=4.0,
            minimum=1,
            maximum=50,
            title=gettext_noop("Width of the strokes looked for"),
            description=gettext_noop("In pixels."),
        ),
        Param(
            name="space",
            kind="choice",
            default="lab",
            choices=(
                Choice("lab", gettext_noop("CIE L*a*b*")),
                Choice("yuv", gettext_noop("YUV")),
                Choice("rgb", gettext_noop("RGB")),
            ),
            title=gettext_noop("Colour space of the stretch"),
            advanced=True,
        ),
    ),
    outputs=(
        _SUMMARY,
        Output("strokes.png", gettext_noop("Engraved lines"), "image/png", "picture"),
        Output("relief.png", gettext_noop("Faint relief"), "image/png", "picture"),
        Output("curvature.png", gettext_noop("Curvature"), "image/png", "picture"),
        Output("openness.png", gettext_noop("Openness"), "image/png", "picture"),
        Output("sky.png", gettext_noop("Sky view"), "image/png", "picture"),
        Output("stretch.png", gettext_noop("Stretched colours"), "image/png", "picture", optional=True),
        Output(
            "noise.png", gettext_noop("Noise added by the stretch"), "image/png", "picture", optional=True
        ),
        _RESULTS,
    ),
    references=(_ZAKSEK, _GILLESPIE, _JACOB),
    example="heirloom.pathways.condition.example:reveal",
)

COMPARE = Method(
    name="compare",
    title=gettext_noop("Compare epochs"),
    summary=gettext_noop(
        "What changed between two visits, measured against what the same camera shows where nothing changed: tilt, albedo and"
        " depth, with the least change that could have been seen."
    ),
    version="1.0",
    run="heirloom.pathways.condition.methods:compare",
    needs=NEEDS,
    cost=CostHint(cpu_seconds=2.0, per_megabyte=1.0, memory_bytes=1_800_000_000),
    inputs=(
        Input(
            "before",
            gettext_noop("First visit"),
            gettext_noop("normals.png, albedo.png and unseen.png, as Relight makes them."),
            media_types=("image/png",),
            minimum=3,
            maximum=3,
        ),
        Input(
            "repeat",
            gettext_noop("First visit, photographed again"),
            gettext_noop("The same three files of a second set of photos of the same visit."),
            media_types=("image/png",),
            minimum=3,
            maximum=3,
        ),
        Input(
            "after",
            gettext_noop("Second visit"),
            gettext_noop("normals.png, albedo.png and unseen.png, as Relight makes them."),
            media_types=("image/png",),
            minimum=3,
            maximum=3,
        ),
    ),
    params=(
        _SCALE,
        Param(
            name="false_share",
            kind="number",
            default=0.05,
            minimum=0.001,
            maximum=0.5,
            title=gettext_noop("Share of false finds allowed"),
            advanced=True,
        ),
        Param(
            name="smallest",
            kind="integer",
            default=20,
            minimum=1,
            maximum=100_000,
            title=gettext_noop("Smallest place, in pixels"),
            advanced=True,
        ),
    ),
    outputs=(
        _SUMMARY,
        Output("changes.png", gettext_noop("Where it changed"), "image/png", "picture"),
        Output("unseen.png", gettext_noop("What could not be seen"), "image/png", "picture"),
        Output("changes.csv", gettext_noop("Changed places"), "text/csv", "table"),
        Output("tilt.tif", gettext_noop("Change of tilt"), "image/tiff", "data"),
        Output("albedo.tif", gettext_noop("Change of albedo"), "image/tiff", "data"),
        Output("depth.tif", gettext_noop("Change of depth"), "image/tiff", "data"),
        _RESULTS,
    ),
    references=(_BENJAMINI,),
    example="heirloom.pathways.condition.example:compare",
)

SYNTHESISE = Method(
    name="synthesise",
    title=gettext_noop("Make a panel"),
    summary=gettext_noop(
        "A made-up rock panel with everything about it known, photographed three times: twice at the first visit, once after"
        " damage. For teaching, and for checking any tool that measures change."
    ),
    version="1.1",
    run="heirloom.pathways.condition.methods:synthesise",
    needs=NEEDS,
    cost=CostHint(cpu_seconds=10.0, memory_bytes=500_000_000),
    inputs=(),
    params=(
        Param("side", "integer", gettext_noop("Side, in pixels"), default=384, minimum=64, maximum=4096),
        Param("lights", "integer", gettext_noop("Number of lights"), default=24, minimum=6, maximum=100),
        Param("seed", "integer", gettext_noop("Seed"), default=0, minimum=0, maximum=2**31 - 1),
    ),
    outputs=(
        _SUMMARY,
        Output("damage.png", gettext_noop("What was damaged"), "image/png", "picture"),
        Output("before", gettext_noop("First visit"), "application/octet-stream", "data", many=True),
        Output(
            "repeat",
            gettext_noop("First visit, photographed again"),
            "application/octet-stream",
            "data",
            many=True,
        ),
        Output("after", gettext_noop("Second visit"), "application/octet-stream", "data", many=True),
        Output("climate.csv", gettext_noop("A year of climate"), "text/csv", "data"),
        Output("truth", gettext_noop("The truth"), "application/octet-stream", "data", many=True),
    ),
    references=(_WOODHAM,),
    example="heirloom.pathways.condition.example:synthesise",
)

CLIMATE = Method(
    name="climate",
    title=gettext_noop("Climate"),
    summary=gettext_noop(
        "What the climate did to a surface, from a logger's readings: dew, salts, mould and light, with the gaps told and nothing claimed about them."
    ),
    version="1.0",
    run="heirloom.pathways.condition.climate.account:climate",
    needs=("numpy",),
    cost=CostHint(cpu_seconds=1.0, per_megabyte=0.5, memory_bytes=300_000_000),
    inputs=(
        Input(
            "readings",
            gettext_noop("Readings"),
            gettext_noop("A logger's file, CSV or XLSX: one head, one row a reading."),
            media_types=("text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ),
    ),
    params=(
        Param("time", "text", gettext_noop("Column of the time"), default="time"),
        Param("air", "text", gettext_noop("Column of the air temperature, °C"), default="air_temperature"),
        Param("humidity", "text", gettext_noop("Column of the relative humidity, %"), default="humidity"),
        Param(
            "surface",
            "text",
            gettext_noop("Column of the surface temperature, °C"),
            gettext_noop(
                "Empty: it was not measured, and is taken to be that of the air with the difference below."
            ),
            default="",
        ),
        Param("light", "text", gettext_noop("Column of the illuminance, lux"), default=""),
        Param(
            "surface_offset",
            "number",
            gettext_noop("Surface warmer than the air by"),
            default=0.0,
            minimum=-20,
            maximum=20,
            unit="K",
        ),
        Param(
            "utc_offset",
            "number",
            gettext_noop("Hours that the logger's clock is ahead of UTC"),
            default=0.0,
            minimum=-14,
            maximum=14,
            unit="h",
        ),
        Param(
            "salt",
            "choice",
            gettext_noop("Salt"),
            default="NaCl",
            choices=(
                Choice("MgCl2", gettext_noop("Magnesium chloride (MgCl2)")),
                Choice("Ca(NO3)2", gettext_noop("Calcium nitrate (Ca(NO3)2)")),
                Choice("Mg(NO3)2", gettext_noop("Magnesium nitrate (Mg(NO3)2)")),
                Choice("NaNO3", gettext_noop("Sodium nitrate (NaNO3)")),
                Choice("NaCl", gettext_noop("Sodium chloride (NaCl)")),
                Choice("KCl", gettext_noop("Potassium chloride (KCl)")),
                Choice("KNO3", gettext_noop("Potassium nitrate (KNO3)")),
                Choice("K2SO4", gettext_noop("Potassium sulphate (K2SO4)")),
            ),
        ),
        Param(
            "band",
            "number",
            gettext_noop("Dead band on each side"),
            default=2.0,
            minimum=0,
            maximum=20,
            unit="%",
            advanced=True,
        ),
        Param(
            "mould",
            "choice",
            gettext_noop("Sensitivity of the surface to mould"),
            default="medium-resistant",
            choices=(
                Choice("very-sensitive", gettext_noop("very sensitive")),
                Choice("sensitive", gettext_noop("sensitive")),
                Choice("medium-resistant", gettext_noop("medium resistant")),
                Choice("resistant", gettext_noop("resistant")),
            ),
        ),
    ),
    outputs=(
        _SUMMARY,
        Output("days.csv", gettext_noop("Day by day"), "text/csv", "table"),
        _RESULTS,
    ),
    references=(_WEXLER, _HUKKA),
    example="heirloom.pathways.condition.example:climate",
)

PATHWAY = Pathway(
    id="condition",
    title=gettext_noop("Condition"),
    summary=gettext_noop("Seeing faint traces and measuring change on grottoes, murals and rock art."),
    package="heirloom.pathways.condition",
    methods=(CAPTURE, RELIGHT, REVEAL, COMPARE, SYNTHESISE, CLIMATE),
)
