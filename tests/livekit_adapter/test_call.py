"""Whole calls: a real session on a real media socket, a carrier that keeps its own log."""

from __future__ import annotations

import io
import wave
from array import array

import pytest
from livekit.agents import CloseEvent

from escalate import Outcome
from escalate.livekit import EscalationTools, mulaw
from escalate.transfer import State
from tests.desk import ANNOUNCEMENT, ASKS, HUMAN, RECONNECTED, RETURNING, UNAVAILABLE

from .bench import YES, Clerk, Desk, length_ms, tone

GREETING = "Hello, how can I help you today?"


async def bridged(desk: Desk, call_uuid: str) -> bool:
    """Whether a human was reached, and caller and human were left to talk."""
    await desk.plivo.wait_for("leg.bridged", call_uuid)
    summary = await desk.plivo.summary(call_uuid)
    return summary["bridged_with"] is not None and summary["state"] == "in-progress"


async def bot_was_heard_ms(desk: Desk, call_uuid: str) -> int:
    """How much of the bot's voice reached the caller's ear."""
    events = await desk.plivo.events(call_uuid)
    return sum(e["ms"] for e in events if e["kind"] == "heard.ended" and e["source"] == "bot")


async def heard(desk: Desk, call_uuid: str) -> array[int]:
    """Every sample that reached the caller's ear and was not silence, in order."""
    recording = io.BytesIO(await desk.plivo.heard(call_uuid))
    with wave.open(recording) as file:
        samples = array("h", file.readframes(file.getnframes()))
    return array("h", filter(None, samples))


def spoken(text: str) -> array[int]:
    """What the voice makes of a text, as it sounds on the telephone."""
    return array("h", mulaw.decode(mulaw.encode(tone(text))))


@pytest.mark.parametrize("foreign", [False, True])
async def test_a_caller_who_asks_is_bridged_and_the_session_has_gone(
    desk: Desk, foreign: bool
) -> None:
    """He hears the announcement to its end and talks to a human; the LLM was never asked."""
    call_uuid, talk = await desk.call(foreign=foreign)
    talk.ears.hear(ASKS)

    assert await bridged(desk, call_uuid)
    await talk.ended()
    closed = await desk.plivo.wait_for("stream.closed", call_uuid)
    assert 0 == closed["unplayed_ms"]
    sound = spoken(ANNOUNCEMENT)
    assert sound == (await heard(desk, call_uuid))[: len(sound)]
    heard_ms = await bot_was_heard_ms(desk, call_uuid)
    began = await desk.plivo.wait_for("heard.started", call_uuid, source="bot")
    assert closed["at"] - began["at"] < heard_ms / 1000 + 0.8, "and nobody waits longer than that"
    assert [ANNOUNCEMENT] == talk.voice.said
    assert 0 == await desk.hang_ups(call_uuid)


class Hasty(EscalationTools):
    """Sabotage: what was sent counts as heard."""

    async def announce(self, text: str) -> None:
        self._speech.say(text, over_the_caller=True)


async def test_a_bot_that_does_not_wait_cuts_the_announcement(desk: Desk) -> None:
    """Red twin: the carrier's log tells a whole announcement from one that is cut."""
    desk.bot.desk = Hasty
    call_uuid, talk = await desk.call()
    talk.ears.hear(ASKS)

    assert await bridged(desk, call_uuid)
    assert await bot_was_heard_ms(desk, call_uuid) < length_ms(ANNOUNCEMENT) - 100
    sound = spoken(ANNOUNCEMENT)
    assert sound != (await heard(desk, call_uuid))[: len(sound)]


class Finisher(EscalationTools):
    """Sabotage: whatever closes the session hangs up, as other bridges to Plivo do."""

    def attach(self, session: object) -> None:
        super().attach(session)  # type: ignore[arg-type]
        exchange = self._call._exchange
        call_uuid = self._call.call_uuid

        def closed(_: CloseEvent) -> None:
            exchange.spawn(exchange.plivo.hang_up(call_uuid))

        assert self._session is not None
        self._session.on("close", closed)


async def test_a_bot_that_hangs_up_when_its_session_closes_loses_the_caller(desk: Desk) -> None:
    """Red twin: the hazard is real, and the carrier's log shows it."""
    desk.bot.desk = Finisher
    call_uuid, talk = await desk.call()
    talk.ears.hear(ASKS)

    ended = await desk.plivo.wait_for("call.ended", call_uuid)
    assert "API Request" == ended["source"]


