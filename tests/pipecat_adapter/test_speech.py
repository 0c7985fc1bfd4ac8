"""A bot whose model hears the caller and speaks by itself: nothing passes an STT service."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from pipecat.frames.frames import InputAudioRawFrame, LLMFullResponseEndFrame

from escalate.demo.bookshop import Reply
from escalate.values import Party, Trigger
from tests.desk import ANNOUNCEMENT, ASKS, HUMAN, RETURNING

from .bench import Desk, Talk, greets_by_model, spoken_ms
from .provider import TURN_S, Provider, providing
from .test_quiet_bot import PACKET_MS
from .test_tool import CALLS_TOOL, escalations

ANSWER = "Yes of course."
LONG = " ".join(["word"] * 40)


@pytest_asyncio.fixture(loop_scope="session")
async def provider(desk: Desk) -> AsyncIterator[Provider]:
    """The provider of the model that the desk's bots have."""
    async with providing() as provider:
        desk.bot.model = provider.service
        desk.bot.greets = greets_by_model
        yield provider


async def greeted(desk: Desk, *, foreign: bool = False) -> tuple[str, Talk]:
    """Let somebody call, and hear the greeting out."""
    call_uuid, talk = await desk.call(foreign=foreign)
    await talk.tape.until(
        lambda: talk.tape.pushed(LLMFullResponseEndFrame, by=talk.transport.output())
    )
    assert talk.line.played_ms() > 0
    return call_uuid, talk


async def test_a_caller_who_asks_the_model_is_bridged(desk: Desk, provider: Provider) -> None:
    """His words come up from the model; of its answer he hears nothing, of ours everything."""
    call_uuid, talk = await greeted(desk)
    provider.caller_says(ASKS)
    await desk.plivo.wait_for("leg.bridged", call_uuid)

    assert [ANNOUNCEMENT] == talk.voice.said
    assert 0 <= answering(talk) - spoken_ms(ANNOUNCEMENT) <= PACKET_MS
    assert 0 == await desk.hang_ups(call_uuid)


async def test_the_model_hears_nothing_while_a_human_is_fetched(
    desk: Desk, provider: Provider
) -> None:
    """Else it would answer, and might call a function, for a caller who waits for a human."""
    call_uuid, talk = await greeted(desk, foreign=True)
    await desk.plivo.faults({"match": {"kind": "rest", "method": "POST"}, "do": "delay:1.5"})
    provider.caller_says(ASKS)
    await talk.says(ANNOUNCEMENT)
    provider.caller_says("hello, are you there")
    before_s = spoken_s(talk)
    await talk.tape.until(lambda: spoken_s(talk) > before_s + 2 * TURN_S)
    await desk.plivo.wait_for("leg.bridged", call_uuid)

    assert ["", ASKS] == provider.heard


async def test_what_the_model_still_says_is_not_heard(desk: Desk, provider: Provider) -> None:
    """It cannot be stopped by an interruption: its response goes on, and ends behind it."""
    provider.replies["shop"] = Reply(LONG)
    call_uuid, talk = await greeted(desk)
    provider.goes_on.clear()
    provider.caller_says("tell me about the shop")
    await talk.tape.until(lambda: talk.line.clears and answering(talk) > 0)
    await desk.plivo.press(call_uuid, "0")
    await talk.says(ANNOUNCEMENT)
    provider.goes_on.set()
    await desk.plivo.wait_for("leg.bridged", call_uuid)

    assert 0 <= answering(talk) - spoken_ms(ANNOUNCEMENT) <= PACKET_MS


async def test_the_model_speaks_with_its_own_voice_alone(desk: Desk, provider: Provider) -> None:
    """The TTS service that stands there for us does not say its words again; all are remembered."""
    call_uuid, talk = await greeted(desk)
    provider.caller_says("good morning")
    await provider.until(lambda: "good morning" in provider.heard)
    await talk.tape.until(lambda: len(talk.remembered("assistant")) == 2)
    await talk.settle()

    assert [] == talk.voice.said
    assert [ANSWER, ANSWER] == [said.strip() for said in talk.remembered("assistant")]
    said = await desk.board.store.words(call_uuid)
    assert (Party.CALLER, "good morning") in [(one.party, one.text) for one in said]


async def test_the_model_asks_by_its_tool(desk: Desk, provider: Provider) -> None:
    """The session was set up with it, and its result runs the model no more."""
    provider.replies["charged twice"] = CALLS_TOOL
    call_uuid, talk = await greeted(desk)
    provider.caller_says("I was charged twice")

    assert [Trigger.TOOL] == await escalations(desk, call_uuid)
    assert ["", "I was charged twice"] == provider.heard
    assert [ANNOUNCEMENT] == talk.voice.said


async def test_a_caller_who_comes_back_is_not_greeted_again(desk: Desk, provider: Provider) -> None:
    """The new session is set up with what was said; its greeting stays in, and its answers not."""
    await desk.plivo.phones({HUMAN: {"busy": True}})
    await greeted(desk)
    provider.caller_says(ASKS)
    again = await desk.talk(2)
    await again.says(RETURNING)
    await again.tape.until(lambda: again.tape.pushed(LLMFullResponseEndFrame, by=again.model))
    await again.settle()
    greeting = again.line.played_ms()
    provider.caller_says("then where is my parcel")
    await provider.until(lambda: "then where is my parcel" in provider.heard)
    await again.tape.until(lambda: again.line.played_ms() > greeting)

    assert 0 <= greeting - spoken_ms(RETURNING) <= PACKET_MS
    given = [part["text"] for item in provider.items for part in item["content"]]
    assert any(ASKS in text for text in given)


def spoken_s(talk: Talk) -> float:
    """How much of the caller's voice has come as far as the gate."""
    return sum(
        piece.num_frames / piece.sample_rate
        for piece in talk.tape.pushed(InputAudioRawFrame, by=talk.pair.user())
        if isinstance(piece, InputAudioRawFrame)
    )


def answering(talk: Talk) -> int:
    """How much was sent to the caller since he last interrupted the bot, in milliseconds."""
    return talk.line.played_ms(after_clear=talk.line.clears)
