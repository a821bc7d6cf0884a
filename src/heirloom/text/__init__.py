"""TODO-PART."""

from heirloom.text.languages import canonical, fallback_chain
from heirloom.text.translated import InvalidTranslated, Text, Translated

__all__ = ["InvalidTranslated", "Text", "Translated", "canonical", "fallback_chain"]
