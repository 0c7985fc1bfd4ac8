"""Faults on order, seen from the side that suffers them."""

from __future__ import annotations

import httpx
import pytest
import pytest_asyncio

from escalate.emulator.client import EmulatorError, LocalPlivo

from .harness import Application

WAIT = "<Wait length='60'/>"


@pytest_asyncio.fixture(loop_scope="session")
async def call(plivo: LocalPlivo, app: Application) -> str:
    """A call that is up."""
    app.answers("answer", WAIT)
    call = await plivo.call()
    await plivo.wait_for("call.answered", call)
    return call


def rest(do: str, **match: object) -> dict[str, object]:
    """Return a fault on REST requests."""
    return {"match": {"kind": "rest", **match}, "do": do}


def callback(do: str, **match: object) -> dict[str, object]:
    """Return a fault on callbacks."""
    return {"match": {"kind": "callback", **match}, "do": do}


async def test_a_status_is_answered_without_doing_anything(
    plivo: LocalPlivo, api: httpx.AsyncClient, call: str
) -> None:
    """503 for the first DELETE only; the second is carried out."""
    await plivo.faults(rest("status:503", method="DELETE", nth=1))
    assert [503, 204] == [(await api.delete(f"/Call/{call}/")).status_code for _ in range(2)]


@pytest.mark.parametrize(("do", "state"), [("drop", "in-progress"), ("lost-answer", "completed")])
async def test_a_broken_connection_may_or_may_not_have_been_carried_out(
    plivo: LocalPlivo, api: httpx.AsyncClient, call: str, do: str, state: str
) -> None:
    """The client sees the same; only the carrier knows."""
    await plivo.faults(rest(do))
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        await api.delete(f"/Call/{call}/")
    assert state == (await plivo.summary(call))["state"]


async def test_a_request_that_times_out_does_nothing(
    plivo: LocalPlivo, api: httpx.AsyncClient, call: str
) -> None:
    """No answer ever comes, and the call goes on."""
    await plivo.faults(rest("timeout"))
    with pytest.raises(httpx.ReadTimeout):
        await api.delete(f"/Call/{call}/", timeout=0.2)
    assert "in-progress" == (await plivo.summary(call))["state"]


async def test_a_delayed_request_is_carried_out_late(
    plivo: LocalPlivo, api: httpx.AsyncClient, call: str
) -> None:
    """It takes the time, then it succeeds."""
    await plivo.faults(rest("delay:0.2"))
    reply = await api.delete(f"/Call/{call}/")
    assert (204, True) == (reply.status_code, reply.elapsed.total_seconds() > 0.2)


async def test_a_callback_is_delivered_twice(
    plivo: LocalPlivo, app: Application, call: str
) -> None:
    """Plivo may repeat itself; each copy is signed."""
    await plivo.faults(callback("repeat:2", path="/hangup"))
    await plivo.hang_up(call)
    assert (await app.request("hangup", 2)).signed


async def test_a_callback_that_is_dropped_is_tried_again(
    plivo: LocalPlivo, app: Application
) -> None:
    """The first attempt never arrives, the second does."""
    app.answers("answer", WAIT)
    await plivo.faults(callback("drop", path="/answer", nth=1))
    call = await plivo.call()
    await plivo.wait_for("call.answered", call)
    assert 1 == len(app.requests("answer"))
    assert "error" in await plivo.wait_for("fetch", call, attempt=1)


async def test_a_document_whose_answer_is_lost_is_fetched_twice(
    plivo: LocalPlivo, app: Application
) -> None:
    """The application sees both requests and cannot know which one counted."""
    app.answers("answer", WAIT)
    await plivo.faults(callback("lost-answer", path="/answer", nth=1))
    await plivo.wait_for("call.answered", await plivo.call())
    assert 2 == len(app.requests("answer"))


async def test_a_callback_can_meet_a_status_or_nothing(plivo: LocalPlivo, app: Application) -> None:
    """A 502 from between and a time-out both end in 7011 without a retry."""
    app.answers("answer", WAIT)
    for do in ("status:502", "timeout"):
        await plivo.faults(callback(do, path="/answer"))
        call = await plivo.call(answer_url=app.url("answer#rt=100&rc=0"))
        assert 7011 == (await plivo.wait_for("call.ended", call))["code"]
    assert [] == app.requests("answer")


async def test_an_unknown_fault_is_refused(plivo: LocalPlivo) -> None:
    """A misspelt fault would be a test that proves nothing."""
    with pytest.raises(EmulatorError, match="unknown fault"):
        await plivo.faults(rest("explode"))
