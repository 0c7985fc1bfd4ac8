"""The stories every framework has to tell alike, and the callers who live them.

A story is a scenario of the demonstration: who says what, what goes wrong, how it must end. Each
caller has a number of his own, which says what his story is, so that many can call one bot at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from escalate.demo.scenarios import PHONE_NUMBER, SCENARIOS, SIP_ADDRESS, Must, Scenario, When
from escalate.demo.transcripts import conversation

# How much later a caller begins to speak than in the demonstration, where he is alone: so that the
# bot has greeted him even on a machine that is busy with all of these calls at once.
_LATER_S: Final = 2.1


def _patient(story: Scenario) -> Scenario:
    lines = [replace(line, at=line.at + _LATER_S) for line in story.lines if line.stream == 1]
    return replace(story, lines=lines)


# One phone rings out and the other is engaged, which takes half the time of two that ring out.
_NOBODY: Final = replace(
    SCENARIOS["no-answer"],
    phones={**SCENARIOS["no-answer"].phones, PHONE_NUMBER: {"busy": True}},
    over=When("heard.started", source="bot", since="leg.ended"),
    must=Must("returned", "bot", attempts=(("support", 3000), ("duty-phone", 3010))),
)
_RETRACTION: Final = replace(
    SCENARIOS["bridged"],
    name="retraction",
    description="the caller changes his mind while he is told that he is being connected",
    lines=conversation([(0.9, "a human please"), (0.3, "never mind")]),
    # Longer than the announcement would have lasted, and the Dial after it.
    over=When("caller.says", nth=2),
    watch_s=5.0,
    must=Must("with_bot", "bot"),
)

# The first human declines earlier, so that the caller goes on when he has been told for certain.
_NOBODY_ACCEPTS: Final = replace(
    SCENARIOS["warm-nobody"],
    phones={
        **SCENARIOS["warm-nobody"].phones,
        SIP_ADDRESS: {**SCENARIOS["warm-nobody"].phones[SIP_ADDRESS], "reacts_after_s": 1.0},
    },
)

STORIES: Final[Mapping[str, Scenario]] = {
    story.name: _patient(story)
    for story in (
        SCENARIOS["bridged"],
        SCENARIOS["sip-auth-failed"],
        _NOBODY,
        _RETRACTION,
        SCENARIOS["caller-hangs-up"],
        SCENARIOS["goodbye"],
        SCENARIOS["not-wanted"],
        SCENARIOS["warm-declined"],
        _NOBODY_ACCEPTS,
        SCENARIOS["warm-caller-hangs-up"],
    )
}

_PREFIX: Final = "1415556"


def number_of(name: str, nth: int = 0) -> str:
    """The number from which the `nth` caller with this story calls."""
    return f"{_PREFIX}{list(STORIES).index(name):02}{nth:02}"


def story_of(number: str) -> Scenario:
    """The story of whoever calls from this number."""
    return list(STORIES.values())[int(number.removeprefix(_PREFIX)[:2])]
