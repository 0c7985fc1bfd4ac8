"""Runs a bot file whose ears know which call they hear: several callers at once, one bot.

Each caller's story also says how he is handed over: one deployment plays cold and warm.

    python -m tests.parity.launcher examples/livekit_agent.py --port 7860

What is said in a call is looked up by the caller's number and by how often he has been streamed to
a bot, both in the carrier's log. So it does not matter which process the call has come to.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar
from dataclasses import replace
from functools import cache
from typing import Any

import httpx

from escalate import LiveCall, Switchboard
from escalate.demo import bookshop, launch, transcripts
from escalate.demo.bookshop import Reply
from escalate.demo.scenarios import Scenario
from escalate.demo.transcripts import Line
from escalate.transfer import Mode, Strategy
from escalate.transfer.events import Requested
from tests.parity.stories import story_of

_call: ContextVar[tuple[str, str]] = ContextVar("_call")


def note_each_call() -> None:
    """Let whatever works for a call know its id: both frameworks begin their tasks after this."""
    make = Switchboard.call

    def call(board: Switchboard, call_uuid: str) -> LiveCall:
        _call.set((board.settings.plivo_api, call_uuid))
        return make(board, call_uuid)

    setattr(Switchboard, "call", call)  # noqa: B010


def lines_of_this_call() -> list[Line]:
    """What the caller says in the stream that has just been opened."""
    carrier, call_uuid = _call.get()
    opened = [event for event in _events(carrier, call_uuid) if event["kind"] == "stream.opened"]
    return [line for line in _story(carrier, call_uuid).lines if line.stream == len(opened)]


def hand_over_by_the_story() -> None:
    """Let the story of a caller who asks say whether humans are asked first, and all at once."""
    make = Switchboard.request

    def request(board: Switchboard, *about: Any, **more: Any) -> Requested:
        event = make(board, *about, **more)
        # The web side prepares for a bot that is lost; nobody has asked there.
        if not more.get("bot_left", True):
            return event
        story = _story(*_call.get())
        mode = Mode.WARM if story.warm else Mode.COLD
        return replace(event, mode=mode, together=story.strategy is Strategy.PARALLEL)

    setattr(Switchboard, "request", request)  # noqa: B010


@cache
def _story(carrier: str, call_uuid: str) -> Scenario:
    events = _events(carrier, call_uuid)
    return story_of(next(event["from"] for event in events if event["kind"] == "call.started"))


def _events(carrier: str, call_uuid: str) -> list[dict[str, Any]]:
    reply = httpx.get(f"{carrier}/emulator/log", params={"call": call_uuid}, trust_env=False)
    return list(reply.json()["events"])


def greet_briefly() -> None:
    """Let the bot have said hello, and be done, before a patient caller speaks."""
    setattr(bookshop, "GREETING", Reply("Hello!"))  # noqa: B010


if __name__ == "__main__":
    note_each_call()
    hand_over_by_the_story()
    greet_briefly()
    setattr(transcripts, "script_from_env", lambda: lines_of_this_call)  # noqa: B010
    launch.main(sys.argv[1:])
