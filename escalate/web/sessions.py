"""Who may look at the console: whoever has shown its token, for half a day.

The cookie says until when and proves it by an HMAC keyed with the token, so that every replica
knows it and a new token ends every session. The token itself is in no cookie.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Final

from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response

_COOKIE: Final = "escalate_console"
_LASTS_S: Final = 12 * 3600
_PURPOSE: Final = b"escalate console session 1\x00"


class Sessions:
    """Lets people in. The cookie is for addresses below `path`, with `secure` by https alone."""

    def __init__(
        self, token: SecretStr, clock: Callable[[], float], *, path: str, secure: bool
    ) -> None:
        self._path = path
        self._token = token.get_secret_value().encode()
        self._clock = clock
        self._secure = secure

    def is_token(self, given: str) -> bool:
        """Whether this is the token; the time taken says nothing about how much of it is right."""
        return hmac.compare_digest(_digest(given.encode("utf-8", "replace")), _digest(self._token))

    def may_look(self, request: Request) -> bool:
        """Whether a request comes with a session that lasts, or, from a machine, the token."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self.is_token(given)
        until, _, proof = request.cookies.get(_COOKIE, "").partition(".")
        # Read only once it is proven, and then it is what we wrote.
        genuine = hmac.compare_digest(proof.encode(), self._proof(until).encode())
        return genuine and self._clock() < int(until)

    def begin(self, response: Response) -> None:
        """Give a session along."""
        until = str(int(self._clock()) + _LASTS_S)
        self._set(response, f"{until}.{self._proof(until)}", _LASTS_S)

    def end(self, response: Response) -> None:
        """Take the session back."""
        self._set(response, "", 0)

    def _set(self, response: Response, value: str, max_age: int) -> None:
        response.set_cookie(
            _COOKIE,
            value,
            max_age,
            path=self._path,
            httponly=True,
            samesite="strict",
            secure=self._secure,
        )

    def _proof(self, until: str) -> str:
        return hmac.new(self._token, _PURPOSE + until.encode(), hashlib.sha256).hexdigest()


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()
