"""Keeps secrets out of the log: known values wherever they appear, and named fields always."""

from __future__ import annotations

import re
from typing import Any, Final

MASK: Final = "***"
_SHORTEST_SECRET: Final = 4
_NAMED: Final = re.compile(
    r"(?i)(\b(?:sip_?auth_?password|password|authorization|auth_?token|token|secret|api_?key)"
    r"[\"']?\s*[=:]\s*)(?:\"[^\"]*\"|'[^']*'|[^&\s\"'<>,;#}]+)"
)
_USERINFO: Final = re.compile(r"(?<=://)[^/@\s]+(?=@)")
_SECRET_KEYS: Final = frozenset(
    {"sip_auth_password", "sipauthpassword", "authorization", "password", "auth_token", "token"}
)


class Mask:
    """Replaces secrets in whatever is about to be logged."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def remember(self, secret: str | None) -> None:
        """Hide this exact value from now on, wherever it turns up."""
        if secret and len(secret) >= _SHORTEST_SECRET:
            self._known.add(secret)

    def text(self, text: str) -> str:
        """Return the text without known secrets, credentials in URLs and named secret fields."""
        for secret in self._known:
            text = text.replace(secret, MASK)
        if "=" not in text and ":" not in text:
            return text
        return _USERINFO.sub(MASK, _NAMED.sub(_hide, text))

    def value(self, value: Any) -> Any:
        """Return a copy of a JSON value with every secret in it masked."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {
                key: MASK if str(key).lower() in _SECRET_KEYS else self.value(item)
                for key, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self.value(item) for item in value]
        return value


def _hide(match: re.Match[str]) -> str:
    rest = match.group(0)[len(match.group(1)) :]
    quote = rest[0] if rest[0] in "\"'" else ""
    return f"{match.group(1)}{quote}{MASK}{quote}"
