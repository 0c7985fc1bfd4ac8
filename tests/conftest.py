"""How a run of the tests uses the machine."""

from __future__ import annotations

import os
from typing import Any, Final

import pytest

from tests import nursery, ports, voices

# Their tests mostly wait for calls that are played in real time.
_PLAYED: Final = ("sip", "parity", "page", "demo", "calls")
# Those play several at a time, and last longest.
_PLAYED_TOGETHER: Final = ("/parity/", "/page/", "::test_every_")
# The part of the plays in which those begin.
_EARLY: Final = 0.8
# Where the others stand behind them: those that wait, too, though not for long, come first, and
# last those that compute for seconds, as they are begun from the end.
_PLACES: Final = {
    **dict.fromkeys(_PLAYED, 0),
    **dict.fromkeys(("pipecat_adapter", "livekit_adapter", "emulator"), 1),
    **dict.fromkeys(("detect", "handoff", "transfer"), 3),
}
_ELSEWHERE: Final = 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config, specs: list[Any]) -> None:
    """The workers of a run are forks of a process that has collected its tests."""
    python = nursery.python_that_collected(config.args)
    for spec in specs:
        spec.python = python


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Some workers play calls, others compute meanwhile."""
    from tests.scheduling import FromBothEnds

    return FromBothEnds(config, log) if config.getvalue("dist") == "load" else None


def pytest_configure(config: pytest.Config) -> None:
    """What plays calls in real time goes before what only computes."""
    ports.take_share()
    voices.hurry()
    if hasattr(config, "workerinput"):
        os.nice(10)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put what is played first, where the workers are that play."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _PLACES.get(_folder(item), _ELSEWHERE))
        played = [item for item in items if _folder(item) in _PLAYED]
        items[: len(played)] = _spread(played)


def _spread(played: list[pytest.Item]) -> list[pytest.Item]:
    """What plays several calls at a time comes early, but never all at once."""
    together = [item for item in played if any(part in item.nodeid for part in _PLAYED_TOGETHER)]
    alone = [item for item in played if item not in together]
    place = {item: _EARLY * nth / len(together) for nth, item in enumerate(together)}
    place.update({item: nth / len(alone) for nth, item in enumerate(alone)})
    return sorted(played, key=place.__getitem__)


def _folder(item: pytest.Item) -> str:
    return item.path.parent.name
