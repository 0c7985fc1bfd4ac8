"""What the text of an attribute may be.

A rule turns text into a value or raises `ValueError` with words that follow the attribute's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

Rule = Callable[[str], Any]

_SIP: Final = re.compile(
    r"sip:[^\s@<>,;\"]+@[A-Za-z0-9.\-]+(:\d{1,5})?(;[a-z]+=[A-Za-z0-9.\-]+)*\Z"
)
_NUMBER: Final = re.compile(r"\+?\d{3,15}\Z")
_DIGITS: Final = re.compile(r"[0-9*#wW]*\Z")
_PASSWORD_LENGTH: Final = range(8, 129)


def flag(text: str) -> bool:
    """Read `true` or `false`."""
    if text not in ("true", "false"):
        raise ValueError("must be true or false")
    return text == "true"


def whole(low: int, high: int | None = None) -> Rule:
    """Make a rule for a whole number within bounds."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit()):
            raise ValueError("must be a whole number")
        if int(text) < low or (high is not None and int(text) > high):
            raise ValueError(f"must be from {low} to {high}" if high else f"must be {low} or more")
        return int(text)

    return read


def one_of(*values: str) -> Rule:
    """Make a rule for one word out of several."""

    def read(text: str) -> str:
        if text not in values:
            raise ValueError(f"must be one of {', '.join(values)}")
        return text

    return read


def matching(pattern: re.Pattern[str], meaning: str) -> Rule:
    """Make a rule for text of a certain form."""

    def read(text: str) -> str:
        if not pattern.match(text):
            raise ValueError(f"must be {meaning}")
        return text

    return read


def or_auto(rule: Rule) -> Rule:
    """Make a rule that also takes `auto`, read as None."""

    def read(text: str) -> Any:
        return None if text == "auto" else rule(text)

    return read


def left_off(text: str) -> bool:
    """Read a switch that the local Plivo cannot turn on."""
    if flag(text):
        raise ValueError("is not emulated by the local Plivo unless it is false")
    return False


def at_most(length: int) -> Rule:
    """Make a rule for text of a bounded length."""

    def read(text: str) -> str:
        if len(text.encode()) > length:
            raise ValueError(f"must not be longer than {length} bytes")
        return text

    return read


METHOD: Final = one_of("GET", "POST")
HTTP_URL: Final = matching(re.compile(r"https?://[^\s/]+\S*\Z"), "an absolute http(s) URL")
KEY: Final = matching(re.compile(r"[0-9*#]\Z"), "one of 0-9, * and #")
_FINISH_KEY: Final = re.compile(r"([0-9*#]|none)?\Z")
KEYS: Final = matching(_DIGITS, "made of 0-9, *, #, w and W")
NUMBER: Final = matching(_NUMBER, "a number of 3 to 15 digits")
SIP_URI: Final = matching(_SIP, "a SIP URI (sip:user@host)")


def finish_key(text: str) -> str:
    """Read the key that finishes an input; empty when none does."""
    if not _FINISH_KEY.match(text):
        raise ValueError("must be one of 0-9, *, # and none")
    return "" if text == "none" else text


def check_credentials(username: str | None, password: str | None) -> None:
    """Raise `ValueError` unless both are given or neither, and the password has 8 to 128 letters.

    Source: Plivo's SIP authentication page, for `<User>` and for Make Call alike.
    """
    if (username is None) != (password is None) or username == "":
        raise ValueError("sipAuthUsername and sipAuthPassword must be given together")
    if password is not None and len(password) not in _PASSWORD_LENGTH:
        raise ValueError("sipAuthPassword must have 8 to 128 characters")


def is_sip(address: str) -> bool:
    """Tell whether an address is a SIP URI that can be called."""
    return bool(_SIP.match(address))


def is_number(address: str) -> bool:
    """Tell whether an address is a telephone number."""
    return bool(_NUMBER.match(address))


def check_content(rule: Rule, body: str) -> None:
    """Apply a rule to what stands between the tags."""
    try:
        rule(body)
    except ValueError as exc:
        raise ValueError(f"its content {exc}") from None
