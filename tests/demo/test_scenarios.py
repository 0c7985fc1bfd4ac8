"""Every scenario with real processes, and its twin without the one thing that makes it work."""

from __future__ import annotations

from array import array
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

pytest.importorskip("pipecat")
pytest.importorskip("trustme")

from escalate.demo.bookshop import GREETING
from escalate.demo.processes import StageError
from escalate.demo.record import Event
from escalate.demo.scenarios import PHONE_NUMBER, SCENARIOS, SIP_ADDRESS, When
from escalate.demo.speech import speak
from escalate.demo.stage import Stage
from escalate.handoff import Line, read_headers
from escalate.plivo.causes import HangupSource
from escalate.settings import Say
from escalate.values import Outcome, Trigger
from tests.demo.plays import (
    Played,
    amount,
    context_that_arrived,
    ending_of,
    heard_between,
    likeness,
    must_be_right,
    play,
    play_together,
    scenario,
    spoken_by_bot,
)

DIALED = When("leg.dialed")
BACK_WITH_BOT = When("stream.opened", nth=2)
# Less than any other sentence would add, more than mu-law and the edges of a sound make of it.
TOLERANCE = 0.15
BUSY = {SIP_ADDRESS: {"busy": True}, PHONE_NUMBER: {"busy": True}}


async def announcement(language: str | None = None) -> int:
    """How much there is to hear of the announcement in a language, or in the configured one."""
    text = Say().text(Line.CONNECTING, language=language)
    return amount(array("h", await speak(text, 8000)))


def told(played: Played) -> int:
    """How much he heard between his request and the bot's leaving, once the bot was silenced."""
    asked = next(event for event in played.events if event["kind"] == "caller.says")
    left = next(event["at"] for event in played.events if event["kind"] == "stream.closed")
    silenced = [event["at"] for event in played.events if event["kind"] == "stream.cleared"]
    since = max(asked["at"] + asked["seconds"], *(at for at in silenced if at < left))
    return amount(heard_between(played, since, left))


# --- bridged --------------------------------------------------------------------------------------


async def a_caller_who_asks_hears_the_announcement_out_and_is_connected(played: Played) -> None:
    """The announcement is heard whole, the endpoint's digest is answered, the bridge outlasts."""
    assert pytest.approx(await announcement(), rel=TOLERANCE) == told(played)
    assert 407 in [event.get("scheme") for event in played.events]
    assert not [event for event in played.events if event["kind"] == "rest"]
    assert "Request: a human please." == context_that_arrived(played).summary


async def test_a_bot_that_does_not_wait_for_the_announcement_cuts_it() -> None:
    """Twin of bridged: the caller is moved without having heard what happens to him."""
    hasty = scenario("bridged", over=DIALED, watch_s=0.2)
    played = await play(hasty, sabotage="announcement-not-awaited")

    assert "the announcement was not heard to its end" in played.unmet
    assert () != played.result["attempts"]


async def test_a_bot_without_the_gate_talks_over_the_handover() -> None:
    """Twin: the model's own answer follows the announcement, and the caller has to hear it out."""
    asks = scenario("sip-auth-failed", over=DIALED, watch_s=0.2)
    played = await play(asks, sabotage="gate-left-open")

    assert (1 + TOLERANCE) * await announcement() < told(played)


# --- another destination, or none -----------------------------------------------------------------


async def refused_credentials_lead_to_the_phone_number(played: Played) -> None:
    """4240 of the first destination is followed by a Dial of the second; the bot stayed quiet."""
    result = played.result
    assert ["sip_auth_failed", None] == [attempt["cause"] for attempt in result["attempts"]]
    assert pytest.approx(await announcement(), rel=TOLERANCE) == told(played)


async def test_without_a_second_destination_refused_credentials_end_with_the_bot() -> None:
    """Twin of sip-auth-failed: there is nobody left to call."""
    refused = scenario("sip-auth-failed", over=BACK_WITH_BOT, watch_s=0.2)
    played = await play(refused, sabotage="one-destination")

    assert "returned" == played.result["outcome"]
    assert "sip_auth_failed" == played.result["reason"]
    assert played.result["destination"] is None


async def when_nobody_answers_the_bot_goes_on_where_it_was(played: Played) -> None:
    """Both phones ring out, the caller is told, is not greeted again, and is answered."""
    assert "no_answer" == played.result["reason"]
    assert not await was_greeted_again(played)
    assert Outcome.RETURNED == ending_of(played)


async def test_a_bot_that_takes_everybody_for_new_greets_twice() -> None:
    """Twin of no-answer: the caller who comes back hears the greeting again."""
    first_words = When("heard.ended", source="bot", since="leg.ended")
    busy = scenario("no-answer", phones=BUSY, over=first_words, watch_s=0.1)
    played = await play(busy, sabotage="everybody-is-new")

    assert await was_greeted_again(played)


