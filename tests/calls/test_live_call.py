"""A conversation without a framework: hear, transfer, and what a bot is asked to do meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from escalate import LiveCall, Outcome, Reason, Said, Switchboard, Trigger
from escalate.handoff import Line
from escalate.plivo.client import PlivoClient
from escalate.settings import Destination, Settings
from escalate.transfer import State
from escalate.transfer import events as e

UUID = "8503ed6b-e0ad-4945-b04a-87759100f2c9"


class RecordingBot:
    """Does at once what it is asked, and remembers it."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.announced = asyncio.Event()
        self.released = asyncio.Event()
        self.resumed = asyncio.Event()
        self.may_finish = asyncio.Event()
        self.may_finish.set()

    def hold(self) -> None:
        self.done.append("hold")

    async def announce(self, text: str) -> None:
        self.done.append(f"announce: {text}")
        self.announced.set()
        await self.may_finish.wait()

    async def release(self) -> None:
        self.done.append("release")
        self.released.set()

    async def resume(self, text: str | None) -> None:
        self.done.append(f"resume: {text}")
        self.resumed.set()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        public_url="https://bot.example.com/escalate",
        stream_url="wss://bot.example.com/ws",
        plivo_auth_id="MAXXXXXXXXXXXXXXXXXX",
        plivo_auth_token=SecretStr("token"),
        store=str(tmp_path / "calls.db"),
        destination=(Destination(name="duty", phone="+14155550199"),),
    )


@pytest.fixture
def requests() -> list[str]:
    """What the carrier was asked, in order."""
    return []


@pytest.fixture
def plivo(settings: Settings, requests: list[str]) -> PlivoClient:
    """A carrier that knows every call and does whatever it is asked."""

    async def answer(request: Request) -> JSONResponse:
        requests.append(f"{request.method} {request.path_params['path'].split('/', 1)[1]}")
        return JSONResponse({"call_status": "in-progress", "message": "call transferred"}, 202)

    methods = ["GET", "POST", "DELETE"]
    carrier = Starlette(routes=[Route("/v1/Account/{path:path}", answer, methods=methods)])
    transport = httpx.ASGITransport(carrier)
    return PlivoClient(
        settings.plivo_auth_id,
        settings.plivo_auth_token,
        http=httpx.AsyncClient(transport=transport),
    )


@pytest.fixture
async def board(settings: Settings, plivo: PlivoClient) -> AsyncIterator[Switchboard]:
    async with Switchboard(settings, plivo=plivo) as opened:
        yield opened


@pytest.fixture
def bot() -> RecordingBot:
    return RecordingBot()


@pytest.fixture
async def call(board: Switchboard, bot: RecordingBot) -> LiveCall:
    """A call that we answered, with its bot."""
    await board.answered(UUID)
    live = board.call(UUID)
    live.attach(bot)
    await live.begin()
    return live


async def soon(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), 5)


async def state_of(board: Switchboard) -> State:
    known = await board.store.load(UUID)
    assert known is not None
    assert known.escalation is not None
    return known.escalation.state


async def test_a_request_holds_the_bot_before_hearing_returns_and_lets_go_after_the_announcement(
    call: LiveCall, bot: RecordingBot, board: Switchboard
) -> None:
    """The bot says nothing between the caller's words and the announcement."""
    call.hear("can i talk to a real person please")
    assert ["hold"] == bot.done
    await soon(bot.released)
    said = board.settings.say.text(Line.CONNECTING)
    assert ["hold", f"announce: {said}", "release"] == bot.done
    assert State.MOVING is await state_of(board)


async def test_everybody_who_asks_gets_the_same_ending(
    call: LiveCall, bot: RecordingBot, board: Switchboard
) -> None:
    """Detector, tool and application end in one escalation."""
    call.hear("an agent please")
    assert not call.request(Trigger.TOOL, "transfer_to_human")
    waiting = asyncio.create_task(call.transfer())
    await soon(bot.announced)
    await board.receive(UUID, e.CallerHungUp())
    ending = await asyncio.wait_for(waiting, 5)
    assert Outcome.CALLER_LEFT is ending.outcome
    known = await board.store.load(UUID)
    assert known is not None
    assert () == known.past


async def test_a_retraction_stops_the_announcement_and_gives_the_bot_back(
    call: LiveCall, bot: RecordingBot
) -> None:
    """No wait, carry on."""
    bot.may_finish.clear()
    call.hear("can i talk to a person")
    await soon(bot.announced)
    call.hear("no wait never mind carry on")
    await soon(bot.resumed)
    assert "resume: None" == bot.done[-1]
    assert "release" not in bot.done


async def test_the_caller_is_spoken_to_in_the_language_that_the_recogniser_heard(
    board: Switchboard, call: LiveCall, bot: RecordingBot
) -> None:
    """A word or two do not change it, and it outlives the conversation."""
    call.hear("wo ist denn mein paket", language="de")
    call.hear("okay", language="en")
    call.hear("ich möchte mit einem menschen sprechen", language="de-DE")
    await soon(bot.released)
    assert "announce: Einen Moment, ich verbinde Sie mit einem Kollegen." in bot.done
    await board.receive(UUID, board.arrived(1))
    known = await board.store.load(UUID)
    assert known is not None
    assert "de-DE" == known.language


