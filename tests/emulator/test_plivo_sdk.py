"""Plivo's own Python SDK, unchanged: a client of the local Plivo and a judge of its signatures."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from escalate.emulator.client import LocalPlivo

from .harness import AUTH_ID, AUTH_TOKEN, Application

plivo_sdk = pytest.importorskip("plivo")

WAIT = '<Wait length="30"/>'


@pytest.fixture(autouse=True)
def base_uri(plivo: LocalPlivo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one difference: where the SDK finds Plivo, which it writes down in a constant."""
    monkeypatch.setattr(plivo_sdk.rest.client, "API_VOICE_BASE_URI", f"{plivo.base_url}/v1/Account")


@pytest.fixture
def client() -> Iterator[Any]:
    """The SDK's client."""
    with plivo_sdk.RestClient(AUTH_ID, AUTH_TOKEN) as client:
        yield client


async def test_the_sdk_calls_a_human_looks_him_up_and_hangs_up(
    plivo: LocalPlivo, app: Application, client: Any
) -> None:
    """Make Call, the live call, the list of them and the hang-up, as the SDK reads them."""
    answer = app.answers("human", WAIT)
    calls = client.calls
    made = await asyncio.to_thread(
        calls.create, from_="14155550100", to_="14155550199", answer_url=answer
    )
    await app.request("human")

    # Of a single call the leg has the request's own id.
    live = await asyncio.to_thread(calls.live_call_get, made.request_uuid)
    assert made.request_uuid == live.call_uuid
    assert "14155550199" == live.to

    await asyncio.to_thread(calls.delete, made.request_uuid)
    with pytest.raises(plivo_sdk.exceptions.ResourceNotFoundError):
        await asyncio.to_thread(calls.live_call_get, made.request_uuid)


async def test_the_sdk_moves_a_caller(plivo: LocalPlivo, app: Application, client: Any) -> None:
    """The A leg runs the document that it was sent to."""
    app.answers("answer", WAIT)
    moved = app.answers("moved", WAIT)
    call_uuid = await plivo.call()
    await app.request("answer")

    calls = client.calls
    await asyncio.to_thread(
        calls.update, call_uuid, legs="aleg", aleg_url=moved, aleg_method="POST"
    )

    assert call_uuid == (await app.request("moved")).params["CallUUID"]


async def test_a_wrong_token_is_the_sdks_authentication_error() -> None:
    """401 with a body that the SDK takes."""
    with plivo_sdk.RestClient(AUTH_ID, "another-token") as stranger:
        with pytest.raises(plivo_sdk.exceptions.AuthenticationError):
            await asyncio.to_thread(stranger.calls.live_call_get, "no-such-call")


async def test_the_sdk_finds_our_callbacks_signed(plivo: LocalPlivo, app: Application) -> None:
    """With query and form, with neither, and not for another token."""
    app.answers("answer", f"<Redirect>{app.url('next')}?a=b%20c</Redirect>")
    app.answers("next", '<Redirect method="GET">' + app.url("last") + "</Redirect>")
    app.answers("last", "<Hangup/>")
    await plivo.call()
    await app.request("hangup")

    validate = plivo_sdk.utils.validate_v3_signature
    for one in app.received:
        form = one.params if one.method == "POST" else {}
        signed = one.method, one.url, one.nonce
        assert validate(*signed, AUTH_TOKEN, one.signature, form)
        assert not validate(*signed, "another-token", one.signature, form)
    assert ["answer", "next", "last", "hangup"] == [one.path for one in app.received]
