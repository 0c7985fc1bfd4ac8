"""How a run of the tests uses the machine."""

from __future__ import annotations

import itertools
import os
from typing import Any, Final

import pytest

from tests import nursery, ports, voices

# Their tests mostly wait for calls that are played in real time.
_PLAYED: Final = ("sip", "parity", "page", "demo", "calls")
# Those play several at a time, and last longest.
_PLAYED_TOGETHER: Final = ("/parity/", "/page/", "::test_every_")
# How long others take, in hundredths of a second; those that are not here take two.
_TAKE: Final = {
    "pipecat_adapter": 90,
    "livekit_adapter": 60,
    "transfer": 50,
    "simulation": 70,
    "emulator": 25,
    "detect": 20,
    "store": 20,
    "web": 20,
    "doctor": 15,
    "handoff": 10,
    "stories": 10,
}
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
    voices.hurry()
    if hasattr(config, "workerinput"):
        os.nice(10)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Workers play a few calls at any time, and compute beside them."""
    if hasattr(config, "workerinput"):
        played = _spread([item for item in items if _folder(item) in _PLAYED])
        others = [item for item in items if _folder(item) not in _PLAYED]
        ends = list(itertools.accumulate(_TAKE.get(_folder(item), 2) for item in others))
        pause = _LAST_CALL * ends[-1] / max(1, len(played)) if ends else 0
        place = {item: pause * nth for nth, item in enumerate(played)}
        place.update(zip(others, ends, strict=True))
        items.sort(key=place.__getitem__)


def _spread(played: list[pytest.Item]) -> list[pytest.Item]:
    """What plays several calls at a time comes early, but never all at once."""
    together = [item for item in played if any(part in item.nodeid for part in _PLAYED_TOGETHER)]
    alone = [item for item in played if item not in together]
    place = {item: _LAST_CALL * nth / len(together) for nth, item in enumerate(together)}
    place.update({item: nth / len(alone) for nth, item in enumerate(alone)})
    return sorted(played, key=place.__getitem__)


def _folder(item: pytest.Item) -> str:
    return item.path.parent.name
