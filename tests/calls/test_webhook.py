"""An application of the user's is told what happens, by messages that nobody else can send."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from escalate import Said, Switchboard, Trigger
from escalate.follow_up import CallbackPromised, VoicemailLeft
from escalate.settings import Destination, Settings
from escalate.settings.model import Webhook as Where
from escalate.transfer import events as e
from escalate.values import Party, Reason
from escalate.webhook import SIGNATURE_HEADER, Webhook, sign, verify

UUID = "8503ed6b-e0ad-4945-b04a-87759100f2c9"
SECRET = SecretStr("a-key-of-at-least-16")


class Receiver:
    """A server that keeps what it is sent, and answers as it is told."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[int] = []
        self.got: asyncio.Queue[tuple[bytes, str]] = asyncio.Queue()

    async def take(self, request: Request) -> Response:
        self.got.put_nowait((await request.body(), request.headers[SIGNATURE_HEADER]))
        return Response(status_code=self.answers.pop(0) if self.answers else 204)

    async def next(self) -> dict[str, Any]:
        body, signature = await asyncio.wait_for(self.got.get(), 20)
        at = float(signature.split(",")[0].removeprefix("t="))
        assert verify(body, signature, secret=SECRET, now=at)
        message: dict[str, Any] = json.loads(body)
        return message


@asynccontextmanager
async def listening() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = Starlette(routes=[Route("/hook", receiver.take, methods=["POST"])])
    config = uvicorn.Config(app, port=0, log_level="error", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    port = server.servers[0].sockets[0].getsockname()[1]
    receiver.url = f"http://127.0.0.1:{port}/hook?token=hidden"
    try:
        yield receiver
    finally:
        await server.shutdown()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with listening() as receiver:
        yield receiver


@pytest.fixture
async def board(tmp_path: Path, receiver: Receiver) -> AsyncIterator[Switchboard]:
    settings = Settings(
        public_url="https://bot.example.com/escalate",
        stream_url="wss://bot.example.com/ws",
        plivo_auth_id="MAXXXXXXXXXXXXXXXXXX",
        plivo_auth_token=SecretStr("token"),
        store=str(tmp_path / "calls.db"),
        destination=(Destination(name="duty", phone="+14155550199"),),
        webhook=Where(url=SecretStr(receiver.url)),
        webhook_secret=SECRET,
    )
    async with Switchboard(settings) as opened:
        yield opened


async def test_an_application_is_told_each_step_once(
    board: Switchboard, receiver: Receiver
) -> None:
    """What the human is told, where it stands, and a link to the rest; repeats tell nothing."""
    await board.answered(UUID)
    await board.store.remember(UUID, Said(Party.CALLER, "i want to cancel order 4455", 1.0))
    request = board.request(Trigger.ASKED, "asked")
    ids = (request.escalation, 1)
    told = []
    for event, messages in (
        (request, 1),
        (e.AnnouncementEnded(request.escalation), 0),
        (board.arrived(1), 0),
        (e.HumanConnected(*ids), 1),
        (e.HumanConnected(*ids), 0),
        (e.DialEnded(*ids, connected=True, reason=Reason.COMPLETED), 1),
    ):
        await board.receive(UUID, event)
        told += [await receiver.next() for _ in range(messages)]
    assert ["escalation.opened", "human.connected", "escalation.ended"] == [
        message["event"] for message in told
    ]
    assert ["announcing", "connected", "ended"] == [message["state"] for message in told]
    assert [None, "duty", "duty"] == [message["destination"] for message in told]
    assert ("connected", UUID) == (told[2]["outcome"], told[2]["call_uuid"])
    assert "i want to cancel order 4455" == told[0]["briefing"]["wants"]["text"]
    assert told[0]["link"].startswith("https://bot.example.com/escalate/context/")
    assert 3 == len({message["id"] for message in told})
    assert receiver.got.empty()


async def test_an_application_is_told_whom_to_call_back(
    board: Switchboard, receiver: Receiver
) -> None:
    """And where a message can be heard: the one message in which a number or a recording stands."""
    await board.answered(UUID)
    request = board.request(Trigger.ASKED, "asked")
    call = await board.receive(UUID, request)
    assert call is not None
    assert board.webhook is not None
    assert "escalation.opened" == (await receiver.next())["event"]
    for what, key, told in (
        (CallbackPromised(UUID, request.escalation, "+14155550123"), "number", "+14155550123"),
        (
            VoicemailLeft(UUID, request.escalation, "rec-1", "https://r.example.com/1.mp3", 7),
            "recording",
            {"id": "rec-1", "url": "https://r.example.com/1.mp3", "length_s": 7},
        ),
    ):
        await board.webhook.follow_up(call, what)
        assert told == (await receiver.next())[key]


async def send(board: Switchboard, receiver: Receiver) -> None:
    """Tell that an escalation was opened, with short pauses between tries."""
    await board.answered(UUID)
    request = board.request(Trigger.ASKED, "asked")
    hasty = Webhook(
        SecretStr(receiver.url), SECRET, board.accounts.of, board.clock, pauses_s=(0.0, 0.0)
    )
    board.webhook, usual = hasty, board.webhook
    assert usual is not None
    await usual.aclose()
    await board.receive(UUID, request)


async def test_a_receiver_that_is_overloaded_is_tried_again_with_the_same_message(
    board: Switchboard, receiver: Receiver
) -> None:
    """By its id it knows a repeat."""
    receiver.answers = [503, 429]
    await send(board, receiver)
    messages = [await receiver.next() for _ in range(3)]
    assert messages[0] == messages[1] == messages[2]


@pytest.mark.parametrize(("answers", "tries"), [([500, 500, 500], 3), ([404], 1), ([302], 1)])
async def test_a_receiver_that_does_not_take_it_is_given_up(
    board: Switchboard,
    receiver: Receiver,
    caplog: pytest.LogCaptureFixture,
    answers: list[int],
    tries: int,
) -> None:
    """The operator is told, without the address and without the caller's words."""
    receiver.answers = [*answers]
    with caplog.at_level(logging.ERROR, "escalate"):
        await send(board, receiver)
        for _ in range(tries):
            await receiver.next()
        await asyncio.wait_for(asyncio.gather(*board._tasks), 10)
    told = f"the webhook did not take escalation.opened: {answers[-1]}"
    assert [f"call {UUID}: {told}"] == caplog.messages


def test_a_signature_is_of_one_body_one_moment_and_one_key() -> None:
    """Whatever else is sent is nobody's message."""
    body = b'{"event":"escalation.opened"}'
    good = "t=1000,v1=53ed8031492d68ee1025cb1d3e98f426fe979c8bd3c2d6d02a3cc72f2ce44c91"
    assert good == sign(body, secret=SECRET, at=1000.9)
    assert verify(body, good, secret=SECRET, now=1200.0)
    assert not verify(body, good, secret=SECRET, now=1301.0)
    assert not verify(body + b" ", good, secret=SECRET, now=1000.0)
    assert not verify(body, good, secret=SecretStr("another-key-of-16"), now=1000.0)
    for bad in ("", "t=1000", "v1=00", "t=x,v1=00", good.replace("t=1000", "t=1001"), "é"):
        assert not verify(body, bad, secret=SECRET, now=1000.0)
