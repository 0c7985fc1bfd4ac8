"""Asking whoever calls or registers for digest credentials (RFC 3261 section 22)."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Final

from escalate.emulator.sip.digest import is_right, parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from escalate.emulator.sip.message import Request
    from escalate.emulator.sip.stack import Stack
    from escalate.emulator.sip.wire import Hop

_NONCE_S: Final = 60
# What is demanded and what is given, by the status that demands it.
_FIELDS: Final = {
    401: ("WWW-Authenticate", "Authorization"),
    407: ("Proxy-Authenticate", "Proxy-Authorization"),
}


class Door:
    """Lets in who proves to know the password of one of `users`; with no users, everybody."""

    def __init__(
        self, stack: Stack, users: Mapping[str, str], *, realm: str, status: int = 401
    ) -> None:
        self._stack = stack
        self._users = users
        self._realm = realm
        self._status = status
        self._nonces: set[str] = set()

    def admits(self, request: Request, hop: Hop) -> bool:
        """Check the credentials of a request; without good ones it is challenged."""
        if not self._users:
            return True
        given = self._given(request)
        fields = parts(given.partition(" ")[2])
        password = self._users.get(fields.get("username", ""))
        fresh = fields.get("nonce") in self._nonces
        if password and fresh and is_right(given, password, request.method, request.body):
            return True
        nonce = secrets.token_hex(16)
        self._nonces.add(nonce)
        asyncio.get_running_loop().call_later(_NONCE_S, self._nonces.discard, nonce)
        challenge = f'Digest realm="{self._realm}", nonce="{nonce}", algorithm=MD5, qop="auth"'
        more = [(_FIELDS[self._status][0], challenge)]
        tag = secrets.token_hex(4)
        self._stack.respond(request, hop, self._status, tag=tag, more=more)
        return False

    def user(self, request: Request) -> str | None:
        """Return who has been let in; None where nobody is asked."""
        if not self._users:
            return None
        return parts(self._given(request).partition(" ")[2]).get("username")

    def _given(self, request: Request) -> str:
        return request.headers.get(_FIELDS[self._status][1].lower())
