"""Serves the pages and what they are made of, so that nothing foreign can run in them.

All there is comes from the package: no build step, no address but our own.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_FOLDER: Final = Path(__file__).parent / "static"

# What callers say ends up in these pages: a script among it must not run, nor anything be sent.
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}


class Hardened:
    """Adds to every answer of `app` the headers that keep a page and its data to itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""

        async def send_hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self._app(scope, receive, send_hardened)


def html(
    name: str, *, title: str | None = None, problem: bool = False, status: int = 200
) -> Response:
    """Return one of the pages: the head of all, and what is in the file of its name.

    With a `problem` it shows what it has to say about one.
    """
    body = _text(name)
    if problem:
        body = body.replace('role="alert" hidden', 'role="alert"')
    return HTMLResponse(_text("head").format(title=title or name) + body, status_code=status)


@cache
def _text(name: str) -> str:
    return (_FOLDER / f"{name}.html").read_text(encoding="utf-8")


@cache
def look() -> str:
    """Return the stylesheet that all pages share, for one that holds its own style."""
    return (_FOLDER / "look.css").read_text(encoding="utf-8")


def static_files(path: str = "/static") -> Mount:
    """Return the route of stylesheet and scripts."""
    return Mount(path, app=StaticFiles(directory=_FOLDER), name="static")
