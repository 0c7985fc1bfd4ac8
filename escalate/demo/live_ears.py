"""Ears for a caller who has no script: the words come from the local Plivo that speaks them.

What he says is in its log the moment he begins. It is heard word by word as he goes on, the final
result a moment after the last, as a streaming recogniser would have it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

import httpx

from escalate.demo.transcripts import WORD_S, Line, spoken

log = logging.getLogger("escalate")

_WAIT_S: Final = 20.0
_OVER: Final = frozenset({"stream.closed", "call.ended"})


def following(log_url: str) -> Callable[[], deque[Line]]:
    """Return a lookup for the stream that was opened last; its lines grow while the caller speaks.

    Ears look it up when their stream opens, so it serves a process that carries one call at a time.
    """

    def of_this_stream() -> deque[Line]:
        heard: deque[Line] = deque()
        work = threading.Thread(target=_follow, args=(log_url, heard), daemon=True)
        work.start()
        return heard

    return of_this_stream


def _follow(log_url: str, heard: deque[Line]) -> None:
    """Add the caller's words to `heard` as he says them, until his stream is over."""
    try:
        with httpx.Client(trust_env=False, timeout=2 * _WAIT_S) as http:
            for event in _events(http, log_url):
                if event["kind"] in _OVER:
                    return
                if event["kind"] == "caller.says":
                    _hear(event["text"], event["seconds"], heard)
    except httpx.HTTPError as error:
        log.warning("the caller is not heard any more: %s", type(error).__name__)


def _events(http: httpx.Client, log_url: str) -> Iterator[dict[str, Any]]:
    """Yield what happens in the call whose stream was opened last, from then on."""
    opened = [e for e in _ask(http, log_url) if e["kind"] == "stream.opened"]
    if not opened:
        return
    call, after = opened[-1]["call"], opened[-1]["seq"]
    while True:
        for event in _ask(http, log_url, call=call, after=after, wait=_WAIT_S):
            after = event["seq"]
            yield event


def _ask(http: httpx.Client, log_url: str, **query: str | float) -> list[dict[str, Any]]:
    reply = http.get(log_url, params=query)
    reply.raise_for_status()
    return list(reply.json()["events"])


def _hear(text: str, seconds: float, heard: deque[Line]) -> None:
    """Add the results of one utterance, each when its time has come."""
    pace = seconds / (WORD_S * max(1, len(text.split())))
    begun = time.monotonic()
    for line in spoken(text, 0.0):
        time.sleep(max(0.0, begun + line.at * pace - time.monotonic()))
        # Whoever listens has heard more than nothing, so it is due at once.
        heard.append(replace(line, at=0.0))