async def was_greeted_again(played: Played) -> bool:
    """Whether the bot began its second stream as with a new caller, by what he heard."""
    kinds = [e["kind"] for e in played.events if e.get("source", "bot") == "bot"]
    # By the order of events: on a machine that lags the sound falls behind the clock.
    streams = [nth for nth, kind in enumerate(kinds) if kind == "stream.opened"]
    again = kinds[: streams[1]].count("heard.started")
    heard = spoken_by_bot(played, again, seconds=0.3)
    # A machine that lags tears gaps into what is heard, the same for both.
    greeting, *sorry = [
        likeness(heard, array("h", (await speak(text, 8000))[:16_000]))
        for text in (GREETING.text, Say().text(Line.RETURNING), Say().text(Line.RECONNECTED))
    ]
    return greeting > max(sorry)


async def a_caller_who_hangs_up_makes_the_phone_stop_and_is_recorded(played: Played) -> None:
    """The human's leg is cancelled with the caller's, and the escalation has its ending."""
    left = next(event["at"] for event in played.events if event["kind"] == "call.ended")
    stopped = next(event["at"] for event in played.events if event["kind"] == "leg.ended")
    assert abs(stopped - left) < 1.0
    assert Outcome.CALLER_LEFT == ending_of(played)


async def test_without_the_carriers_reports_a_caller_who_left_is_waited_for() -> None:
    """Twin of caller-hangs-up: the escalation stays open although the caller has gone."""
    played = await play(scenario("caller-hangs-up"), sabotage="hang-up-not-heard")

    assert ending_of(played) is None


# --- no human is wanted, or one is asked for in pieces --------------------------------------------


async def a_caller_who_does_not_want_a_human_stays_with_the_bot(played: Played) -> None:
    """Nobody is dialled and the bot answers him."""
    assert () == played.result["attempts"]


async def test_a_detector_that_overlooks_the_negation_calls_a_human() -> None:
    """Twin of not-wanted: somebody is dialled against the caller's word."""
    unheard = scenario("not-wanted", over=DIALED, watch_s=0.2)
    played = await play(unheard, sabotage="negation-ignored")

    assert () != played.result["attempts"]
    assert "with_bot" != played.result["outcome"]


async def a_caller_is_spoken_to_in_his_own_language(played: Played) -> None:
    """The whole announcement in French, which takes longer than ours in English."""
    assert pytest.approx(await announcement("fr"), rel=TOLERANCE) == told(played)
    context = context_that_arrived(played)
    assert ("fr", "Demande : je veux parler à un conseiller.") == (
        context.language,
        context.summary,
    )


async def test_a_recogniser_that_keeps_the_language_to_itself_is_noticed() -> None:
    """Twin of in-french: the caller is spoken to in the configured language."""
    french = scenario("in-french", over=DIALED, watch_s=0.2)
    played = await play(french, sabotage="language-not-told")

    assert "fr" != context_that_arrived(played).language
    assert pytest.approx(await announcement(), rel=TOLERANCE) == told(played)


async def a_request_in_two_pieces_is_heard_as_one(played: Played) -> None:
    """What he is escalated for is the whole sentence, before the model is asked."""
    assert (Trigger.ASKED, "asks-to-talk") == request_of(played)


def request_of(played: Played) -> tuple[Trigger, str]:
    """What he was escalated for: the trigger, and the rule that found it."""
    assert played.stored is not None
    held = played.stored.escalation
    assert held is not None
    return held.trigger, held.rule


async def test_pieces_read_one_by_one_are_not_the_request() -> None:
    """Twin of split-request: the second piece has to do, as if there had been no question."""
    pieces = scenario("split-request", over=DIALED, watch_s=0.2)
    played = await play(pieces, sabotage="pieces-apart")

    assert (Trigger.ASKED, "says-only-that") == request_of(played)


# --- the bot's end --------------------------------------------------------------------------------


async def a_bot_that_says_goodbye_ends_the_call(played: Played) -> None:
    """The call ends by our document, without a request, once the goodbye has been heard."""
    ended = next(event for event in played.events if event["kind"] == "call.ended")
    assert HangupSource.ANSWER_XML == ended["source"]
    assert not played.result["caller_lost"]


async def test_a_finish_that_is_not_recorded_brings_the_caller_back() -> None:
    """Twin of goodbye: it looks like a lost stream, so he is connected to the bot again."""
    unrecorded = scenario("goodbye", over=BACK_WITH_BOT, watch_s=0.2)
    played = await play(unrecorded, sabotage="finish-not-recorded")

    assert "with_bot" == played.result["outcome"]
    assert 2 == len([event for event in played.events if event["kind"] == "stream.opened"])


