"""Methods that misbehave in every way a method can, and declarations that must not load."""

from heirloom.pathways import Input, Method, Output, Param, Pathway

NOT_A_PATHWAY = "a string"

_RESULT = (Output("result.json", "Result", "application/json", "data"),)
_AMOUNT = (Param("amount", "number", "Amount", default=1.0),)
_FILES = (Input("files", "Files", minimum=0, maximum=None),)


def _method(name: str) -> Method:
    return Method(
        name=name.replace("_", "-"),
        title=name,
        summary=name,
        version="1",
        run=f"heirloom_faults.work:{name}",
        inputs=_FILES,
        params=_AMOUNT,
        outputs=_RESULT,
        deterministic=name != "different_each_time",
    )


NAMES = (
    "burn",
    "burn_in_children",
    "sleep",
    "deaf",
    "hungry",
    "big_file",
    "raises",
    "refuses",
    "leaves",
    "makes_nothing",
    "makes_more",
    "makes_a_link",
    "climbs_out",
    "environment",
    "prints_paths",
    "leaves_a_child",
    "many_steps",
    "different_each_time",
    "device",
    "draws",
)

PATHWAY = Pathway(
    id="faults",
    title="Faults",
    summary="Faults",
    package="heirloom_faults",
    methods=tuple(_method(name) for name in NAMES),
)

SHADOW = Pathway(
    id="diversity",
    title="Shadow",
    summary="Shadow",
    package="heirloom_faults",
    methods=(_method("burn"),),
)
