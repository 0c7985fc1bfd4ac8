"""All checks, side by side and each within its time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from escalate.doctor.carrier import check_account, check_caller_id
from escalate.doctor.document import check_answer_document
from escalate.doctor.findings import Bench, Finding
from escalate.doctor.local import check_sip, check_store
from escalate.doctor.reach import check_public_url, check_signature, check_stream_url
from escalate.doctor.telling import check_page, check_voices, check_webhook
from escalate.errors import ConfigurationError
from escalate.plivo.http import new_client
from escalate.settings import load_settings

_CHECK_S: Final = 20.0

Check = Callable[[Bench], Awaitable[Finding | tuple[Finding, ...]]]

CHECKS: Final[tuple[tuple[str, Check], ...]] = (
    ("credentials", check_account),
    ("caller id", check_caller_id),
    ("public URL", check_public_url),
    ("signature", check_signature),
    ("answer document", check_answer_document),
    ("stream URL", check_stream_url),
    ("SIP addresses", check_sip),
    ("voices", check_voices),
    ("context page", check_page),
    ("webhook", check_webhook),
    ("store", check_store),
)


async def examine(
    config: str | Path | None = None, *, answer_url: str | None = None
) -> Sequence[Finding]:
    """Read the settings as every part of escalate does, then try all that they name.

    `answer_url` is the application's answer document where that is not ours.
    """
    try:
        settings = load_settings(config)
    except ConfigurationError as error:
        return [Finding.problem("settings", str(error), "mend this first; nothing else was tried")]
    names = ", ".join(one.name for one in settings.destination)
    found = [Finding.ok("settings", f"destinations: {names}")]
    # Like Plivo's requests, ours take no proxy that the environment names.
    async with new_client() as client:
        bench = Bench(settings, client, answer_url)
        for result in await asyncio.gather(*(_within_time(bench, *one) for one in CHECKS)):
            found += result if isinstance(result, tuple) else (result,)
    return found


async def _within_time(bench: Bench, name: str, check: Check) -> Finding | tuple[Finding, ...]:
    try:
        async with asyncio.timeout(_CHECK_S):
            return await check(bench)
    except TimeoutError:
        return Finding.problem(name, f"took longer than {_CHECK_S:.0f} s", "look at the network")
