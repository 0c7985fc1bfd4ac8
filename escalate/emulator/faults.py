"""Faults on order: requests that get lost, late, doubled or refused between Plivo and us."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_ORDER: Final = re.compile(
    r"(timeout|drop|lost-answer|status:[1-5]\d\d|repeat:[1-9]|delay:\d+(\.\d+)?)\Z"
)


class What(StrEnum):
    """What happens to a request.

    TIMEOUT: it reaches nobody, and no answer comes. DROP: the connection breaks before anything
    is carried out. LOST_ANSWER: it is carried out, then the connection breaks. STATUS: something
    in between answers. REPEAT: it is delivered that many times. DELAY: it is delivered later.
    """

    TIMEOUT = "timeout"
    DROP = "drop"
    LOST_ANSWER = "lost-answer"
    STATUS = "status"
    REPEAT = "repeat"
    DELAY = "delay"


@dataclass(frozen=True, slots=True)
class Order:
    """A fault, read from its written form such as `status:503`."""

    what: What
    amount: float = 0.0

    @classmethod
    def read(cls, text: str) -> Order:
        """Read the written form.

        Raises:
            ValueError: It is none of the known forms.
        """
        if not _ORDER.match(text):
            raise ValueError(f"unknown fault {text!r}")
        word, _, amount = text.partition(":")
        return cls(What(word), float(amount or 0))


@dataclass(slots=True)
class Fault:
    """Which requests are hit: all that match, or only the nth of them (counted from 1)."""

    kind: str
    order: Order
    method: str | None = None
    path: str = ""
    nth: int | None = None
    seen: int = 0

    def hits(self, kind: str, method: str, path: str) -> bool:
        """Count a request and tell whether it is hit."""
        if kind != self.kind or (self.method or method) != method or self.path not in path:
            return False
        self.seen += 1
        return self.nth in (None, self.seen)


class Faults:
    """The faults in force."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def replace(self, faults: list[Fault]) -> None:
        """Put these faults in force instead of the ones before; none at all is allowed."""
        self._faults = faults

    def order_for(self, kind: str, method: str, path: str) -> Order | None:
        """Return the fault that hits this request, if any; every fault counts the request."""
        hits = [fault.order for fault in self._faults if fault.hits(kind, method, path)]
        return hits[0] if hits else None
