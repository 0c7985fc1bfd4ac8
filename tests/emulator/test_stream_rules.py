"""When the document goes on and when a transfer is fetched, with a stream in the way."""

from __future__ import annotations

import httpx
import pytest

from escalate.emulator.client import LocalPlivo

from .harness import Application, Bot, kinds


async def test_the_end_of_a_document_ends_the_call(plivo: LocalPlivo, app: Application) -> None:
    """A document without elements is 4010, which is no ending of the caller's."""
    app.answers("answer")
    ended = await plivo.wait_for("call.ended", await plivo.call())
    assert (4010, "End Of XML Instructions", "Answer XML") == (
        ended["code"],
        ended["cause"],
        ended["source"],
    )


async def test_a_stream_with_keep_call_alive_holds_the_document(
    plivo: LocalPlivo, app: Application, bot: Bot
) -> None:
    """What follows the stream is carried out once the bot has closed the socket."""
    app.answers(
        "answer", bot.stream(keepCallAlive="true"), "<Redirect>", app.url("next"), "</Redirect>"
    )
    app.answers("next", "<Hangup/>")
    call = await plivo.call()
    line = await bot.line()
    await line.next("media", 10)
    assert [] == app.requests("next")
    await line.hang_up()
    ended = await plivo.wait_for("call.ended", call)
    assert (4000, "Answer XML") == (ended["code"], ended["source"])
    steps = kinds(await plivo.events(call), "stream.closed", "xml.step")
    assert ["xml.step", "stream.closed", "xml.step", "xml.step"] == steps


async def test_a_stream_with_nothing_after_it_loses_the_caller(
    plivo: LocalPlivo, app: Application, bot: Bot
) -> None:
    """Closing the socket of a stream that is the last element is 4010."""
    app.answers("answer", bot.stream(keepCallAlive="true"))
    call = await plivo.call()
    await (await bot.line()).hang_up()
    assert 4010 == (await plivo.wait_for("call.ended", call))["code"]


async def test_a_stream_without_keep_call_alive_runs_beside_the_document(
    plivo: LocalPlivo, app: Application, bot: Bot
) -> None:
    """The next element starts at once, and when the document ends so do call and stream."""
    app.answers("answer", bot.stream(keepCallAlive="false"), "<Wait length='1'/>")
    call = await plivo.call()
    line = await bot.line()
    ended = await plivo.wait_for("call.ended", call)
    await plivo.wait_for("stream.closed", call, by="plivo")
    await line.closed.wait()
    assert 4010 == ended["code"]
    assert 1.0 <= ended["duration_s"] < 1.6


async def test_a_transfer_waits_for_the_stream_and_comes_before_what_follows(
    plivo: LocalPlivo, app: Application, bot: Bot, api: httpx.AsyncClient
) -> None:
    """The API says 202 at once, the URL is fetched after the stream, the rest never runs."""
    app.answers(
        "answer", bot.stream(keepCallAlive="true"), "<Redirect>", app.url("never"), "</Redirect>"
    )
    app.answers("moved", "<Wait length='30'/>")
    call = await plivo.call()
    line = await bot.line()
    accepted = await api.post(f"/Call/{call}/", json={"legs": "aleg", "aleg_url": app.url("moved")})
    await line.next("media", 20)
    assert (202, []) == (accepted.status_code, app.requests("moved"))
    await line.hang_up()
    await plivo.wait_for("xml.step", call, element="Wait")
    steps = [event for event in await plivo.events(call) if event["kind"] == "xml.step"]
    assert ["Stream", "Wait"] == [step["element"] for step in steps]
    assert "in-progress" == (await plivo.summary(call))["state"]


async def test_a_stream_is_stopped_by_rest_and_the_document_goes_on(
    plivo: LocalPlivo, app: Application, bot: Bot, api: httpx.AsyncClient
) -> None:
    """DELETE of the stream closes the socket from Plivo's side."""
    app.answers("answer", bot.stream(keepCallAlive="true"), "<Wait length='30'/>")
    call = await plivo.call()
    line = await bot.line()
    assert 404 == (await api.delete(f"/Call/{call}/Stream/no-such-stream/")).status_code
    assert 204 == (await api.delete(f"/Call/{call}/Stream/")).status_code
    await line.closed.wait()
    await plivo.wait_for("stream.closed", call, by="plivo")
    await plivo.wait_for("xml.step", call, element="Wait")
    assert 404 == (await api.delete(f"/Call/{call}/Stream/")).status_code


async def test_a_transfer_takes_effect_at_once_where_nothing_holds_the_document(
    plivo: LocalPlivo, app: Application, api: httpx.AsyncClient
) -> None:
    """A Wait is cut short."""
    app.answers("answer", "<Wait length='30'/>")
    app.answers("moved", "<Hangup/>")
    call = await plivo.call()
    await plivo.wait_for("xml.step", call, element="Wait")
    await api.post(f"/Call/{call}/", json={"aleg_url": app.url("moved")})
    ended = await plivo.wait_for("call.ended", call)
    assert (4000, True) == (ended["code"], ended["duration_s"] < 5)


async def test_a_lost_socket_does_not_end_the_call(
    plivo: LocalPlivo, app: Application, bot: Bot
) -> None:
    """After an abort the document goes on, and the status callback says DroppedStream."""
    stream = bot.stream(keepCallAlive="true", statusCallbackUrl=app.says("status", ""))
    app.answers("answer", stream, "<Wait length='30'/>")
    call = await plivo.call()
    line = await bot.line()
    line.socket.transport.abort()
    assert "abort" == (await plivo.wait_for("stream.closed", call))["by"]
    await plivo.wait_for("xml.step", call, element="Wait")
    assert ["StartStream", "DroppedStream"] == [
        (await app.request("status", nth)).params["Event"] for nth in (1, 2)
    ]


async def test_a_bot_that_cannot_be_reached_is_tried_three_times(
    plivo: LocalPlivo, app: Application, bot: Bot
) -> None:
    """Then the stream counts as ended and the document goes on."""
    await bot.stop()
    app.answers("answer", bot.stream(keepCallAlive="true"), "<Wait length='30'/>")
    call = await plivo.call()
    await plivo.wait_for("xml.step", call, element="Wait")
    assert [1, 2, 3] == [
        event["attempt"] for event in await plivo.events(call) if event["kind"] == "stream.failed"
    ]


async def test_a_stream_ends_with_its_time(plivo: LocalPlivo, app: Application, bot: Bot) -> None:
    """After streamTimeout Plivo closes the socket, and the document goes on."""
    stream = bot.stream(keepCallAlive="true", streamTimeout="1")
    app.answers("answer", stream, "<Wait length='60'/>")
    call = await plivo.call()
    opened = await plivo.wait_for("stream.opened", call)
    closed = await plivo.wait_for("stream.closed", call, by="plivo")
    await plivo.wait_for("xml.step", call, element="Wait")
    assert 1.0 == pytest.approx(closed["at"] - opened["at"], abs=0.3)


async def test_a_call_has_one_stream(plivo: LocalPlivo, app: Application, bot: Bot) -> None:
    """A second Stream beside the first is refused, and the document goes on."""
    app.answers("answer", bot.stream(), bot.stream(), "<Wait length='30'/>")
    call = await plivo.call()
    await plivo.wait_for("stream.refused", call)
    await plivo.wait_for("xml.step", call, element="Wait")
