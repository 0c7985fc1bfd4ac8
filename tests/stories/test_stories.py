"""Every story comes out right; without what it depends on it does not."""

from __future__ import annotations

import pytest

from . import bots, humans, outcomes, rooms, unreported
from .telling import STORIES

TOLD_IN = (bots, humans, outcomes, rooms, unreported)


@pytest.mark.parametrize("name", STORIES)
def test_it_comes_out_right(name: str) -> None:
    """As its own assertions say."""
    STORIES[name].play()


@pytest.mark.parametrize("name", STORIES)
def test_its_twin_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same story on a product that lacks what it is about."""
    STORIES[name].twin(monkeypatch)
    with pytest.raises(AssertionError):
        STORIES[name].play()
