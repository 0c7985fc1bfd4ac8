"""Two people have talked, and what the carrier reported of it is lost."""

from __future__ import annotations

import httpx

from escalate import News, Step
from escalate.emulator.phones import Phone
from escalate.emulator.virtual import Answered, Application, Asked
from escalate.values import Outcome, Reason
from escalate.web import callers

from .house import ANSWERS, NEVER, PHONE, SIP, play
from .telling import story, without

TOGETHER = {"strategy": "parallel"}


async def no_reports(asked: Asked, answer: Application) -> Answered:
    """Nothing is heard of the legs of a Dial but its end."""
    if asked.url.endswith("/progress"):
        raise httpx.ConnectError("lost on the way")
    return await answer(asked)


@story(
    "all phones ring at once, and nobody tells which was answered",
    twin=without(callers, "_talked", lambda _, first: (first, True)),
)
def nobody_is_named_of_whom_it_is_not_known_that_he_was_on() -> None:
    """They have talked, which is all we know; nobody is said to have failed either."""
    news: list[News] = []
    told = play(
        {SIP: NEVER, PHONE: ANSWERS},
        handoff=TOGETHER,
        network=no_reports,
        board={"on_news": lambda _, one: news.append(one)},
    )

    told.nobody_is_worse_off()
    assert (Outcome.CONNECTED, None) == told.ending
    assert [("support", Reason.UNKNOWN), ("duty", Reason.UNKNOWN)] == told.reasons
    assert [Step.OPENED, Step.CALLED, Step.CALLED, Step.ENDED] == [one.step for one in news]


async def only_ends(asked: Asked, answer: Application) -> Answered:
    """Of the reports about a Dial only those arrive that a leg has ended."""
    if asked.url.endswith("/progress") and asked.form["DialAction"] != "hangup":
        raise httpx.ConnectError("lost on the way")
    return await answer(asked)


@story(
    "all phones ring at once, and one is known to have failed",
    twin=without(callers, "_talked", lambda _, first: (first, True)),
)
def whoever_is_left_was_on() -> None:
    """The other's phone is known to be busy."""
    told = play({SIP: Phone(busy=True), PHONE: ANSWERS}, handoff=TOGETHER, network=only_ends)

    told.nobody_is_worse_off()
    assert (Outcome.CONNECTED, "duty") == told.ending
