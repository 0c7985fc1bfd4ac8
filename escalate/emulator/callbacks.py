"""Requests to the application: signed, form-encoded, and tried again as its URL's fragment says.

Retries (Plivo's "Callback configurations" page): the fragment `#ct=..&rt=..&tt=..&rc=..&rp=..`
sets connect, read and total time in milliseconds, the number of retries and what is retried. The
page does not say how long Plivo waits before a retry. Assumed here: 1 s, 2 s, 4 s, then 8 s each,
never beyond the total time, so that five retries span a supervised restart. A refused or
unresolvable connection counts as `ct`; a connection that breaks before the answer is `rt`.
The read time defaults to 15 s, which is what the XML pages promise, not the 40 s of that page.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urldefrag, urlencode, urlsplit, urlunsplit

import httpx

from escalate.emulator.faults import Faults, Order, What
from escalate.plivo.signature import (
    MAIN_ACCOUNT_SIGNATURE_HEADER,
    NONCE_HEADER,
    SIGNATURE_HEADER,
    sign_v3,
)

if TYPE_CHECKING:
    from escalate.emulator.clock import Clock
    from escalate.emulator.log import EventLog
    from escalate.emulator.network import Http

_SPACING_S: Final = (1.0, 2.0, 4.0, 8.0)
_BOUNDS: Final = {"ct": (100, 10_000), "rt": (100, 40_000), "tt": (100, 55_000), "rc": (0, 5)}
_CLASSES: Final = frozenset({"ct", "rt", "4xx", "5xx"})
_LOGGED_BODY: Final = 20_000

Params = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes."""

    url: str
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Policy:
    """How long and how often one URL is tried."""

    connect_s: float = 2.0
    read_s: float = 15.0
    total_s: float = 55.0
    retries: int = 1
    on: frozenset[str] = frozenset({"ct", "rt"})

    @classmethod
    @lru_cache(maxsize=256)
    def read(cls, fragment: str) -> Policy:
        """Read a URL fragment; what is missing, unknown or out of bounds keeps its default."""
        given = dict(parse_qsl(fragment, keep_blank_values=True))
        words = {word.strip() for word in given.get("rp", "ct,rt").split(",")}
        return cls(
            connect_s=_bounded(given, "ct", 2000) / 1000,
            read_s=_bounded(given, "rt", 15_000) / 1000,
            total_s=_bounded(given, "tt", 55_000) / 1000,
            retries=_bounded(given, "rc", 1),
            on=_CLASSES if "all" in words else _CLASSES & words,
        )


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one attempt brought: a reply, or a class of error (`ct`, `rt`) and its words."""

    status: int = 0
    body: bytes = field(default=b"", repr=False)
    content_type: str | None = None
    error: str = ""
    failure: str = ""

    @property
    def ok(self) -> bool:
        """Whether the application was reached and said yes."""
        return not self.failure and 200 <= self.status < 300

    @property
    def kind(self) -> str:
        """The class that retries are configured by; empty when the attempt went well."""
        return self.failure or ("" if self.ok else f"{self.status // 100}xx")


class Fetcher:
    """Makes requests to the application on behalf of the carrier."""

    def __init__(
        self,
        *,
        auth_token: str,
        http: Http,
        log: EventLog,
        clock: Clock,
        faults: Faults,
    ) -> None:
        self._auth_token = auth_token
        self._http = http
        self._log = log
        self._clock = clock
        self._faults = faults
        self._nonces = itertools.count(secrets.randbelow(10**19))

    async def fetch(
        self,
        what: str,
        route: Route,
        params: Params,
        call: str | None,
        *,
        policy: Policy | None = None,
    ) -> Fetched:
        """Request a URL until it answers well or its policy is used up; never raises."""
        url, fragment = _split(route.url)
        policy = policy or Policy.read(fragment)
        give_up_at = self._clock.now() + policy.total_s
        attempt = 1
        while True:
            left = give_up_at - self._clock.now()
            fetched = await self._attempt(route.method, url, params, policy, left)
            self._record(what, route.method, url, params, call, attempt, fetched)
            pause = _SPACING_S[min(attempt, len(_SPACING_S)) - 1]
            if (
                fetched.ok
                or attempt > policy.retries
                or fetched.kind not in policy.on
                or self._clock.now() + pause >= give_up_at
            ):
                return fetched
            await self._clock.sleep(pause)
            attempt += 1

    def signature(self, method: str, url: str, params: Params) -> dict[str, str]:
        """Return the headers that prove a request comes from this carrier."""
        nonce = f"{next(self._nonces):020d}"
        signed = sign_v3(method, url, params, auth_token=self._auth_token, nonce=nonce)
        return {
            SIGNATURE_HEADER: signed,
            # One account without subaccounts: the main account's token is the same.
            MAIN_ACCOUNT_SIGNATURE_HEADER: signed,
            NONCE_HEADER: nonce,
        }

    async def _attempt(
        self, method: str, url: str, params: Params, policy: Policy, left: float
    ) -> Fetched:
        order = self._faults.order_for("callback", method, url)
        if order is None:
            return await self._send(method, url, params, policy, left)
        match order:
            case Order(What.DROP):
                return Fetched(failure="ct", error="connection broken by a fault")
            case Order(What.TIMEOUT):
                await self._clock.sleep(min(policy.read_s, left))
                return Fetched(failure="rt", error="no answer in time, by a fault")
            case Order(What.STATUS, status):
                return Fetched(status=int(status))
            case Order(What.DELAY, seconds):
                await self._clock.sleep(seconds)
            case Order(What.REPEAT, times):
                for _ in range(int(times) - 1):
                    await self._send(method, url, params, policy, left)
        fetched = await self._send(method, url, params, policy, left)
        if order.what is What.LOST_ANSWER:
            return Fetched(failure="rt", error="answer lost by a fault")
        return fetched

    async def _send(
        self, method: str, url: str, params: Params, policy: Policy, left: float
    ) -> Fetched:
        headers = self.signature(method, url, params)
        timeout = _timeout(policy)
        target = _with_query(url, params) if method == "GET" else url
        data = dict(params) if method == "POST" else None
        try:
            reply = await self._http.request(
                method,
                target,
                data=data,
                headers=headers,
                timeout=timeout,
                within_s=max(0.1, left),
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol) as exc:
            return Fetched(failure="ct", error=_words(exc))
        except (httpx.HTTPError, TimeoutError) as exc:
            return Fetched(failure="rt", error=_words(exc))
        except httpx.InvalidURL as exc:
            return Fetched(failure="url", error=_words(exc))
        return Fetched(reply.status_code, reply.content, reply.headers.get("content-type"))

    def _record(
        self,
        what: str,
        method: str,
        url: str,
        params: Params,
        call: str | None,
        attempt: int,
        fetched: Fetched,
    ) -> None:
        outcome: dict[str, Any] = (
            {"error": fetched.error} if fetched.error else {"status": fetched.status}
        )
        if fetched.body.lstrip().startswith(b"<"):
            outcome["xml"] = fetched.body.decode("utf-8", "replace")[:_LOGGED_BODY]
        self._log.add(
            "fetch",
            call,
            what=what,
            method=method,
            url=url,
            attempt=attempt,
            signed=True,
            params=dict(params),
            **outcome,
        )


@lru_cache(maxsize=256)
def _split(url: str) -> tuple[str, str]:
    """Return a URL without its fragment, and the fragment."""
    base, fragment = urldefrag(url)
    return base, fragment


@lru_cache(maxsize=256)
def _timeout(policy: Policy) -> httpx.Timeout:
    return httpx.Timeout(policy.read_s, connect=policy.connect_s)


def _with_query(url: str, params: Params) -> str:
    parts = urlsplit(url)
    query = "&".join(filter(None, [parts.query, urlencode(params)]))
    return urlunsplit(parts._replace(query=query))


def _bounded(given: Mapping[str, str], key: str, default: int) -> int:
    low, high = _BOUNDS[key]
    text = given.get(key, "")
    return int(text) if text.isascii() and text.isdigit() and low <= int(text) <= high else default


def _words(exc: Exception) -> str:
    return f"{type(exc).__name__}: {exc}" if str(exc) else type(exc).__name__
