"""How a run of the tests uses the machine."""

from __future__ import annotations

import os
from typing import Any, Final

import pytest

from tests import nursery, ports

# Their tests mostly wait for calls that are played in real time; those with the longest first.
_PLAYED: Final = ("sip", "parity", "page", "demo", "calls")
# What computes longest, so that nobody waits for it in the end.
_LONG: Final = "transfer"
# The last calls begin when so much of the rest is done.
_LAST_CALL: Final = 0.8


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config, specs: list[Any]) -> None:
    """The workers of a run are forks of a process that has collected its tests."""
    python = nursery.python_that_collected(config.args)
    for spec in specs:
        spec.python = python


def pytest_configure(config: pytest.Config) -> None:
    """What plays calls in real time goes before what only computes."""
    ports.take_share()
    if hasattr(config, "workerinput"):
        os.nice(5)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Workers play a few calls at any time, and compute beside them."""
    if hasattr(config, "workerinput"):
        played = [item for folder in _PLAYED for item in items if _folder(item) == folder]
        others = [item for item in items if _folder(item) not in _PLAYED]
        others.sort(key=lambda item: _folder(item) != _LONG)
        pause = _LAST_CALL * len(others) / max(1, len(played))
        place = {item: pause * nth for nth, item in enumerate(played)}
        place.update({item: nth for nth, item in enumerate(others)})
        items.sort(key=place.__getitem__)


def _folder(item: pytest.Item) -> str:
    return item.path.parent.name