async def test_what_words_look_like_decides_who_is_called_and_not_what_is_said(
    call: LiveCall, bot: RecordingBot
) -> None:
    """Without a recogniser that knows languages the configured one is spoken."""
    call.hear("ich möchte mit einem menschen sprechen")
    await soon(bot.released)
    assert "announce: One moment, I will connect you to a colleague." in bot.done


async def test_when_nobody_is_there_the_caller_is_told_and_keeps_the_bot(
    settings: Settings, plivo: PlivoClient, bot: RecordingBot
) -> None:
    """Outside of the opening hours nobody's phone rings, and nobody is moved."""
    closed = settings.destination[0].model_copy(update={"hours": "closed"})
    shut = settings.model_copy(update={"destination": (closed,)})
    async with Switchboard(shut, plivo=plivo) as board:
        await board.answered(UUID)
        live = board.call(UUID)
        live.attach(bot)
        await live.begin()
        ending = await asyncio.wait_for(live.transfer(), 5)
        assert (Outcome.REFUSED, Reason.CLOSED) == (ending.outcome, ending.reason)
        await soon(bot.resumed)
        said = settings.say.text(Line.UNAVAILABLE, reason=Reason.CLOSED)
        assert ["hold", f"resume: {said}"] == bot.done


async def test_a_predicate_of_the_users_own_is_asked_about_the_conversation_so_far(
    settings: Settings, plivo: PlivoClient, bot: RecordingBot
) -> None:
    """Its verdict may come late; it escalates then."""
    asked: list[Sequence[Said]] = []

    async def angry(said: Sequence[Said]) -> bool:
        asked.append(said)
        return len(said) > 1

    async with Switchboard(settings, plivo=plivo, predicates={"angry": angry}) as board:
        await board.answered(UUID)
        live = board.call(UUID)
        live.attach(bot)
        await live.begin()
        live.hear("where is my parcel")
        live.hear("it is late again")
        await soon(bot.released)
        assert ["where is my parcel", "it is late again"] == [one.text for one in asked[-1]]
        known = await board.store.load(UUID)
        assert known is not None
        assert known.escalation is not None
        assert Trigger.PREDICATE is known.escalation.trigger


async def test_a_predicate_that_fails_costs_nobody_anything(
    settings: Settings,
    plivo: PlivoClient,
    bot: RecordingBot,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is logged, and the caller is still heard."""

    async def broken(said: Sequence[Said]) -> bool:
        raise RuntimeError("broken")

    async with Switchboard(settings, plivo=plivo, predicates={"broken": broken}) as board:
        await board.answered(UUID)
        live = board.call(UUID)
        live.attach(bot)
        await live.begin()
        live.hear("hello")
        live.hear("a human please")
        await soon(bot.released)
    assert "predicate broken failed" in caplog.text


async def test_a_call_somebody_else_answered_is_moved_by_request_and_then_released(
    board: Switchboard, bot: RecordingBot, requests: list[str]
) -> None:
    """The id from the media socket counts because the carrier confirms it."""
    live = board.call(UUID)
    live.attach(bot)
    await live.begin()
    live.hear("a human please")
    await soon(bot.released)
    assert [f"GET Call/{UUID}/", f"POST Call/{UUID}/"] == requests


async def test_a_bot_in_another_process_is_parted_from_the_stream_by_request(
    board: Switchboard, call: LiveCall, settings: Settings, plivo: PlivoClient, requests: list[str]
) -> None:
    """The web side sees the deadline of a bot that hangs, and stops the stream."""
    await call.close()
    request = board.request(Trigger.ASKED, "asked")
    await board.receive(UUID, request)
    await board.receive(UUID, e.AnnouncementEnded(request.escalation))
    await board.__aexit__(None, None, None)
    assert [f"DELETE Call/{UUID}/Stream/"] == requests


async def test_a_returning_caller_is_told_so_and_remembered(
    board: Switchboard, call: LiveCall
) -> None:
    """Nobody answered: the next conversation knows what was said in the first."""
    call.hear("where is my parcel")
    request = board.request(Trigger.ASKED, "asked")
    await board.receive(UUID, request)
    await board.receive(UUID, e.AnnouncementEnded(request.escalation))
    await board.receive(UUID, board.arrived(1))
    silent = e.DialEnded(request.escalation, 1, connected=False, reason=Reason.NO_ANSWER)
    await board.receive(UUID, silent)
    back = await board.call(UUID).begin()
    assert back is not None
    assert "I am sorry, nobody has answered. Let us go on, you and I." == back.text
    assert ["where is my parcel"] == [said.text for said in back.history]


async def test_a_bot_that_ends_late_does_not_end_the_conversation_after_its_own(
    board: Switchboard, call: LiveCall
) -> None:
    """Its stream broke, the caller has another one; only then does the first bot say goodbye."""
    await board.receive(UUID, board.arrived(1))
    await board.call(UUID).begin()
    await call.finish()
    known = await board.store.load(UUID)
    assert known is not None
    assert not known.over
