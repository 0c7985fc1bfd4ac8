"""Runs a bot whose ears know which call they hear, so that scenarios can be played at once.

    python -m tests.demo.ears examples/pipecat_bot.py --port 7860

A caller's number says which scenario he plays.
"""

from __future__ import annotations

import sys
from typing import Final

from escalate.demo import launch, transcripts
from escalate.demo.scenarios import SCENARIOS, Scenario
from tests.parity import launcher

_PREFIX: Final = "1415557"


def number_of(name: str) -> str:
    """The number from which a scenario's caller calls."""
    return f"{_PREFIX}{list(SCENARIOS).index(name):04}"


def scenario_of(number: str) -> Scenario:
    """The scenario of whoever calls from this number."""
    return list(SCENARIOS.values())[int(number.removeprefix(_PREFIX))]


if __name__ == "__main__":
    launcher.note_each_call()
    setattr(launcher, "story_of", scenario_of)  # noqa: B010
    setattr(transcripts, "script_from_env", lambda: launcher.lines_of_this_call)  # noqa: B010
    launch.main(sys.argv[1:])
