"""The routes Plivo calls, as an ASGI application that mounts anywhere.

There are two kinds. What Plivo *executes* (answer, redirect, Dial action) is always answered with
200 and valid XML: a bad signature, an unknown call, a store that is down or a mistake of ours gets
a document that reads and changes nothing, holds no secret and keeps the caller. What only
*reports* is refused with 403 when it is not signed.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from escalate.errors import EscalateError, ForgedCallback, StoreUnavailable
from escalate.exchange import Exchange
from escalate.plivo.callbacks import parse_dial_ended, parse_dial_event, parse_stream_event
from escalate.transfer import Call
from escalate.transfer import events as e
from escalate.transfer.documents import KeepCaller, document_for
from escalate.values import Reason
from escalate.web.documents import Documents
from escalate.web.requests import Callback, Verifier

log = logging.getLogger("escalate")

Endpoint = Callable[[Request], Awaitable[Response]]
Step = Callable[[Request, Callback], Awaitable[Call | None]]
Report = Callable[[Request, Callback], Awaitable[None]]

# The document may hold SIP credentials: nothing on the way may keep it.
_NO_STORE = {"Cache-Control": "no-store"}
_METHODS = ["GET", "POST"]
DIAL_FIELDS: Final = frozenset(
    {
        "DialStatus",
        "DialHangupCause",
        "DialBLegUUID",
        "DialRingStatus",
        "HangupCauseName",
        "HangupCauseCode",
    }
)


def build_app(exchange: Exchange) -> Starlette:
    """Return the application for `exchange`; its lifespan starts and stops the exchange.

    Mounted in another application it has no lifespan; the exchange then starts on first use.
    """
    routes = _Routes(exchange)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with exchange:
            yield

    attempt = "/calls/{call_uuid}/escalations/{escalation}/attempts/{attempt:int}"
    return Starlette(
        lifespan=lifespan,
        routes=[
            Route("/answer", routes.executed(routes.answer), methods=_METHODS),
            Route("/calls/{call_uuid}/next", routes.executed(routes.arrive), methods=_METHODS),
            Route(f"{attempt}/ended", routes.executed(routes.dial_ended), methods=_METHODS),
            Route(f"{attempt}/progress", routes.reported(routes.progress), methods=_METHODS),
            Route(
                "/calls/{call_uuid}/streams/{stream:int}",
                routes.reported(routes.stream),
                methods=_METHODS,
            ),
            Route("/hangup", routes.reported(routes.hang_up), methods=_METHODS),
            Route("/health", routes.health),
        ],
    )


class _Routes:
    """One method per route: each turns a callback into an event."""

    def __init__(self, exchange: Exchange) -> None:
        settings = exchange.settings
        self._exchange = exchange
        self._documents = Documents(settings)
        self._verifier = Verifier(settings.public_url, [settings.plivo_auth_token])

    # --- executed by Plivo ------------------------------------------------------------------

    async def answer(self, request: Request, callback: Callback) -> Call | None:
        """A call came in: the caller meets the bot."""
        return await self._exchange.answered(callback.form["CallUUID"])

    async def arrive(self, request: Request, callback: Callback) -> Call | None:
        """The caller's leg left its stream."""
        event = self._exchange.arrived(int(callback.form["stream"]))
        return await self._exchange.receive(_call_uuid(request, callback), event)

    async def dial_ended(self, request: Request, callback: Callback) -> Call | None:
        """The Dial is over."""
        if "missing" in request.query_params:
            connected, reason, name, code = False, Reason.INVALID_DESTINATION, None, None
        else:
            told = parse_dial_ended(callback.form)
            connected, reason = told.connected, told.reason
            name, code = told.cause_name, told.cause_code
        event = e.DialEnded(
            request.path_params["escalation"],
            request.path_params["attempt"],
            connected=connected,
            reason=reason,
            cause_name=name,
            cause_code=code,
        )
        return await self._exchange.receive(_call_uuid(request, callback), event)

    # --- reported by Plivo ------------------------------------------------------------------

    async def progress(self, request: Request, callback: Callback) -> None:
        """The human's leg did something."""
        told = parse_dial_event(callback.form)
        ids = request.path_params["escalation"], request.path_params["attempt"]
        event: e.Event
        match told.action:
            case "answer":
                event = e.HumanAnswered(*ids)
            case "connected":
                event = e.HumanConnected(*ids)
            case "hangup":
                event = e.HumanLegEnded(*ids, told.reason, told.cause_name, told.cause_code)
            case _:
                return
        await self._exchange.receive(_call_uuid(request, callback), event)

    async def stream(self, request: Request, callback: Callback) -> None:
        """The media stream started or ended; only the start says something we need."""
        told = parse_stream_event(callback.form)
        if told.started:
            event = e.StreamStarted(request.path_params["stream"])
            await self._exchange.receive(_call_uuid(request, callback), event)

    async def hang_up(self, request: Request, callback: Callback) -> None:
        """The caller's leg ended."""
        await self._exchange.receive(callback.form["CallUUID"], e.CallerHungUp())

    async def health(self, request: Request) -> Response:
        """Say whether the store answers."""
        try:
            await self._exchange.ready()
            await self._exchange.store.due(0.0)
        except StoreUnavailable:
            return PlainTextResponse("the store does not answer\n", status_code=503)
        return PlainTextResponse("ok\n")

    # --- how both kinds are answered --------------------------------------------------------

    def executed(self, step: Step) -> Endpoint:
        """Answer with the document the call is in after `step`, whatever happens."""

        async def endpoint(request: Request) -> Response:
            told: dict[str, str] = {}
            try:
                callback = await self._verifier.verify(request)
                told = _told_once(callback)
                call = await step(request, callback)
                document = None if call is None else document_for(call)
                if call is not None and document is not None:
                    if not isinstance(document, KeepCaller):
                        return _xml(self._documents.render(call, document))
                    return self._keep_caller(request, told)
                problem = "unknown call"
            except (EscalateError, ValueError, KeyError) as error:
                problem = type(error).__name__
            # The caller hears this document: no mistake of ours may answer in its place.
            except Exception as error:
                problem = type(error).__name__
                log.exception("route %s failed", request.url.path)
            self._exchange.alarm_request(f"{request.scope['path']} ({problem})")
            return self._keep_caller(request, told)

        return endpoint

    def reported(self, report: Report) -> Endpoint:
        """Take note of what is signed; refuse the rest."""

        async def endpoint(request: Request) -> Response:
            try:
                callback = await self._verifier.verify(request)
                await report(request, callback)
            except ForgedCallback:
                return PlainTextResponse("the signature is not valid\n", status_code=403)
            except StoreUnavailable:
                # Plivo repeats what was answered with 5xx.
                return PlainTextResponse("try again\n", status_code=503)
            except (ValueError, KeyError):
                log.warning("a report that says nothing: %s", request.scope["path"])
            return Response(status_code=204)

        return endpoint

    def _keep_caller(self, request: Request, told: dict[str, str]) -> Response:
        """Hold the line without reading or changing anything, then have the same asked again."""
        url, _, query = self._verifier.public_url(request).partition("?")
        asked = dict(parse_qsl(query, keep_blank_values=True))
        again = asked.pop("again", "0")
        times = int(again) if again.isascii() and again.isdigit() and len(again) < 4 else 0
        query = urlencode({**asked, **told})
        return _xml(self._documents.keep_caller(f"{url}?{query}" if query else url, times=times))


def _told_once(callback: Callback) -> dict[str, str]:
    """Return what a Dial action says and a repeat by Redirect would not."""
    return {key: value for key, value in callback.form.items() if key in DIAL_FIELDS}


def _call_uuid(request: Request, callback: Callback) -> str:
    """Return the call the URL is about.

    Raises:
        ForgedCallback: The signed fields name another call: the URL was taken from elsewhere.
    """
    call_uuid = str(request.path_params["call_uuid"])
    if not callback.names(call_uuid):
        raise ForgedCallback("the request is about another call than its URL")
    return call_uuid


def _xml(text: str) -> Response:
    return Response(text, media_type="application/xml", headers=_NO_STORE)
