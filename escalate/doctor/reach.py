"""Whether what Plivo reaches from outside is what it has to be."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterator
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import httpx

from escalate.doctor.findings import Bench, Finding, NoAnswer, reason
from escalate.doctor.signing import post, signed

_PUBLIC_URL: Final = "public URL"
_SIGNATURE: Final = "signature"
_STREAM_URL: Final = "stream URL"

# Escapes that a proxy which rewrites queries does not leave alone.
_TRICKY_QUERY: Final = "doctor=a%20b%2Bc%2Fd"
# RFC 6455 1.3: how a server shows that it understood the upgrade.
_WEBSOCKET_MAGIC: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
# An empty Close frame of a client, masked with zeros (RFC 6455 5.5.1).
_CLOSE: Final = b"\x88\x80\x00\x00\x00\x00"


async def check_public_url(bench: Bench) -> Finding:
    """Whether our routes are there, and their store answers."""
    try:
        reply = await bench.request("GET", f"{bench.settings.public_url}/health")
    except NoAnswer as error:
        return Finding.problem(
            _PUBLIC_URL,
            f"cannot be reached from here: {error}",
            "Plivo has to reach it from the Internet: look at DNS, firewall and certificate. If "
            "this network cannot reach its own public address, run the doctor from another",
        )
    if reply.status_code == 200 and reply.text == "ok\n":
        return Finding.ok(_PUBLIC_URL, "our routes are there")
    if reply.status_code == 503 and "store" in reply.text:
        return Finding.problem(
            _PUBLIC_URL, "our routes are there, but their store is not", "see the store below"
        )
    if reply.is_redirect:
        return Finding.problem(
            _PUBLIC_URL,
            f"answers {reply.status_code}, a redirect",
            "set public_url to where it leads: a signature holds for one URL only",
        )
    return Finding.problem(
        _PUBLIC_URL,
        f"something else answers there ({reply.status_code})",
        "mount board.app, or run escalate serve, at the path of public_url",
    )


async def check_signature(bench: Bench) -> Finding:
    """Whether a signed request passes through the proxy, and an unsigned one does not.

    It reports the hang-up of a call that nobody knows, which changes nothing.
    """
    url = f"{bench.settings.public_url}/hangup?{_TRICKY_QUERY}"
    form = {"CallUUID": f"doctor-{secrets.token_hex(8)}", "Event": "Hangup"}
    try:
        reply = await post(bench, url, form)
        if reply.status_code == 403:
            return await _explain_refusal(bench, url, form)
        if reply.status_code != 204:
            return Finding.problem(
                _SIGNATURE, f"our routes answered {reply.status_code}", "see the public URL above"
            )
        unsigned = await bench.request("POST", url, form=form)
    except NoAnswer as error:
        return Finding.skipped(_SIGNATURE, str(error))
    if unsigned.status_code != 403:
        return Finding.problem(
            _SIGNATURE,
            f"an unsigned request is answered {unsigned.status_code} instead of 403",
            "something in front of our routes answers in their place: take it away",
        )
    return Finding.ok(_SIGNATURE, "signed requests pass, others are refused")


async def _explain_refusal(bench: Bench, url: str, form: dict[str, str]) -> Finding:
    """Find the URL for which the routes would have taken the signature."""
    for what, other, advice in _mistaken(url):
        reply = await post(bench, url, form, signed_for=other)
        if reply.status_code == 204:
            return Finding.problem(_SIGNATURE, f"our routes take {what}", advice)
    return Finding.problem(
        _SIGNATURE,
        "our routes refuse a signed request",
        "the running server has another PLIVO_AUTH_TOKEN or public_url than these settings, or "
        "the proxy changes the path or the query on the way",
    )


def _mistaken(url: str) -> Iterator[tuple[str, str, str]]:
    parts = urlsplit(url)
    same = "give the running server the same public_url as these settings"
    proxy = "have the proxy pass path and query on unchanged"
    other = "http" if parts.scheme == "https" else "https"
    yield f"the request for one to {other}://", urlunsplit(parts._replace(scheme=other)), same
    yield "the request for one without a query", urlunsplit(parts._replace(query="")), proxy
    plain = parts._replace(query="doctor=a+b%2Bc%2Fd")
    yield "the query for another", urlunsplit(plain), proxy
    short = parts._replace(path=f"/{parts.path.rpartition('/')[2]}")
    yield "the request for one to the root of the host", urlunsplit(short), same
    if parts.port is not None and parts.hostname is not None:
        bare = parts._replace(netloc=parts.hostname)
        yield "the request for one to the default port", urlunsplit(bare), same


async def check_stream_url(bench: Bench) -> Finding:
    """Whether a WebSocket can be opened where Plivo streams callers to."""
    stream_url = bench.settings.stream_url
    if stream_url is None:
        return Finding.skipped(_STREAM_URL, "the bot is behind a SIP trunk")
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
        **signed(bench, "GET", stream_url),
    }
    # One scheme for the other: ws(s) begins as http(s).
    url = f"http{stream_url.removeprefix('ws')}"
    try:
        async with bench.http.stream("GET", url, headers=headers, timeout=5.0) as reply:
            if reply.status_code == 101:
                # The bot is told at once that nobody is going to talk to it.
                with suppress(httpx.HTTPError, OSError):
                    await reply.extensions["network_stream"].write(_CLOSE)
            return judge_upgrade(reply, key)
    except httpx.HTTPError as error:
        return Finding.problem(
            _STREAM_URL,
            f"cannot be reached from here: {reason(error)}",
            "start the bot, and let Plivo reach it from the Internet",
        )


def judge_upgrade(reply: httpx.Response, key: str) -> Finding:
    """Whether a server became a WebSocket."""
    digest = hashlib.sha1(key.encode() + _WEBSOCKET_MAGIC, usedforsecurity=False).digest()
    accept = base64.b64encode(digest).decode()
    status = reply.status_code
    if status == 101 and reply.headers.get("sec-websocket-accept") == accept:
        return Finding.ok(_STREAM_URL, "a WebSocket opens")
    if status in (401, 403):
        return Finding.problem(
            _STREAM_URL,
            f"the upgrade to a WebSocket was refused ({status})",
            "look at the path: Starlette and FastAPI refuse one they have no WebSocket route for. "
            "If the bot asks for more than Plivo's signature, Plivo cannot give it",
        )
    return Finding.problem(
        _STREAM_URL,
        f"the upgrade to a WebSocket was answered {status}",
        "set stream_url to the bot's WebSocket route, and have the proxy pass the headers "
        "Upgrade and Connection on",
    )
