"""Requests as Plivo makes them: signed with the account's token."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import httpx

from escalate.doctor.findings import Bench
from escalate.plivo.signature import NONCE_HEADER, SIGNATURE_HEADER, sign_v3


def signed(
    bench: Bench, method: str, url: str, form: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the headers of a request that is signed for `url`."""
    nonce = str(secrets.randbelow(10**20))
    token = bench.settings.plivo_auth_token.get_secret_value()
    signature = sign_v3(method, url, form or {}, auth_token=token, nonce=nonce)
    return {SIGNATURE_HEADER: signature, NONCE_HEADER: nonce}


async def post(
    bench: Bench, url: str, form: Mapping[str, str], *, signed_for: str | None = None
) -> httpx.Response:
    """Send a form to `url` as Plivo would, with a signature for `signed_for` if that differs.

    Raises:
        NoAnswer: None came.
    """
    headers = signed(bench, "POST", signed_for or url, form)
    return await bench.request("POST", url, form=form, headers=headers)
