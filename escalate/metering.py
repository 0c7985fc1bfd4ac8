"""Counts what one process makes happen, in the text format of Prometheus.

Each change of a call is made by one process and counted there, so the sum over all processes is
right. Labels are names of the settings and of our own enumerations: nothing of a caller is in them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from escalate.transfer.news import News, Step

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_BOUNDS_S: Final = (2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)
_HELP: Final[Mapping[str, str]] = {
    "escalate_opened_total": "Escalations: how often a human was asked for.",
    "escalate_ended_total": "Escalations that have ended.",
    "escalate_attempts_total": "Attempts to reach a human that have succeeded or failed.",
}
_WAIT: Final = "escalate_time_to_human_seconds"

Labels = tuple[tuple[str, str], ...]


class Meters:
    """The counters of one process."""

    def __init__(self) -> None:
        self._counted: Counter[tuple[str, Labels]] = Counter()
        self._waits = [0] * (len(_BOUNDS_S) + 1)
        self._waited_s = 0.0

    def take_in(self, news: News) -> None:
        """Count one step of an escalation."""
        held, attempt = news.escalation, news.attempt
        match news.step:
            case Step.OPENED:
                self._count("escalate_opened_total", trigger=held.trigger, mode=held.mode)
            case Step.CONNECTED if attempt is not None and attempt.connected_at is not None:
                self._count_attempt(attempt.destination, "connected")
                self._wait(attempt.connected_at - held.opened_at)
            case Step.FAILED if attempt is not None:
                self._count_attempt(attempt.destination, attempt.reason or "unknown")
            case Step.ENDED if held.ending is not None:
                ending = held.ending
                self._count("escalate_ended_total", outcome=ending.outcome, reason=ending.reason)

    def text(self) -> str:
        """Return all of it, as a scrape wants it."""
        return "".join(f"{line}\n" for line in (*self._counters(), *self._histogram()))

    def _count_attempt(self, destination: str, result: str) -> None:
        self._count("escalate_attempts_total", destination=destination, result=result)

    def _count(self, name: str, **labels: str) -> None:
        self._counted[name, tuple(labels.items())] += 1

    def _wait(self, seconds: float) -> None:
        self._waits[bisect_left(_BOUNDS_S, seconds)] += 1
        self._waited_s += seconds

    def _counters(self) -> Iterator[str]:
        for name, told in _HELP.items():
            yield f"# HELP {name} {told}"
            yield f"# TYPE {name} counter"
            for (counted, labels), number in self._counted.items():
                if counted == name:
                    yield f"{name}{{{_written(labels)}}} {number}"

    def _histogram(self) -> Iterator[str]:
        yield f"# HELP {_WAIT} From the request for a human until he talks to the caller."
        yield f"# TYPE {_WAIT} histogram"
        total = 0
        for bound, number in zip((*_BOUNDS_S, "+Inf"), self._waits, strict=True):
            total += number
            yield f'{_WAIT}_bucket{{le="{bound}"}} {total}'
        yield f"{_WAIT}_sum {self._waited_s:.3f}"
        yield f"{_WAIT}_count {total}"


def _written(labels: Labels) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