async def a_stream_that_breaks_is_opened_again(played: Played) -> None:
    """The caller gets the bot back, is told so instead of greeted, and is answered."""
    assert "stream_lost" == played.result["reason"]
    assert not await was_greeted_again(played)


async def test_a_document_that_ends_with_the_stream_loses_the_caller() -> None:
    """Twin of stream-lost: nothing follows the broken stream, which is 4010."""
    played = await play(scenario("stream-lost"), sabotage="nothing-after-the-stream")

    assert played.result["caller_lost"]
    ended = next(event for event in played.events if event["kind"] == "call.ended")
    assert 4010 == ended["code"]


async def test_a_bot_that_does_not_start_is_shown_with_its_last_words(tmp_path: Path) -> None:
    """One error with what the bot wrote and what to do; everything else is ended."""
    bot = tmp_path / "bot.py"
    bot.write_text("import a_module_nobody_has\n")

    # A real Python: the nursery's ends without the noise that one can make at its end.
    with pytest.raises(StageError) as raised:
        async with Stage(scenario("bridged"), bot=bot):
            pass

    assert "the bot did not start" in str(raised.value)
    assert "No module named 'a_module_nobody_has'" in str(raised.value)
    assert "pip install 'escalate-voice[pipecat,emulator]'" in str(raised.value)
    assert "Fatal Python error" not in str(raised.value)


# --- all of them ----------------------------------------------------------------------------------

PROOFS = {
    "bridged": a_caller_who_asks_hears_the_announcement_out_and_is_connected,
    "sip-auth-failed": refused_credentials_lead_to_the_phone_number,
    "no-answer": when_nobody_answers_the_bot_goes_on_where_it_was,
    "caller-hangs-up": a_caller_who_hangs_up_makes_the_phone_stop_and_is_recorded,
    "not-wanted": a_caller_who_does_not_want_a_human_stays_with_the_bot,
    "in-french": a_caller_is_spoken_to_in_his_own_language,
    "split-request": a_request_in_two_pieces_is_heard_as_one,
    "goodbye": a_bot_that_says_goodbye_ends_the_call,
    "stream-lost": a_stream_that_breaks_is_opened_again,
}


# More callers at once than that are too much for one process on a small machine.
@pytest.mark.parametrize("names", [list(PROOFS)[nth::3] for nth in range(3)], ids=" and ".join)
async def test_every_scenario_comes_out_as_it_must(names: list[str]) -> None:
    """Several callers at one bot, none of whom notices the others."""
    played = await play_together(*map(scenario, names))

    for name in names:
        must_be_right(played[name])
        await PROOFS[name](played[name])


# --- processes that die ---------------------------------------------------------------------------


async def test_a_bot_killed_while_the_phone_rings_does_not_take_the_caller_with_it() -> None:
    """SIGKILL of the bot's process between ringing and answer: caller and human are connected.

    And the human's link leads to the page with what was said to the bot that is gone.
    """
    pages: list[str] = []

    async def kill(stage: Stage, event: Event) -> None:
        if event["kind"] == "leg.ringing":
            await stage.bot.kill()
            assert "leg.answered" not in [event["kind"] for event in await stage.plivo.events()]
        if event["kind"] == "leg.bridged":
            dialed = next(e for e in await stage.plivo.events() if e["kind"] == "leg.dialed")
            async with httpx.AsyncClient(trust_env=False) as browser:
                link = read_headers(dialed["headers"]).context.link
                pages.append((await browser.get(link)).text)

    phones = {SIP_ADDRESS: {**SCENARIOS["bridged"].phones[SIP_ADDRESS], "answers_after_s": 1.5}}
    played = await play(scenario("bridged", phones=phones), split=True, doing=kill)

    must_be_right(played)
    assert "a human please" in pages[0]


async def test_a_web_side_killed_between_two_callbacks_goes_on_where_it_was() -> None:
    """SIGKILL of the web side, and its restart while Plivo tries again: the next phone rings."""

    async def restart(stage: Stage, event: Event) -> None:
        if event["kind"] == "leg.ringing" and event["to"] == SIP_ADDRESS:
            await stage.web.kill()
        if event["kind"] == "fetch" and event["what"] == "action" and event.get("error"):
            if event["attempt"] == 1:
                await stage.web.start()

    declines = {"declines": True, "answers_after_s": 0.5}
    phones = {**SCENARIOS["bridged"].phones, SIP_ADDRESS: declines}
    must = replace(
        SCENARIOS["sip-auth-failed"].must, attempts=(("support", 3110), ("duty-phone", None))
    )
    played = await play(scenario("bridged", phones=phones, must=must), split=True, doing=restart)

    must_be_right(played)
    tries = [e["attempt"] for e in played.events if e["kind"] == "fetch" and e["what"] == "action"]
    assert len(tries) > 1
