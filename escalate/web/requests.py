"""From an HTTP request to a callback that is known to come from the carrier."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import parse_qs

from pydantic import SecretStr
from starlette.requests import Request

from escalate.errors import ForgedCallback
from escalate.plivo.signature import (
    MAIN_ACCOUNT_SIGNATURE_HEADER,
    NONCE_HEADER,
    SIGNATURE_HEADER,
    verify_v3,
)
from escalate.transfer import Call
from escalate.transfer.documents import Document

# Plivo's callbacks are a few hundred bytes; more than this is nobody's callback.
_MAX_BODY: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Callback:
    """A request whose signature was valid: its fields, from body and query alike."""

    form: dict[str, str]

    def names(self, call_uuid: str) -> bool:
        """Whether the request is about this call: its own id says so."""
        return self.form.get("CallUUID") == call_uuid


class Step(NamedTuple):
    """A call, the document in which the leg that asked goes on, and the language spoken there."""

    call: Call
    document: Document
    language: str | None


Executed = Callable[[Request, Callback], Awaitable[Step | None]]
"""What Plivo executes the answer of; None: no such call is known."""

Reported = Callable[[Request, Callback], Awaitable[None]]
"""What Plivo only reports."""


class Verifier:
    """Checks requests against the public URL: what a proxy does to the URL does not matter."""

    def __init__(self, public_url: str, auth_tokens: Sequence[SecretStr]) -> None:
        self._public_url = public_url
        self._tokens = [token.get_secret_value() for token in auth_tokens]

    def public_url(self, request: Request) -> str:
        """Return the URL as the carrier was given it, without its fragment."""
        path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        query = request.scope.get("query_string", b"").decode("latin-1")
        return f"{self._public_url}{path}" + (f"?{query}" if query else "")

    async def verify(self, request: Request) -> Callback:
        """Return the callback.

        Raises:
            ForgedCallback: No valid signature, or a body that is no form.
        """
        body = await _body(request)
        url = self.public_url(request)
        fields = parse_qs(body, keep_blank_values=True)
        signatures = (
            request.headers.get(SIGNATURE_HEADER),
            request.headers.get(MAIN_ACCOUNT_SIGNATURE_HEADER),
        )
        valid = verify_v3(
            request.method,
            url,
            fields,
            signature_header=",".join(filter(None, signatures)),
            nonce=request.headers.get(NONCE_HEADER),
            auth_tokens=self._tokens,
        )
        if not valid:
            raise ForgedCallback("the request carries no valid signature")
        query = dict(request.query_params)
        return Callback({**query, **{key: values[-1] for key, values in fields.items()}})


async def _body(request: Request) -> str:
    """Read the form, no further than a callback can be long."""
    chunks = bytearray()
    async for chunk in request.stream():
        chunks += chunk
        if len(chunks) > _MAX_BODY:
            raise ForgedCallback("the body is longer than any callback")
    try:
        return chunks.decode("utf-8")
    except UnicodeDecodeError:
        raise ForgedCallback("the body is not UTF-8") from None