async def test_nobody_answers_so_the_bot_goes_on_without_a_second_greeting(desk: Desk) -> None:
    """He hears that nobody is free, and the LLM knows what was said before."""
    desk.bot.agent = lambda: Clerk(GREETING)
    await desk.plivo.phones({HUMAN: {"busy": True}})
    call_uuid, talk = await desk.call()
    await talk.says(GREETING)
    talk.ears.hear(ASKS)

    again = await desk.talk(2)
    await again.says(RETURNING)
    again.ears.hear("where is my parcel")
    await again.says(YES)
    assert GREETING not in again.voice.said
    assert [ASKS, "where is my parcel"] == again.remembered("user")
    assert Outcome.RETURNED == await desk.outcome(call_uuid)


async def test_a_broken_socket_gives_the_caller_the_bot_back(desk: Desk) -> None:
    """The next session tells him that the line was cut, and the call is not over."""
    desk.bot.agent = lambda: Clerk(GREETING)
    call_uuid, talk = await desk.call()
    await talk.says(GREETING)
    await desk.plivo.drop_stream(call_uuid)

    again = await desk.talk(2)
    await again.says(RECONNECTED)
    await talk.ended()
    assert GREETING not in again.voice.said
    assert not (await desk.stored(call_uuid, lambda call: call.stream == 2)).over


async def test_a_refused_move_leaves_the_caller_with_the_bot(desk: Desk) -> None:
    """He is told, the bot speaks again, and its LLM has the words it missed."""
    await desk.plivo.faults({"match": {"kind": "rest", "method": "POST"}, "do": "status:400"})
    _, talk = await desk.call(foreign=True)
    talk.ears.hear(ASKS)
    await talk.says(UNAVAILABLE)
    talk.ears.hear("where is my parcel")
    await talk.says(YES)

    assert [ASKS, "where is my parcel"] == talk.remembered("user")


async def test_the_bot_knows_what_it_missed_before_the_caller_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """His request is in the LLM's context as soon as his turn cannot bring it there any more."""
    monkeypatch.setattr("escalate.livekit.history._TURN_S", 0.0)
    await desk.plivo.faults({"match": {"kind": "rest", "method": "POST"}, "do": "status:400"})
    _, talk = await desk.call(foreign=True)
    talk.ears.hear(ASKS)
    await talk.says(UNAVAILABLE)

    assert [ASKS] == talk.remembered("user")


async def test_the_caller_hangs_up_while_the_human_is_fetched(desk: Desk) -> None:
    """The human's phone stops ringing, and the session ends by itself."""
    await desk.plivo.phones({HUMAN: {"answers_after_s": None}})
    call_uuid, talk = await desk.call()
    talk.ears.hear(ASKS)
    await desk.plivo.wait_for("leg.ringing", call_uuid)
    await desk.plivo.hang_up(call_uuid)

    await desk.plivo.wait_for("leg.ended", call_uuid)
    await talk.ended()
    assert Outcome.CALLER_LEFT == await desk.outcome(call_uuid)


async def test_a_key_asks_for_a_human(desk: Desk) -> None:
    """Keys come over the media socket."""
    call_uuid, _ = await desk.call()
    await desk.plivo.press(call_uuid, "0")

    assert await bridged(desk, call_uuid)


WARM = {
    "handoff": {"mode": "warm"},
    "caller_id": "14155550100",
    "say": {
        "consulting": "I am calling somebody.",
        "joining": "Here he is.",
        "returning": RETURNING,
    },
}


@pytest.mark.parametrize("desk", [WARM], indirect=True)
async def test_in_a_warm_handoff_the_bot_talks_on_until_a_human_accepts(desk: Desk) -> None:
    """The human hears the briefing and accepts; only then is the caller moved to him."""
    await desk.plivo.phones({HUMAN: {"answers_after_s": 0.8, "presses": "1"}})
    call_uuid, talk = await desk.call()
    talk.ears.hear(ASKS)
    await talk.until(lambda: "I am calling somebody." in talk.said("assistant"))
    talk.ears.hear("where is my parcel")
    await talk.says(YES)
    await talk.says("Here he is.")

    await talk.ended()
    await desk.stored(
        call_uuid, lambda call: call.escalation and call.escalation.state is State.CONNECTED
    )
    assert "in-progress" == (await desk.plivo.summary(call_uuid))["state"]
    assert 0 == await desk.hang_ups(call_uuid)
