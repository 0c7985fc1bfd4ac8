"""Plivo's V3 request signature: how a callback proves that it comes from Plivo.

The string that is signed is the public URL, then the parameters in a peculiar order, then "."
and the nonce; the signature is its HMAC-SHA256 under the account's auth token, in base64
(Plivo "Signature validation" page; the details are those of Plivo's SDKs). V2 signs neither the
query nor the body and is deprecated, so it is not accepted here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qs, urlparse

SIGNATURE_HEADER: Final = "X-Plivo-Signature-V3"
MAIN_ACCOUNT_SIGNATURE_HEADER: Final = "X-Plivo-Signature-Ma-V3"
NONCE_HEADER: Final = "X-Plivo-Signature-V3-Nonce"

Params = Mapping[str, str | Sequence[str]]

# Plivo's guide signs the wss form, live calls have been seen with http: both are accepted.
_WEBSOCKET_SCHEMES: Final = ("wss", "ws", "https", "http")


def sign_v3(method: str, url: str, params: Params, *, auth_token: str, nonce: str) -> str:
    """Return the signature Plivo puts on a request, in base64.

    Args:
        method: GET or POST, in any case.
        url: The public URL as Plivo was given it; a fragment is not part of what is signed.
        params: The decoded form fields of the body, blank ones included. A field that came
            several times has a sequence of values.
        auth_token: The auth token of the account that owns the call.
        nonce: The value of the nonce header.

    Raises:
        ValueError: The method is neither GET nor POST, or the URL or a value cannot be encoded.
    """
    message = f"{_canonical(method, url, params)}.{nonce}"
    digest = hmac.digest(auth_token.encode(), message.encode(), hashlib.sha256)
    return base64.b64encode(digest).decode("ascii")


def verify_v3(
    method: str,
    url: str,
    params: Params,
    *,
    signature_header: str | None,
    nonce: str | None,
    auth_tokens: Sequence[str],
) -> bool:
    """Say whether one of `auth_tokens` made one of the signatures in `signature_header`.

    The header may hold several signatures separated by commas while a token is rotated. Every
    pair is compared, in constant time. Nothing in a request makes this raise: what cannot be
    read has no valid signature.
    """
    if not signature_header or not nonce:
        return False
    given = [part.strip().encode("utf-8", "replace") for part in signature_header.split(",")]
    found = False
    # An empty token is no secret: anybody could sign with it.
    for token in filter(None, auth_tokens):
        try:
            expected = sign_v3(method, url, params, auth_token=token, nonce=nonce).encode()
        except (ValueError, TypeError, AttributeError):
            return False
        for candidate in given:
            found |= hmac.compare_digest(expected, candidate)
    return found


def verify_v3_websocket(
    url: str, *, signature_header: str | None, nonce: str | None, auth_tokens: Sequence[str]
) -> bool:
    """Say whether the upgrade request of a media WebSocket at `url` was signed by Plivo.

    It is signed as a GET. Sources disagree on the scheme in the signed URL, so each of wss, ws,
    https and http is tried; the scheme adds no security, since host, path and query are signed.
    """
    _, separator, rest = url.partition("://")
    if not separator:
        return False
    found = False
    for scheme in _WEBSOCKET_SCHEMES:
        found |= verify_v3(
            "GET",
            f"{scheme}://{rest}",
            {},
            signature_header=signature_header,
            nonce=nonce,
            auth_tokens=auth_tokens,
        )
    return found


def _canonical(method: str, url: str, params: Params) -> str:
    """Return the URL and parameters in the form that is signed."""
    base, query = _base_and_query(url)
    match method.upper():
        case "GET":
            joined = _as_query({**params, **query})
            return f"{base}?{joined}" if joined else base
        case "POST":
            joined = _as_query(query)
            if not params:
                return f"{base}?{joined}" if joined else base
            # With a body the "?" stands even where there is no query; then the dot does not.
            dot = "." if joined else ""
            return f"{base}?{joined}{dot}{_as_body(params)}"
    raise ValueError("only GET and POST requests are signed")


# The same URL is read again for each token, and for each try of a callback.
@lru_cache(maxsize=256)
def _base_and_query(url: str) -> tuple[str, Mapping[str, Sequence[str]]]:
    """Return a URL without its query and fragment, and its decoded query."""
    parts = urlparse(url)
    base = f"{parts.scheme}://{parts.netloc}{parts.path}"
    return base, parse_qs(parts.query, keep_blank_values=True)


def _as_query(params: Params) -> str:
    return "&".join([f"{key}={value}" for key, value in _pairs(params)])


def _as_body(params: Params) -> str:
    try:
        # Nearly always each field came once.
        return "".join(map("".join, sorted(params.items())))  # type: ignore[arg-type]
    except TypeError:
        return "".join([f"{key}{value}" for key, value in _pairs(params)])


def _pairs(params: Params) -> list[tuple[str, str]]:
    """Return every field and value, both sorted; values are neither encoded nor decoded."""
    pairs = []
    for key, value in sorted(params.items()):
        if isinstance(value, str):
            pairs.append((key, value))
        else:
            pairs += [(key, one) for one in sorted(value)]
    return pairs
