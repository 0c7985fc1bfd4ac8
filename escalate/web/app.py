"""The routes Plivo calls, as an ASGI application that mounts anywhere.

There are two kinds. What Plivo *executes* (answer, redirect, Dial action) is always answered with
200 and valid XML: a bad signature, an unknown call, a store that is down or a mistake of ours gets
a document that reads and changes nothing, holds no secret and keeps the caller. What only
*reports* is refused with 403 when it is not signed.

Beside them stands the page about a call, for humans, behind a link that expires.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from escalate.errors import EscalateError, ForgedCallback, StoreUnavailable
from escalate.exchange import Exchange
from escalate.handoff import Briefing
from escalate.metering import MEDIA_TYPE
from escalate.transfer.documents import AskHuman, BriefHuman, DialHuman, KeepCaller
from escalate.web.callers import CallerRoutes
from escalate.web.console import console_routes
from escalate.web.documents import Documents
from escalate.web.humans import HumanRoutes
from escalate.web.pages import ContextPages
from escalate.web.requests import Callback, Executed, Reported, Step, Verifier
from escalate.web.sessions import Sessions

log = logging.getLogger("escalate")

Endpoint = Callable[[Request], Awaitable[Response]]
Otherwise = Callable[[Request, dict[str, str], str | None], Response]

# The document may hold SIP credentials: nothing on the way may keep it.
_NO_STORE = {"Cache-Control": "no-store"}
_METHODS = ["GET", "POST"]
# What a Dial action says and a repeat by Redirect would not.
_TOLD_ONCE: Final = frozenset(
    {
        "DialStatus",
        "DialHangupCause",
        "DialBLegUUID",
        "DialRingStatus",
        "HangupCauseName",
        "HangupCauseCode",
        "Digits",
        "Speech",
    }
)
_CALL = "/calls/{call_uuid}"
_ESCALATION = f"{_CALL}/escalations/{{escalation}}"
_ATTEMPT = f"{_ESCALATION}/attempts/{{attempt:int}}"
_HUMAN = f"{_ESCALATION}/humans/{{attempt:int}}"


def build_app(exchange: Exchange) -> Starlette:
    """Return the application for `exchange`; its lifespan starts and stops the exchange.

    Mounted in another application it has no lifespan; the exchange then starts on first use.
    """
    caller, human, answers = CallerRoutes(exchange), HumanRoutes(exchange), _Answers(exchange)
    executed = {
        "/answer": caller.answer,
        f"{_CALL}/next": caller.arrive,
        f"{_ATTEMPT}/ended": caller.dial_ended,
        f"{_ESCALATION}/room/closed": caller.room_closed,
        f"{_ESCALATION}/message/ended": caller.message_ended,
        f"{_HUMAN}/answer": human.answer,
        f"{_HUMAN}/reply": human.reply,
        f"{_HUMAN}/accepted": human.accepted,
        f"{_HUMAN}/declined": human.declined,
        f"{_HUMAN}/later": human.later,
    }
    reported = {
        "/hangup": caller.hang_up,
        f"{_CALL}/streams/{{stream:int}}": caller.stream,
        f"{_ATTEMPT}/progress": caller.progress,
        f"{_ESCALATION}/room/progress": caller.room_progress,
        f"{_ESCALATION}/message/kept": caller.message_kept,
        f"{_HUMAN}/machine": human.machine,
        f"{_HUMAN}/room": human.room,
        f"{_HUMAN}/hangup": human.hang_up,
    }

    whisper = answers.executed(human.whisper, otherwise=answers.whisper)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with exchange:
            yield

    return Starlette(
        lifespan=lifespan,
        routes=[
            *(Route(at, answers.executed(step), methods=_METHODS) for at, step in executed.items()),
            *(Route(at, answers.reported(told), methods=_METHODS) for at, told in reported.items()),
            Route(f"{_ATTEMPT}/whisper", whisper, methods=_METHODS),
            Route("/health", answers.health),
            Route("/context/{token}", ContextPages(exchange).show, methods=["GET"]),
            *_console(exchange),
        ],
    )


def _console(exchange: Exchange) -> list[BaseRoute]:
    """Return the operator's console and the counters, if the settings have a token for them."""
    settings = exchange.settings
    if settings.console_token is None:
        return []
    public = urlsplit(settings.public_url)
    sessions = Sessions(
        settings.console_token,
        exchange.clock,
        path=f"{public.path}/console",
        secure=public.scheme == "https",
    )

    async def metrics(request: Request) -> Response:
        if not sessions.may_look(request):
            return PlainTextResponse("show the token as a bearer\n", status_code=401)
        return Response(exchange.meters.text(), media_type=MEDIA_TYPE, headers=_NO_STORE)

    return [*console_routes(exchange, sessions, exchange.ready), Route("/metrics", metrics)]


