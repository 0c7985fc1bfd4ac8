"""What every part of the REST API reads and answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from escalate.emulator.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Reply:
    """A status, and the fields of the answer besides `api_id`."""

    status: int
    fields: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def error(cls, status: int, text: str) -> Reply:
        """Return an answer in the form of Plivo's errors."""
        return cls(status, {"error": text})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, read."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]


NOT_FOUND: Final = Reply.error(404, "not found")
Handler = Callable[["Exchange", Asked], Awaitable[Reply]]
