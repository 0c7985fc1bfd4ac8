"""What a check is given, and what it says."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import httpx

from escalate.settings import Settings

_TIMEOUT_S: Final = 5.0
_CODES: Final = re.compile(r"^\[[^]]*\]|\(_ssl\.c:\d+\)$")


class Status(StrEnum):
    """How serious a finding is."""

    OK = "ok"
    SKIPPED = "skipped"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, and what to do about it. It never holds a secret or a number."""

    check: str
    status: Status
    found: str
    advice: str | None = None

    @classmethod
    def ok(cls, check: str, found: str) -> Finding:
        """All is well."""
        return cls(check, Status.OK, found)

    @classmethod
    def skipped(cls, check: str, why: str) -> Finding:
        """There was nothing to look at."""
        return cls(check, Status.SKIPPED, why)

    @classmethod
    def warning(cls, check: str, found: str, advice: str) -> Finding:
        """It may work."""
        return cls(check, Status.WARNING, found, advice)

    @classmethod
    def problem(cls, check: str, found: str, advice: str) -> Finding:
        """It cannot work."""
        return cls(check, Status.PROBLEM, found, advice)


class NoAnswer(Exception):
    """Somebody could not be reached; the message says how, without the address."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What the checks work with."""

    settings: Settings
    http: httpx.AsyncClient
    answer_url: str | None = None
    clock: Callable[[], float] = field(default=time.time)

    async def request(
        self,
        method: str,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | None = None,
    ) -> httpx.Response:
        """Send one request, follow no redirect.

        Raises:
            NoAnswer: None came.
        """
        options: dict[str, Any] = {"headers": headers, "timeout": _TIMEOUT_S, "auth": auth}
        try:
            return await self.http.request(
                method, url, data=form, content=body, follow_redirects=False, **options
            )
        except httpx.HTTPError as error:
            # `from None`: the cause holds the request, and with it credentials.
            raise NoAnswer(reason(error)) from None


def reason(error: httpx.HTTPError) -> str:
    """Say why there was no answer, for a person."""
    # "[SSL: WHAT] why (_ssl.c:1)" and "[Errno -2] why": what is left is why.
    why = _CODES.sub("", str(error)).strip()
    match error:
        case httpx.TimeoutException():
            return f"no answer within {_TIMEOUT_S:.0f} s"
        case httpx.ConnectError() if "SSL" in str(error):
            return f"TLS failed: {why}"
        case httpx.ConnectError():
            return f"no connection: {why}"
    return "no valid HTTP answer"
