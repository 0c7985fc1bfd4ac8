"""Language tags: "pt-BR", "cmn-Hans-CN" and what they have in common."""

from __future__ import annotations

from typing import Final

# Names that carriers, recognisers and voices have for a language that we know by two letters.
_SAME: Final = {"cmn": "zh", "yue": "zh", "arb": "ar", "nb": "no", "nn": "no", "in": "id"}


def base_of(language: str) -> str:
    """Return the language of a tag without region or script, in lower case: "cmn-CN" is "zh"."""
    base = language.replace("_", "-").partition("-")[0].lower()
    return _SAME.get(base, base)
