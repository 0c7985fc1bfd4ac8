"""What callers say, in many voices: written for these tests, a line for a turn."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from escalate.detect import wants_human

HERE = Path(__file__).parent


def heard(text: str) -> str:
    """Return `text` as a recogniser without punctuation hands it over."""
    return "".join(c for c in text.lower() if c.isalnum() or c in " '")


def lines(name: str) -> list[str]:
    """Return the lines of a file beside this one."""
    return (HERE / name).read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(("name", "asks"), [("asks.txt", True), ("asks_not.txt", False)])
def test_each_line_is_understood(name: str, asks: bool) -> None:
    """Written and as it is heard, a line means the same."""
    said = lines(name)
    assert 200 < len(said)
    assert [] == [line for line in said if wants_human(line) is not asks]
    assert [] == [line for line in said if wants_human(heard(line)) is not asks]


def test_courtesies_change_nothing() -> None:
    """A turn that holds no request holds none behind a courtesy either."""
    openings = itertools.cycle(["um", "good morning", "good afternoon", "yes", "sorry"])
    turns = (f"{next(openings)} {heard(line)}" for line in lines("asks_not.txt") * 2)
    assert [] == [turn for turn in turns if wants_human(turn)]
