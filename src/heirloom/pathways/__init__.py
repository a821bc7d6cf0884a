"""Pathways: families of methods, how they declare themselves, and how they are run, measured and recorded.

Importing this package imports no numerical library and no method; see :mod:`heirloom.pathways.registry`.
"""

from heirloom.pathways.face import (
    Choice,
    CostHint,
    Input,
    Method,
    Output,
    Param,
    Pathway,
    Reference,
    Resource,
)

__all__ = ["Choice", "CostHint", "Input", "Method", "Output", "Param", "Pathway", "Reference", "Resource"]
