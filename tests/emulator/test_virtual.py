"""The local Plivo in virtual time: the same calls, as fast as they can be computed."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from escalate.emulator.call import Call
from escalate.emulator.phones import Phone
from escalate.emulator.virtual import (
    ACCOUNT,
    BASE_URL,
    Answered,
    Application,
    Asked,
    VirtualPlivo,
    asgi,
    run,
)
from escalate.plivo.signature import verify_v3

BOT = "http://app.test/answer"
SUPPORT = {"*": Phone(answers_after_s=3, talks_s=180)}
DAY_S = 86_400
DOCUMENTS = {
    "answer": '<Stream keepCallAlive="true" contentType="audio/x-mulaw;rate=8000">'
    "wss://app.test/ws</Stream><Redirect>http://app.test/next</Redirect>",
    "next": '<Speak>One moment.</Speak><Dial action="http://app.test/done" '
    'callbackUrl="http://app.test/progress"><Number>14155550199</Number></Dial>',
    "done": "<Hangup/>",
}


class Bookkeeper:
    """An application that keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []

    async def __call__(self, asked: Asked) -> Answered:
        self.asked.append(asked)
        elements = DOCUMENTS.get(asked.url.rpartition("/")[2], "")
        return Answered(f"<Response>{elements}</Response>".encode())

    def events(self) -> Iterator[str]:
        for one in self.asked:
            yield one.form.get("DialAction") or one.url.rpartition("/")[2]


async def talk_for_12_s(call: Call) -> None:
    await asyncio.sleep(12)


def test_a_call_of_minutes_is_the_same_call_in_no_time() -> None:
    """Every request of it comes, in order, and its length is exact."""
    keeper = Bookkeeper()

    async def play(plivo: VirtualPlivo) -> dict[str, Any]:
        return await plivo.call(answer_url=BOT, hangup_url="http://app.test/hangup", phones=SUPPORT)

    ended = run(play, keeper, bot=talk_for_12_s)

    assert ("Normal Hangup", ["14155550199"]) == (ended["cause"], ended["was_bridged_with"])
    # 12 s of bot, two words, 20 ms until it rings, 3 s of ringing, 180 s of talk.
    assert 12 + 0.7 + 0.02 + 3 + 180 == pytest.approx(ended["duration_s"])
    assert ["answer", "next", "answer", "connected", "hangup", "done", "hangup"] == [
        *keeper.events()
    ]


def test_every_request_is_signed() -> None:
    """An application in this process is treated as any other."""
    keeper = Bookkeeper()

    async def play(plivo: VirtualPlivo) -> None:
        await plivo.call(answer_url=BOT, phones=SUPPORT)

    run(play, keeper, bot=talk_for_12_s)

    assert keeper.asked
    for one in keeper.asked:
        assert verify_v3(
            one.method,
            one.url,
            {key: [value] for key, value in one.form.items()},
            signature_header=one.headers["X-Plivo-Signature-V3"],
            nonce=one.headers["X-Plivo-Signature-V3-Nonce"],
            auth_tokens=[ACCOUNT.auth_token],
        )


def test_a_day_of_calls_takes_no_day() -> None:
    """Calls overlap as they would, and the date moves on with them."""
    began = time.monotonic()

    async def play(plivo: VirtualPlivo) -> float:
        async def later(seconds: float) -> str:
            await asyncio.sleep(seconds)
            ended = await plivo.call(answer_url=BOT, phones=SUPPORT)
            return str(ended["cause"])

        calls = (later(DAY_S * n / 40) for n in range(40))
        assert {"Normal Hangup"} == set(await asyncio.gather(*calls))
        return plivo.now()

    assert 1_000_000 + DAY_S * 39 / 40 < run(play, Bookkeeper(), bot=talk_for_12_s, epoch=1_000_000)
    assert time.monotonic() - began < DAY_S / 100


def test_an_application_that_never_answers_ends_the_call_in_its_own_time() -> None:
    """7011, after the read time and its retry."""

    async def silent(asked: Asked) -> Answered:
        await asyncio.Event().wait()
        raise AssertionError("nobody wakes it")

    async def play(plivo: VirtualPlivo) -> tuple[Any, float]:
        return (await plivo.call(answer_url=BOT))["code"], plivo.now()

    code, at = run(play, silent)

    assert 7011 == code
    assert 30 < at < 60


def test_what_is_given_to_a_thread_takes_no_time() -> None:
    """However long it takes: nobody's patience runs out meanwhile."""

    async def play(plivo: VirtualPlivo) -> float:
        nobody = asyncio.create_task(asyncio.sleep(DAY_S))
        await asyncio.to_thread(threading.Event().wait, 0.01)
        nobody.cancel()
        return plivo.now()

    assert 0.0 == run(play, Bookkeeper())


def test_a_mistake_in_the_application_is_raised() -> None:
    """What breaks is seen by whoever simulates, not only in the log of a call."""

    async def broken(asked: Asked) -> Answered:
        raise LookupError("no such document")

    async def play(plivo: VirtualPlivo) -> None:
        await plivo.call(answer_url=BOT)

    with pytest.raises(RuntimeError, match="LookupError: no such document"):
        run(play, broken)


@pytest.mark.parametrize("broken", [TimeoutError, LookupError])
def test_a_mistake_in_the_bot_is_raised(broken: type[Exception]) -> None:
    """Whatever it is; a deadline of the bot's own is not that of the stream."""

    async def bot(call: Call) -> None:
        raise broken

    async def play(plivo: VirtualPlivo) -> None:
        await plivo.call(answer_url=BOT)

    with pytest.raises(RuntimeError, match=broken.__name__):
        run(play, Bookkeeper(), bot=bot)


def test_an_asgi_application_and_the_rest_api_are_reached_in_it() -> None:
    """A call is moved by request, as an application of one's own would do it."""
    moved: list[int] = []

    async def answer(request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        kind = request.path_params["kind"]
        assert "in-progress" == form["CallStatus"] or "answer" == kind
        return Response(f"<Response>{DOCUMENTS[kind]}</Response>", media_type="text/xml")

    app = Starlette(routes=[Route("/{kind}", answer, methods=["POST"])])

    async def play(plivo: VirtualPlivo) -> str:
        async def move(call: Call) -> None:
            await asyncio.sleep(5)
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(plivo.rest), base_url=BASE_URL
            ) as http:
                reply = await http.post(
                    f"/v1/Account/{ACCOUNT.auth_id}/Call/{call.uuid}/",
                    json={"legs": "aleg", "aleg_url": "http://app.test/done"},
                    auth=(ACCOUNT.auth_id, ACCOUNT.auth_token),
                )
            moved.append(reply.status_code)

        bots.append(move)
        ended = await plivo.call(answer_url=BOT)
        return f"{ended['source']} after {ended['duration_s']:.0f} s"

    bots: list[Any] = []

    async def bot(call: Call) -> None:
        await bots[0](call)

    application: Application = asgi(app)
    ended = run(play, application, bot=bot)
    assert [202] == moved
    assert "Answer XML after 5 s" == ended
    assert [202] == moved
