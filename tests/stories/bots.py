"""The bot leaves, speaks, promises, hangs or breaks while a caller is handed over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from pytest import MonkeyPatch

from escalate import LiveCall
from escalate.briefings import Briefings
from escalate.emulator.phones import Phone
from escalate.errand import Errands
from escalate.hand_over import HandOver
from escalate.plivo.xml import Stream, render
from escalate.roster import Roster
from escalate.transfer import Call
from escalate.transfer import events as e
from escalate.values import Outcome, Trigger
from escalate.web import documents
from escalate.web.documents import Documents
from tests.simulation.house import Bot

from .house import ACCEPTS, ANSWERS, NEVER, PHONE, SIP, THEIRS, let_go_or_said_goodbye, play
from .house import a_document_of_their_own as theirs
from .telling import deaf_to, story, without, writing


def _nothing_follows(patch: MonkeyPatch) -> None:

    def short(response: Any) -> str:
        streams = any(isinstance(one, Stream) for one in response.children)
        kept = response.children[:1] if streams else response.children
        return render(response.model_copy(update={"children": kept}))

    patch.setattr(documents, "render", short)


@story("pipecat-ai/docs#986", twin=_nothing_follows)
def a_caller_goes_on_talking_when_the_bot_has_long_gone() -> None:
    """Half of all calls were cut off a minute after the transfer, with every metric green."""
    told = play({SIP: ANSWERS.model_copy(update={"talks_s": 300})})

    told.nobody_is_worse_off()
    assert (Outcome.CONNECTED, "support") == told.ending
    assert told.at("call.ended") - told.at("stream.closed") > 300


@story(
    "voxos-ai/bolna#364", twin=writing("Stream", lambda said: {**said, "keep_call_alive": False})
)
def the_document_waits_for_the_end_of_the_stream() -> None:
    """Nothing behind the Stream runs while the bot talks, so the call is not over at once."""
    told = play({SIP: ANSWERS})

    told.nobody_is_worse_off()
    assert (Outcome.CONNECTED, "support") == told.ending
    assert told.at("stream.closed") <= told.at("xml.step", element="Redirect")


def _released_first(patch: MonkeyPatch) -> None:
    move = Errands._move

    async def hasty(errands: Errands, call: Call) -> None:
        await errands._release(call)
        await asyncio.sleep(0.1)
        await move(errands, call)

    async def at_once(_: LiveCall) -> None:
        pass

    patch.setattr(Errands, "_move", hasty)
    patch.setattr(LiveCall, "part", at_once)


@story(
    "pipecat-ai/pipecat#1554",
    "plivo-python#286",
    "plivo/AI-Voice-Agents#1",
    "plivo-node#61",
    "dograh-hq/pipecat#51",
    twin=_released_first,
)
def a_caller_on_a_stream_is_moved_and_only_then_put_down() -> None:
    """The URL is fetched once the stream ends; ending it first would end the call."""
    told = play({SIP: ANSWERS}, answer_url=THEIRS, network=theirs)

    told.nobody_is_worse_off()
    assert (Outcome.CONNECTED, "support") == told.ending
    moved = told.all("rest", method="POST", status=202)[0]["at"]
    assert moved <= told.at("stream.closed") <= told.at("fetch", what="transfer")


class SlowSpeaker(Bot):
    """Needs seven seconds for whatever it says."""

    async def announce(self, text: str) -> None:
        self.said.append(text)
        await asyncio.sleep(7)


@story(
    "pipecat-ai/pipecat#1461",
    "pipecat-ai/pipecat#728",
    "pipecat-ai/pipecat#482",
    "pipecat-ai/pipecat#308",
    "AVA#479",
    "a fixed sleep of two seconds before the transfer",
    twin=without(HandOver, "_announce"),
)
def a_sentence_is_heard_to_its_end_before_the_caller_is_moved() -> None:
    """However long it takes; no fixed time is waited for it."""
    told = play({SIP: ANSWERS}, bot=SlowSpeaker)

    told.nobody_is_worse_off()
    assert 9 <= told.at("stream.closed") < 10


class Hung(Bot):
    """Never ends a sentence, and never lets go."""

    async def announce(self, text: str) -> None:
        await asyncio.Event().wait()

    async def release(self) -> None:
        pass


@story(
    "pipecat-ai/pipecat#1461",
    "the announcement never ends, and neither does the bot",
    twin=deaf_to(e.DeadlinePassed),
)
def a_bot_that_hangs_is_parted_from_the_caller() -> None:
    """The announcement has a bound, and the stream is stopped by request."""
    told = play({SIP: ANSWERS}, bot=Hung)

    told.nobody_is_worse_off()
    assert (Outcome.CONNECTED, "support") == told.ending
    assert told.at("stream.closed", by="plivo") < 40


async def promises(live: LiveCall, bot: Bot) -> None:
    """The model says what it does not do: no tool is called."""
    if await live.begin() is None:
        await asyncio.sleep(2)
        live.bot_said("Of course, I'll transfer you to a colleague now.")
        await asyncio.sleep(10)
    await let_go_or_said_goodbye(live, bot)


@story(
    "docs.vapi.ai: nothing happens",
    "AVA#504",
    "livekit/agents#1139",
    "livekit/agents#1305",
    "Vapi support t/28585737",
    twin=without(LiveCall, "bot_said", lambda *_: None),
)
def a_promise_that_the_model_makes_is_kept() -> None:
    """Somebody is called a moment after the bot has said so."""
    told = play({SIP: ANSWERS}, life=promises)

    told.nobody_is_worse_off()
    assert Trigger.PROMISED is told.held.trigger
    assert (Outcome.CONNECTED, "support") == told.ending


def _throw(*_: object) -> None:
    raise LookupError("somebody else's mistake")


async def _raise(*_: object) -> Any:
    _throw()


def _trusting(patch: MonkeyPatch) -> None:
    async def ask(_: Roster, available: Callable[[str], Any], name: str) -> bool:
        return bool(await available(name))

    patch.setattr(Roster, "_is_there", ask)


@story("dograh-hq/dograh#564", "dograh-hq/dograh#565", twin=_trusting)
def a_step_of_the_users_own_that_throws_leaves_nobody_on_hold() -> None:
    """Whatever the application is asked or told on the way raises; the caller gets his human."""
    own = {"available": _raise, "summarize": _raise, "on_news": _throw}
    told = play({SIP: NEVER, PHONE: ANSWERS}, board=own)

    told.nobody_is_worse_off()
    assert (Outcome.CONNECTED, "duty") == told.ending


class Broken:
    """Our own code, in the middle of a handoff: twice it throws, then it works."""

    def __init__(self) -> None:
        self._of = Briefings.of
        self._times = 2

    async def of(self, briefings: Briefings, *asked: Any) -> Any:
        if self._times:
            self._times -= 1
            raise RuntimeError("our own mistake")
        return await self._of(briefings, *asked)


def _gives_up(patch: MonkeyPatch) -> None:
    patch.setattr(Documents, "keep_caller", lambda self, *_, **__: "<Response/>")


@story("dograh-hq/dograh#564", "dograh-hq/dograh#565", twin=_gives_up)
def a_step_of_ours_that_throws_keeps_the_caller_and_is_done_again() -> None:
    """The line is held by a document that needs nothing, and the next request dials."""
    broken = Broken()
    with MonkeyPatch.context() as patch:
        patch.setattr(Briefings, "of", lambda self, *asked: broken.of(self, *asked))
        told = play({SIP: ANSWERS})

    told.nobody_is_worse_off()
    assert (Outcome.CONNECTED, "support") == told.ending
    assert 2 == len(told.all("xml.step", element="Wait"))


async def loses_the_stream(live: LiveCall, bot: Bot) -> None:
    """The caller's stream breaks again and again, and no human has been asked for."""
    await live.begin()
    await asyncio.sleep(3)


@story(
    "Vapi support t/27541733",
    "Vapi support t/27618826",
    "Vapi support t/27158219",
    twin=writing("Dial", lambda said: {k: v for k, v in said.items() if "confirm" not in k}),
)
def a_warm_handoff_never_turns_blind() -> None:
    """Even where the bot is lost and the caller has to be dialled for, the human has to say yes."""
    told = play(
        {SIP: Phone(answers_after_s=2, machine=True), PHONE: ACCEPTS},
        handoff={"mode": "warm"},
        life=loses_the_stream,
        limits={"streams": 1},
    )

    told.nobody_is_worse_off()
    assert (Outcome.CONNECTED, "duty") == told.ending
