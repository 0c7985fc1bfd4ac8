"""Whether what is written on the pages can be read, by the rules of WCAG 2.2 (1.4.3)."""

from __future__ import annotations

import re

import pytest

from escalate.page import look

LIGHT, DARK = re.findall(r":root \{(.*?)\}", look(), re.DOTALL)
PARTIES = ("caller", "bot", "plivo", "human", "app")
PAIRS = [
    *((ink, paper) for ink in ("ink", "quiet", "strong", "trouble") for paper in ("paper", "card")),
    *((party, under) for party in PARTIES for under in ("card", f"{party}-soft")),
    *(("ink", f"{party}-soft") for party in PARTIES),
    *(("lit-ink", "lit"), ("card", "strong"), ("good", "card"), ("quiet", "good-soft")),
]


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("scheme", "block"), [("light", LIGHT), ("dark", DARK)])
def test_text_stands_out_from_what_it_is_written_on(scheme: str, block: str) -> None:
    """At least 4.5 to 1, in both colour schemes."""
    found = colours(block)
    weak = {
        pair: round(contrast(found[pair[0]], found[pair[1]]), 2)
        for pair in PAIRS
        if contrast(found[pair[0]], found[pair[1]]) < 4.5
    }
    assert {} == weak
