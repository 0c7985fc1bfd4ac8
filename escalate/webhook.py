"""Tells an application of the user's what happens to escalations, by signed POST requests.

A message is sent by the process that made the change, a bounded number of times until it is taken;
what a receiver misses all the same it finds behind the link in the next one. The order in which
messages arrive is not promised, so each holds the state as a whole and a number that grows.

The events are `escalation.opened`, `human.accepted`, `human.connected`, `escalation.ended`,
`voicemail.left` (with `recording`) and `callback.promised` (with `number`); the doctor sends
`test`. A message holds `event`, `id` (the same for each try), `revision` and what
`Account.as_json` gives.

The header `Escalate-Signature` is `t=<seconds>,v1=<hex>`: HMAC-SHA-256 (RFC 2104) over the time, a
full stop and the body, with the secret as key. `verify` checks it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Self

import httpx
from pydantic import SecretStr

from escalate.contexts import Account
from escalate.errors import StoreUnavailable
from escalate.follow_up import CallbackPromised, FollowUp, VoicemailLeft
from escalate.plivo.http import new_client
from escalate.settings import Settings
from escalate.transfer import Call, Escalation
from escalate.transfer.news import News, Step

log = logging.getLogger("escalate")

SIGNATURE_HEADER: Final = "Escalate-Signature"
_TOLD: Final = {
    Step.OPENED: "escalation.opened",
    Step.ACCEPTED: "human.accepted",
    Step.CONNECTED: "human.connected",
    Step.ENDED: "escalation.ended",
}
_TIMEOUT_S: Final = 5.0
_PAUSES_S: Final = (0.5, 2.0, 8.0)
# What waiting may mend: the receiver is overloaded or starts anew.
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})

AccountOf = Callable[[Call, Escalation], Awaitable[Account]]


class Webhook:
    """Sends news to one address.

    Args:
        url: Where the application listens; it may hold a token, so no message shows it.
        secret: The key of the signature.
        account_of: What the application is to know with the news.
        clock: Seconds since the epoch.
        pauses_s: How long to wait before each further try (seconds).
    """

    def __init__(
        self,
        url: SecretStr,
        secret: SecretStr,
        account_of: AccountOf,
        clock: Callable[[], float],
        *,
        pauses_s: tuple[float, ...] = _PAUSES_S,
    ) -> None:
        self._url = url
        self._secret = secret
        self._account_of = account_of
        self._clock = clock
        self._http = new_client(timeout=_TIMEOUT_S)
        self._pauses_s = pauses_s

    @classmethod
    def from_settings(
        cls, settings: Settings, account_of: AccountOf, clock: Callable[[], float]
    ) -> Self | None:
        """Return the webhook that the settings ask for, if they do."""
        if settings.webhook is None or settings.webhook_secret is None:
            return None
        return cls(settings.webhook.url, settings.webhook_secret, account_of, clock)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def tell(self, call: Call, news: News) -> None:
        """Send a step of an escalation, if it is one that an application is told."""
        event = _TOLD.get(news.step)
        if event is not None:
            number = news.attempt.number if news.attempt is not None else 0
            await self._send(event, number, call, news.escalation, {})

    async def follow_up(self, call: Call, what: FollowUp) -> None:
        """Send what a business has to do now; only this message says where or whom."""
        held = call.find(what.escalation)
        if held is None:
            return
        match what:
            case VoicemailLeft():
                found = {"id": what.recording, "url": what.url, "length_s": what.length_s}
                await self._send("voicemail.left", 0, call, held, {"recording": found})
            case CallbackPromised():
                await self._send("callback.promised", 0, call, held, {"number": what.number})

    async def _send(
        self, event: str, number: int, call: Call, held: Escalation, more: Mapping[str, object]
    ) -> None:
        """Send one message until it is taken, or there is no use in trying."""
        # The same for every try, so that a receiver knows a repeat.
        told = {"event": event, "id": f"{held.id}.{event}.{number}", "revision": call.revision}
        problem = ""
        for pause_s in (0.0, *self._pauses_s):
            await asyncio.sleep(pause_s)
            try:
                account = await self._account_of(call, held)
                answer = await self._post({**told, **account.as_json(), **more})
            except (httpx.HTTPError, StoreUnavailable) as error:
                # Its message may hold the address.
                problem = type(error).__name__
                continue
            if answer.is_success:
                return
            problem = str(answer.status_code)
            if answer.status_code not in _PASSING:
                break
        log.error("call %s: the webhook did not take %s: %s", call.call_uuid, event, problem)

    async def _post(self, message: Mapping[str, object]) -> httpx.Response:
        body = json.dumps(message, separators=(",", ":")).encode()
        headers = {
            "Content-Type": "application/json",
            SIGNATURE_HEADER: sign(body, secret=self._secret, at=self._clock()),
        }
        url = self._url.get_secret_value()
        return await self._http.post(url, content=body, headers=headers, follow_redirects=False)


def sign(body: bytes, *, secret: SecretStr, at: float) -> str:
    """Return the value of the signature header for `body`, sent at `at`."""
    key = secret.get_secret_value().encode()
    made = hmac.new(key, f"{int(at)}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={int(at)},v1={made}"


def verify(
    body: bytes, signature: str, *, secret: SecretStr, now: float, tolerance_s: float = 300.0
) -> bool:
    """Say whether `body` was sent by who has the secret, and not long ago."""
    parts = dict(part.strip().partition("=")[::2] for part in signature.split(","))
    at = parts.get("t", "")
    if not (at.isascii() and at.isdigit() and len(at) < 12):
        return False
    genuine = hmac.compare_digest(
        sign(body, secret=secret, at=int(at)).encode(), f"t={at},v1={parts.get('v1', '')}".encode()
    )
    return genuine and abs(now - int(at)) <= tolerance_s
