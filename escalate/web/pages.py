"""The page about a call that the human who takes it sees: who, what for, and what was said.

Whoever has the link may look until it expires. The page is one document without scripts, so its
policy allows nothing but its own style, and nothing of it is kept or found by a search engine.
What is withheld from the briefing is withheld here as well.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from escalate.contexts import Account
from escalate.errors import StoreUnavailable
from escalate.exchange import Exchange
from escalate.page import look
from escalate.transfer import Escalation
from escalate.values import Party, Said
from escalate.web.wording import OUTCOMES, STATES, WHY

_STYLE: Final = Path(__file__).with_name("page.css")
_PARTIES: Final = {Party.CALLER: "Caller", Party.BOT: "Bot", Party.HUMAN: "Human"}


class ContextPages:
    """The route a link leads to; a machine that accepts JSON alone gets the twin of the page."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def show(self, request: Request) -> Response:
        """Show the call to whoever has a link that is still good."""
        exchange = self._exchange
        call_uuid = exchange.contexts.opened(request.path_params["token"], exchange.clock())
        if call_uuid is None:
            return _page("This link has expired", _EXPIRED, status=410)
        try:
            await exchange.ready()
            account = await exchange.accounts.read(call_uuid)
        except StoreUnavailable:
            return _page("One moment", _LATER, status=503)
        if account is None:
            return _page("This link has expired", _EXPIRED, status=410)
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse(account.as_json(), headers=_headers())
        return _page("A caller needs you", _body(account))


_EXPIRED: Final = (
    "<h1>This link has expired</h1>"
    "<p>What was said in a call can be seen for a short time only, and is deleted after it.</p>"
)
_LATER: Final = "<h1>One moment</h1><p>This call cannot be read right now. Please try again.</p>"


def _body(account: Account) -> str:
    held = account.escalation
    heading = account.briefing.wants.text if account.briefing.wants else "A caller needs a human"
    return (
        f'<header><p class="state">{_status(held)}</p>'
        f'<h1 dir="auto">{escape(heading)}</h1></header>'
        f"<dl>{''.join(_facts(account))}</dl>"
        f"<h2>Conversation</h2>{_conversation(account.said)}"
    )


def _status(held: Escalation) -> str:
    if held.ending is None:
        return escape(STATES[held.state])
    told = OUTCOMES[held.ending.outcome]
    where = f": {held.ending.destination}" if held.ending.destination else ""
    return escape(told + where)


def _facts(account: Account) -> Iterable[str]:
    found, held = account.briefing, account.escalation
    rows = (
        ("Name", [found.who.text] if found.who else []),
        ("Details", [quote.text for quote in found.identifiers]),
        ("Already tried", [quote.text for quote in found.tried]),
        ("Mood", [found.mood.text] if found.mood else []),
        ("Summary", [found.spoken] if found.spoken else []),
        ("Language", [account.language]),
        ("The caller", [WHY[held.trigger]]),
        ("Call", [account.call_uuid]),
    )
    for name, texts in rows:
        shown = "".join(f'<dd dir="auto">{escape(text)}</dd>' for text in texts if text)
        if shown:
            yield f"<div><dt>{name}</dt>{shown}</div>"


def _conversation(said: Sequence[Said]) -> str:
    if not said:
        return '<p class="none">What was said is not kept any more.</p>'
    return f"<ol>{''.join(_turn(one, said[0].at) for one in said)}</ol>"


def _turn(one: Said, began_at: float) -> str:
    minutes, seconds = divmod(max(0, round(one.at - began_at)), 60)
    return (
        f'<li class="{one.party.value}"><span>{_PARTIES[one.party]} '
        f"<time>{minutes}:{seconds:02}</time></span>"
        f'<p dir="auto">{escape(one.text)}</p></li>'
    )


def _page(title: str, body: str, *, status: int = 200) -> Response:
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex, nofollow">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)}</title><style>{_style()}</style></head>"
        f"<body><main>{body}</main></body></html>"
    )
    return HTMLResponse(text, status_code=status, headers=_headers())


def _headers() -> dict[str, str]:
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'"
        ),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex, nofollow",
    }


@cache
def _style() -> str:
    return look() + _STYLE.read_text(encoding="utf-8")
