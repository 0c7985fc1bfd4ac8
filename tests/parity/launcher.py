"""Runs a bot file whose ears know which call they hear: several callers at once, one bot.

    python -m tests.parity.launcher examples/livekit_agent.py --port 7860

What is said in a call is looked up by the caller's number and by how often he has been streamed to
a bot, both in the carrier's log. So it does not matter which process the call has come to.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar

import httpx

from escalate import LiveCall, Switchboard
from escalate.demo import bookshop, launch, transcripts
from escalate.demo.bookshop import Reply
from escalate.demo.transcripts import Line
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
    reply = httpx.get(f"{carrier}/emulator/log", params={"call": call_uuid}, trust_env=False)
    events = reply.json()["events"]
    caller = next(event["from"] for event in events if event["kind"] == "call.started")
    stream = sum(event["kind"] == "stream.opened" for event in events)
    return [line for line in story_of(caller).lines if line.stream == stream]


def greet_briefly() -> None:
    """Let the bot have said hello, and be done, before a patient caller speaks."""
    setattr(bookshop, "GREETING", Reply("Hello!"))  # noqa: B010


if __name__ == "__main__":
    note_each_call()
    greet_briefly()
    setattr(transcripts, "script_from_env", lambda: lines_of_this_call)  # noqa: B010
    launch.main(sys.argv[1:])
