"""The few requests we make of Plivo's Voice API, and what can become of each.

Nothing is repeated that could then happen twice: only a GET or a DELETE, once, and only when the
first never left this machine. Redirects are not followed and the environment's proxies are not
used, since each request carries the account's token.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

import httpx
from pydantic import SecretStr

from escalate.errors import CallGone, CarrierUnreachable, ConfigurationError, RequestRefused
from escalate.plivo.calls import OutboundCall
from escalate.plivo.http import new_client

_TIMEOUTS: Final = httpx.Timeout(connect=3.0, write=3.0, read=10.0, pool=3.0)
# A connection that idled longer may be closed by the far end just as a request is written to it,
# and then nobody knows whether the request was carried out.
_LIMITS: Final = httpx.Limits(keepalive_expiry=5.0)

# Raised before the first byte of a request is written.
_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_HARMLESS_TWICE: Final = frozenset({"GET", "DELETE"})

_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}")


class PlivoClient:
    """Plivo's Voice API for one account. Use it in `async with`; it may be entered again.

    Every method raises the same three errors, and none of them, nor `repr`, shows a credential,
    a number or a URL:

    * `CallGone`: there is no such live call (404).
    * `RequestRefused`: Plivo said no, with its HTTP status; repeating cannot help.
    * `CarrierUnreachable`: no answer, 408, 429, 5xx or one that cannot be read. Its
      `may_have_happened` says whether the request could have been carried out all the same.

    Args:
        auth_id: The account's id.
        auth_token: The account's token.
        base_url: Where the API is.
        http: A client to use instead of one of our own; its owner closes it.
        deadline_s: The longest one method may take, repeat included.
    """

    def __init__(
        self,
        auth_id: str,
        auth_token: SecretStr,
        base_url: str = "https://api.plivo.com",
        http: httpx.AsyncClient | None = None,
        *,
        deadline_s: float = 15.0,
    ) -> None:
        if not _ID.fullmatch(auth_id):
            raise ConfigurationError("the Plivo auth id has letters and digits only: copy it again")
        self._base_url = base_url.rstrip("/")
        self._account = f"{self._base_url}/v1/Account/{auth_id}"
        self._auth = httpx.BasicAuth(auth_id, auth_token.get_secret_value())
        self._http = http
        self._owned: httpx.AsyncClient | None = None
        self._deadline_s = deadline_s

    def __repr__(self) -> str:
        return f"PlivoClient(base_url={self._base_url!r})"

    async def __aenter__(self) -> Self:
        """Open the connections."""
        if self._http is None:
            self._owned = new_client(timeout=_TIMEOUTS, limits=_LIMITS)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections, unless they were given to us."""
        owned, self._owned = self._owned, None
        if owned is not None:
            await owned.aclose()

    async def transfer(self, call_uuid: str, aleg_url: str) -> None:
        """Ask Plivo to run the caller's leg from `aleg_url`; returning means accepted, not moved.

        While a stream with keepCallAlive runs, Plivo fetches the URL only once it has ended.
        """
        body = {"legs": "aleg", "aleg_url": aleg_url, "aleg_method": "POST"}
        await self._ask("transfer", "POST", f"Call/{_checked(call_uuid)}/", body)

    async def hang_up(self, call_uuid: str) -> None:
        """End a call, bridge included."""
        await self._ask("hang up", "DELETE", f"Call/{_checked(call_uuid)}/")

    async def stop_stream(self, call_uuid: str) -> None:
        """End every media stream of a call; its document goes on after the Stream."""
        await self._ask("stop stream", "DELETE", f"Call/{_checked(call_uuid)}/Stream/")

    async def is_live(self, call_uuid: str) -> bool:
        """Say whether a call is going on."""
        try:
            await self._ask("live call", "GET", f"Call/{_checked(call_uuid)}/?status=live")
        except CallGone:
            return False
        return True

    async def caller_of(self, call_uuid: str) -> str | None:
        """Return the number or address a live call comes from; None where Plivo does not say."""
        answer = await self._ask("live call", "GET", f"Call/{_checked(call_uuid)}/?status=live")
        return _text_in(answer, "from") or None

    async def make_call(self, call: OutboundCall) -> str:
        """Have Plivo call somebody and return the request's id, with which it can be cancelled.

        The answer to this request can be lost, so put an id of your own into the URLs.
        """
        answer = await self._ask("make call", "POST", "Call/", call.body())
        request_uuid = _request_uuid(answer)
        if request_uuid is None:
            raise CarrierUnreachable("Plivo took make call, but its answer cannot be read")
        return request_uuid

    async def speak_in_room(self, room: str, text: str, *, voice: str, language: str) -> None:
        """Let everybody in a conference hear a text."""
        path = f"Conference/{_checked(room)}/Member/all/Speak/"
        body = {"text": text, "voice": voice, "language": language}
        await self._ask("speak", "POST", path, body)

    async def play_in_room(self, room: str, url: str) -> None:
        """Let everybody in a conference hear a file."""
        path = f"Conference/{_checked(room)}/Member/all/Play/"
        await self._ask("play", "POST", path, {"url": url})

    async def members_of(self, room: str) -> tuple[str, ...]:
        """Return the ids of the calls in a conference; none where there is no such conference."""
        try:
            answer = await self._ask("look at", "GET", f"Conference/{_checked(room)}/")
        except CallGone:
            return ()
        try:
            return tuple(str(member["call_uuid"]) for member in answer.json()["members"])
        except (ValueError, KeyError, TypeError):
            raise CarrierUnreachable("Plivo's answer to look at cannot be read") from None

    async def cancel(self, request_uuid: str) -> None:
        """Take back a call that is queued or ringing."""
        await self._ask("cancel", "DELETE", f"Request/{_checked(request_uuid)}/")

    async def _ask(
        self, what: str, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> httpx.Response:
        """Send one request and translate its answer; the only place where that is done."""
        answer = await self._send(what, method, f"{self._account}/{path}", body)
        status = answer.status_code
        if answer.is_success:
            return answer
        said = f"Plivo answered {status} to {what}"
        if status == httpx.codes.NOT_FOUND:
            raise CallGone(said)
        if status == httpx.codes.TOO_MANY_REQUESTS:
            raise CarrierUnreachable(said, may_have_happened=False)
        if status == httpx.codes.REQUEST_TIMEOUT or answer.is_server_error:
            raise CarrierUnreachable(said)
        raise RequestRefused(said, status=status)

    async def _send(
        self, what: str, method: str, url: str, body: Mapping[str, object] | None
    ) -> httpx.Response:
        http = self._http or self._owned
        if http is None:
            raise RuntimeError("PlivoClient is not open: use it in `async with`")
        problem = CarrierUnreachable(f"Plivo did not answer {what} in time")
        try:
            async with asyncio.timeout(self._deadline_s):
                for _ in range(2 if method in _HARMLESS_TWICE else 1):
                    try:
                        return await http.request(
                            method, url, json=body, auth=self._auth, follow_redirects=False
                        )
                    except _NEVER_SENT:
                        problem = CarrierUnreachable(
                            f"Plivo could not be connected to for {what}", may_have_happened=False
                        )
        except httpx.TimeoutException:
            pass
        except httpx.HTTPError:
            problem = CarrierUnreachable(f"the connection to Plivo broke during {what}")
        except TimeoutError:
            problem = CarrierUnreachable(f"Plivo did not answer {what} in time")
        # Raised out here, since httpx's exceptions hold the request and with it the token.
        raise problem


def _checked(uuid: str) -> str:
    """Return an id that may stand in a path; one that comes from a stranger may not."""
    if _ID.fullmatch(uuid):
        return uuid
    raise CallGone("no call has an id of this form")


def _request_uuid(answer: httpx.Response) -> str | None:
    """Return the id in the answer to a call request; a bulk request has a list of them."""
    try:
        said = answer.json()["request_uuid"]
    except (ValueError, KeyError, TypeError):
        return None
    if isinstance(said, list) and len(said) == 1:
        said = said[0]
    return said if isinstance(said, str) and _ID.fullmatch(said) else None


def _text_in(answer: httpx.Response, key: str) -> str:
    """Return a text in an answer, empty where it is not there."""
    try:
        said = answer.json()[key]
    except (ValueError, KeyError, TypeError):
        return ""
    return said if isinstance(said, str) else ""