class _Answers:
    """How both kinds of routes are answered."""

    def __init__(self, exchange: Exchange) -> None:
        settings = exchange.settings
        self._exchange = exchange
        self._documents = Documents(settings)
        self._verifier = Verifier(settings.public_url, [settings.plivo_auth_token])

    async def health(self, _: Request) -> Response:
        """Say whether the store answers."""
        try:
            await self._exchange.ready()
            await self._exchange.store.due(0.0)
        except StoreUnavailable:
            return PlainTextResponse("the store does not answer\n", status_code=503)
        return PlainTextResponse("ok\n")

    def executed(self, execute: Executed, *, otherwise: Otherwise | None = None) -> Endpoint:
        """Answer with the document the leg is in after `execute`, whatever happens.

        `otherwise` is what it gets when that cannot be said; a caller is kept.
        """
        keep = otherwise or self._keep_caller

        async def endpoint(request: Request) -> Response:
            told: dict[str, str] = {}
            try:
                callback = await self._verifier.verify(request)
                told = _told_once(callback)
                step = await execute(request, callback)
                if step is not None and not isinstance(step.document, KeepCaller):
                    return _xml(self._documents.render(*step, await self._briefing(step)))
                if step is not None:
                    return keep(request, told, step.language)
                problem = "unknown call"
            except (EscalateError, ValueError, KeyError) as error:
                problem = type(error).__name__
            # The caller hears this document: no mistake of ours may answer in its place.
            except Exception as error:
                problem = type(error).__name__
                log.exception("route %s failed", request.url.path)
            self._exchange.alarm_request(f"{request.scope['path']} ({problem})")
            return keep(request, told, None)

        return endpoint

    def whisper(self, *_: object) -> Response:
        """Ask a human for the key without a word about the caller."""
        return _xml(self._documents.whisper())

    async def _briefing(self, step: Step) -> Briefing | None:
        """Return what a human is to know who is dialled or asked."""
        if not isinstance(step.document, DialHuman | AskHuman | BriefHuman):
            return None
        held = step.call.find(step.document.escalation)
        return None if held is None else await self._exchange.briefings.of(step.call, held)

    def reported(self, report: Reported) -> Endpoint:
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

    def _keep_caller(
        self, request: Request, told: dict[str, str], language: str | None
    ) -> Response:
        """Hold the line without reading or changing anything, then have the same asked again."""
        url, _, query = self._verifier.public_url(request).partition("?")
        asked = dict(parse_qsl(query, keep_blank_values=True))
        again = asked.pop("again", "0")
        times = int(again) if again.isascii() and again.isdigit() and len(again) < 4 else 0
        query = urlencode({**asked, **told})
        try:
            return _xml(
                self._documents.keep_caller(
                    f"{url}?{query}" if query else url, times=times, language=language
                )
            )
        except ValueError:
            # No URL of ours, so nobody's caller.
            return _xml(self._documents.goodbye())


def _told_once(callback: Callback) -> dict[str, str]:
    return {key: value for key, value in callback.form.items() if key in _TOLD_ONCE}


def _xml(text: str) -> Response:
    return Response(text, media_type="application/xml", headers=_NO_STORE)
