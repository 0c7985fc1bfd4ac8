"""A token that opens the page about one call, for a short time, to whoever holds it.

The token is what follows, in base32 without padding, so that it is letters and digits alone and
survives a SIP header: the expiry (seconds since the epoch, 5 octets), the call id, and the first 16
octets of an HMAC-SHA-256 over both (RFC 2104 5 on how many are needed). It says who may look, and
holds nothing that a caller said.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

_PURPOSE: Final = b"escalate context link 1\x00"
_EXPIRY_OCTETS: Final = 5
_MAC_OCTETS: Final = 16
_LONGEST: Final = 512
_SHORTEST_KEY: Final = 16


def make_token(call_uuid: str, *, key: bytes, expires_at: float) -> str:
    """Return a token for the page of `call_uuid` that is good until `expires_at` (epoch seconds).

    Raises:
        ValueError: The key is too short to protect anything, or the time no time.
    """
    if len(key) < _SHORTEST_KEY:
        raise ValueError(f"the key for links needs at least {_SHORTEST_KEY} bytes")
    try:
        expiry = int(expires_at).to_bytes(_EXPIRY_OCTETS, "big")
    except OverflowError:
        raise ValueError("expires_at has to be in seconds since the epoch") from None
    body = expiry + call_uuid.encode("utf-8")
    return base64.b32encode(body + _mac(body, key)).decode().rstrip("=")


def read_token(token: str, *, keys: Sequence[bytes], now: float) -> str | None:
    """Return the call that `token` opens at `now`, or None if it opens none.

    With several keys one can be replaced without breaking links that are out. The time taken does
    not depend on how much of a forged token is right.
    """
    octets = _octets(token)
    if octets is None:
        return None
    body, mac = octets[:-_MAC_OCTETS], octets[-_MAC_OCTETS:]
    genuine = [hmac.compare_digest(_mac(body, key), mac) for key in keys]
    if not any(genuine) or now >= int.from_bytes(body[:_EXPIRY_OCTETS], "big"):
        return None
    return body[_EXPIRY_OCTETS:].decode("utf-8", "replace")


def _octets(token: str) -> bytes | None:
    """Decode the one spelling a token has; every other is none."""
    if not token.isascii() or len(token) > _LONGEST:
        return None
    try:
        octets = base64.b32decode(token + "=" * (-len(token) % 8))
    except ValueError:
        return None
    canonical = base64.b32encode(octets).decode().rstrip("=")
    return octets if canonical == token and len(octets) > _EXPIRY_OCTETS + _MAC_OCTETS else None


def _mac(body: bytes, key: bytes) -> bytes:
    return hmac.new(key, _PURPOSE + body, hashlib.sha256).digest()[:_MAC_OCTETS]
