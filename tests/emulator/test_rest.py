"""The REST API: statuses and bodies as Plivo's."""

from __future__ import annotations

import httpx
import pytest
import pytest_asyncio

from escalate.emulator.client import LocalPlivo

from .harness import AUTH_ID, Application

WAIT = "<Wait length='60'/>"


@pytest_asyncio.fixture(loop_scope="session")
async def call(plivo: LocalPlivo, app: Application) -> str:
    """A call that is up."""
    app.answers("answer", WAIT)
    call = await plivo.call()
    await plivo.wait_for("call.answered", call)
    return call


async def test_a_hang_up_ends_the_call_on_behalf_of_the_api(
    plivo: LocalPlivo, api: httpx.AsyncClient, call: str
) -> None:
    """204 once, 404 ever after; the record says API Request."""
    assert 204 == (await api.delete(f"/Call/{call}/")).status_code
    ended = await plivo.wait_for("call.ended", call)
    assert (4000, "API Request") == (ended["code"], ended["source"])
    again = await api.delete(f"/Call/{call}/")
    assert (404, {"api_id", "error"}) == (again.status_code, set(again.json()))


async def test_a_live_call_can_be_looked_up_until_it_is_over(
    plivo: LocalPlivo, api: httpx.AsyncClient, call: str
) -> None:
    """status=live knows live calls only, the record knows finished ones only."""
    live = await api.get(f"/Call/{call}/", params={"status": "live"})
    all_live = await api.get("/Call/", params={"status": "live"})
    early = await api.get(f"/Call/{call}/")
    assert (200, "in-progress", call, [call], 404) == (
        live.status_code,
        live.json()["call_status"],
        live.json()["call_uuid"],
        all_live.json()["calls"],
        early.status_code,
    )
    await plivo.hang_up(call)
    await plivo.wait_for("call.ended", call)
    gone = await api.get(f"/Call/{call}/", params={"status": "live"})
    record = (await api.get(f"/Call/{call}/")).json()
    assert 404 == gone.status_code
    assert (4000, "Normal Hangup", "Caller", "ANSWER") == tuple(
        record[key]
        for key in ("hangup_cause_code", "hangup_cause_name", "hangup_source", "call_state")
    )


@pytest.mark.parametrize("method", ["POST", "DELETE", "GET"])
async def test_an_unknown_call_is_not_found(api: httpx.AsyncClient, method: str) -> None:
    """Whatever is asked of it."""
    body = {"aleg_url": "http://x/y"} if method == "POST" else None
    reply = await api.request(method, "/Call/no-such-call/", json=body)
    assert (404, "not found") == (reply.status_code, reply.json()["error"])


async def test_a_transfer_needs_a_url_and_takes_a_form_as_well(
    app: Application, api: httpx.AsyncClient, call: str
) -> None:
    """JSON or form fields, but not without aleg_url, and never a body that is neither."""
    url = app.answers("moved", WAIT)
    missing = await api.post(f"/Call/{call}/", json={"legs": "aleg"})
    broken = await api.post(
        f"/Call/{call}/", content="{", headers={"Content-Type": "application/json"}
    )
    form = await api.post(f"/Call/{call}/", data={"aleg_url": url})
    assert (400, "aleg_url parameter is missing") == (missing.status_code, missing.json()["error"])
    assert (400, 202) == (broken.status_code, form.status_code)
    assert "api_id" in form.json()


@pytest.mark.parametrize(
    ("auth", "status"),
    [(None, 401), ((AUTH_ID, "wrong"), 401), (("MAWRONG", "wrong"), 401)],
)
async def test_credentials_are_checked(
    plivo: LocalPlivo, call: str, auth: tuple[str, str] | None, status: int
) -> None:
    """Nothing happens without the account's own id and token."""
    async with httpx.AsyncClient(auth=auth, trust_env=False) as stranger:
        url = f"{plivo.base_url}/v1/Account/{AUTH_ID}/Call/{call}/"
        assert status == (await stranger.delete(url)).status_code
    assert "in-progress" == (await plivo.summary(call))["state"]


async def test_a_path_without_its_slash_is_nowhere(api: httpx.AsyncClient, call: str) -> None:
    """Plivo's resources end in a slash."""
    assert 404 == (await api.delete(f"/Call/{call}")).status_code


@pytest.mark.parametrize("path", ["/Call/{}/Record/", "/Conference/room/", "/Call/{}/Speak/"])
async def test_what_is_not_emulated_says_so(api: httpx.AsyncClient, call: str, path: str) -> None:
    """501, never a success that did nothing."""
    reply = await api.post(path.format(call), json={})
    assert (501, True) == (reply.status_code, "does not emulate" in reply.json()["error"])


async def test_every_request_is_logged_with_its_answer(
    plivo: LocalPlivo, api: httpx.AsyncClient, call: str
) -> None:
    """Method, path, status and body, under the call's id."""
    await api.get(f"/Call/{call}/", params={"status": "live"})
    logged = await plivo.wait_for("rest", call, method="GET")
    assert (f"/v1/Account/{AUTH_ID}/Call/{call}/?status=live", 200) == (
        logged["path"],
        logged["status"],
    )
    assert "in-progress" == logged["response"]["call_status"]
