"""SIP headers as Plivo takes them: refused here where Plivo would drop them without a word.

Rules from Plivo's Dial XML page (format and characters), its support article on custom headers
(lengths) and its "XML for voice agents" page (reserved names).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator

NAME_LENGTH: Final = 24
VALUE_LENGTH: Final = 120
RESERVED_PREFIXES: Final = ("PH-", "Plivo", "FS-", "SipAuth", "ZT-", "Twilio")
RESERVED_NAMES: Final = ("ClientRegion",)
CALL_HEADER: Final = "Calluuid"
"""Our own header with a call's id in it; Plivo sends it as X-PH-Calluuid."""

_NAME: Final = re.compile(r"[A-Za-z0-9]+")
_VALUE: Final = re.compile(r"[A-Za-z0-9%]+")


def checked_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Return `headers` if Plivo would send each of them.

    Raises:
        ValueError: One would be dropped. The message names the header and the fix, never a value.
    """
    seen: dict[str, str] = {}
    for name, value in headers.items():
        _check_name(name)
        _check_value(name, value)
        # The case of a name changes on the wire, so two that differ in it alone would merge.
        if other := seen.get(name.lower()):
            raise ValueError(f"headers {other} and {name} differ in case alone: rename one")
        seen[name.lower()] = name
    return dict(headers)


def format_headers(headers: Mapping[str, str]) -> str:
    """Return checked headers as `name=value,name=value`."""
    return ",".join(f"{name}={value}" for name, value in headers.items())


def call_header(call_uuid: str) -> dict[str, str]:
    """Return the header that tells whoever is dialled which call of Plivo's he has.

    A value may hold no hyphens; `call_uuid_of` puts them back.
    """
    return {CALL_HEADER: call_uuid.replace("-", "")}


def call_uuid_of(value: str) -> str | None:
    """Return the call's id in a value of that header; None for what cannot be one."""
    try:
        return str(uuid.UUID(value.strip()))
    except ValueError:
        return None


def parse_headers(text: str) -> dict[str, str]:
    """Read `name=value,name=value`.

    Raises:
        ValueError: A part is not a pair, or a name stands twice.
    """
    headers: dict[str, str] = {}
    for number, part in enumerate(text.split(","), start=1):
        name, separator, value = part.strip().partition("=")
        if not separator:
            raise ValueError(f"part {number} of the headers is not name=value")
        if name in headers:
            raise ValueError(f"part {number} of the headers repeats a name")
        headers[name] = value
    return headers


def _check_name(name: str) -> None:
    for prefix in RESERVED_PREFIXES:
        if name.lower().startswith(prefix.lower()):
            raise ValueError(
                f"header {_shown(name)} would be dropped: names that start with {prefix} are "
                "reserved; choose another name"
            )
    if name.lower() in (reserved.lower() for reserved in RESERVED_NAMES):
        raise ValueError(f"header {_shown(name)} would be dropped: choose another name")
    if not _NAME.fullmatch(name):
        fix = re.sub(r"[^A-Za-z0-9]", "", name)[:NAME_LENGTH] or "letters and digits"
        raise ValueError(
            f"header {_shown(name)} would be dropped: a name has letters and digits only; "
            f"write {fix}"
        )
    if len(name) > NAME_LENGTH:
        raise ValueError(
            f"header {_shown(name)} would be dropped: shorten it to {NAME_LENGTH} characters"
        )


def _check_value(name: str, value: str) -> None:
    if not _VALUE.fullmatch(value):
        raise ValueError(
            f"header {name} would be dropped: its value may hold letters, digits and % only, and "
            "must not be empty; percent-encode or remove the rest"
        )
    if len(value) > VALUE_LENGTH:
        raise ValueError(
            f"header {name} would be dropped: shorten its value to {VALUE_LENGTH} characters"
        )


def _shown(name: str) -> str:
    """Return a name that may be hostile in a form that is safe to print."""
    return ascii(name[:40])


def _from_text(value: Any) -> Any:
    return parse_headers(value) if isinstance(value, str) else value


SipHeaders = Annotated[
    Mapping[str, str], BeforeValidator(_from_text), AfterValidator(checked_headers)
]
