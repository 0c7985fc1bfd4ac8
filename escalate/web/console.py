"""The operator's console: escalations live and past, to look at and nothing else.

It reads the store. Without the token it shows a form and no more, and without a token in the
settings there is none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Final
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from escalate.detect import Heard
from escalate.errors import StoreUnavailable
from escalate.exchange import Exchange
from escalate.page import Attention, Finding, Hardened, html, static_files
from escalate.transfer import Call
from escalate.values import Party, Said
from escalate.web.overview import rows_of, summary_of
from escalate.web.sessions import Sessions
from escalate.web.sketch import picture_of

_PAGE: Final = 50
_LONGEST_FORM: Final = 2_000

Endpoint = Callable[[Request], Awaitable[Response]]


async def _is_open() -> None:
    """Take it that the store has been opened."""


def console_routes(
    exchange: Exchange, sessions: Sessions, ready: Callable[[], Awaitable[None]] = _is_open
) -> list[BaseRoute]:
    """Return the routes of the console; `ready` opens the store where nobody has."""
    console = _Console(exchange, sessions, ready)
    app = Starlette(
        routes=[
            Route("/", console.page),
            Route("/login", console.log_in, methods=["POST"]),
            Route("/logout", console.log_out, methods=["POST"]),
            Route("/escalations", console.guarded(console.escalations)),
            Route("/calls/{call_uuid}", console.guarded(console.call)),
            static_files(),
        ]
    )
    # Relative, since the address a browser sees is that of a proxy.
    return [
        Route("/console", lambda _: RedirectResponse("console/")),
        Mount("/console", app=Hardened(app)),
    ]


class _Console:
    def __init__(
        self, exchange: Exchange, sessions: Sessions, ready: Callable[[], Awaitable[None]]
    ) -> None:
        self._exchange = exchange
        self._sessions = sessions
        self._ready = ready

    async def page(self, request: Request) -> Response:
        """Show the console, or the form to those who have not shown the token."""
        if self._sessions.may_look(request):
            return html("console")
        return html("login", title="console", status=401)

    async def log_in(self, request: Request) -> Response:
        """Let in whoever has the token."""
        if not self._sessions.is_token(await _token_in(request)):
            return html("login", title="console", problem=True, status=403)
        response = RedirectResponse("./", status_code=303)
        self._sessions.begin(response)
        return response

    async def log_out(self, _: Request) -> Response:
        """Take the session back."""
        response = RedirectResponse("./", status_code=303)
        self._sessions.end(response)
        return response

    def guarded(self, show: Endpoint) -> Endpoint:
        """Show data to those who may see it."""

        async def endpoint(request: Request) -> Response:
            if not self._sessions.may_look(request):
                return _problem(401, "show the token first")
            try:
                await self._ready()
                return await show(request)
            except StoreUnavailable:
                return _problem(503, "the store does not answer")

        return endpoint

    async def escalations(self, request: Request) -> Response:
        """List a page of escalations; `next` is where the page after it begins."""
        before = _number(request.query_params.get("before"))
        calls = await self._exchange.store.escalated(before=before, limit=_PAGE)
        rows = rows_of(calls)
        more = calls[-1].opened_at if len(calls) == _PAGE else None
        return JSONResponse(
            {
                "now": self._exchange.clock(),
                "summary": summary_of(rows),
                "escalations": rows,
                "next": more,
            }
        )

    async def call(self, request: Request) -> Response:
        """Show one call with what was said in it, as long as that is kept."""
        call = await self._exchange.store.load(request.path_params["call_uuid"])
        if call is None:
            return _problem(404, "this call is not kept any more")
        return JSONResponse(await self._in_full(call))

    async def _in_full(self, call: Call) -> dict[str, object]:
        said = await self._exchange.accounts.said(call)
        return {
            "call_uuid": call.call_uuid,
            "opened_at": call.opened_at,
            "ended_at": call.ended_at,
            "language": call.language,
            "escalations": rows_of([call])[::-1],
            "picture": asdict(picture_of(call)),
            "said": [
                {"party": one.party.value, "text": one.text, "at": one.at - call.opened_at}
                for one in said
            ],
            "findings": [asdict(finding) for finding in self._read(call, said)],
        }

    def _read(self, call: Call, said: Sequence[Said]) -> Iterator[Finding]:
        """Yield which words asked for a human; marks count utterances from 0."""
        attention = Attention(self._exchange.detector())
        endings = [held.ending.at for held in call.past if held.ending is not None]
        for number, one in enumerate(said):
            while endings and endings[0] <= one.at:
                attention.begin_anew(endings.pop(0))
            if one.party is Party.CALLER:
                heard = Heard(one.text, language=call.language)
                yield from attention.caller_said(number, one.text, [heard], one.at)
            elif one.party is Party.BOT:
                yield from attention.bot_said(one.text, one.at)


async def _token_in(request: Request) -> str:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM:
            raise HTTPException(413)
    return parse_qs(body.decode("utf-8", "replace")).get("token", [""])[0]


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        raise HTTPException(422, "before has to be a number of seconds") from None


def _problem(status: int, text: str) -> Response:
    return JSONResponse({"error": text}, status_code=status)
