"""What became of a call, in words: the same for a terminal and a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from escalate.demo.report import Attempt, Report

STAGES: Final[Mapping[str, str]] = {
    "asked_to_announcement": "from the request to the announcement",
    "announcement": "announcement",
    "released": "from its end to the bot's leaving",
    "dialed": "until a human's phone was dialled",
    "answered": "until it was answered",
    "accepted": "until the human took the caller",
    "accepted_to_announcement": "from then to the announcement",
    "bridged": "until caller and human were connected",
    "bridged_after_bot_left": "connected so far, without the bot",
}
"""The stages of a handoff by their names in a report."""

_OUTCOMES: Final = {
    "connected": "The caller was connected to a human: {destination}.",
    "returned": "No human could be reached. The caller is with the bot.",
    "with_bot": "The caller is with the bot.",
    "finished": "The bot ended the call, as it meant to.",
    "voicemail": "No human could be reached. The caller left a message.",
    "goodbye": "No human could be reached. The caller was told so, and the call ended.",
    "caller_left": "The caller hung up.",
    "lost": "THE CALLER IS LOST ({reason}).",
    "waiting": "The caller is neither with the bot nor with a human.",
}


def outcome_in(report: Report) -> str:
    """Return what became of the caller, as a sentence."""
    return _OUTCOMES[report.outcome].format(
        destination=report.destination or "nobody", reason=report.reason or "unknown"
    )


def ending_of(attempt: Attempt) -> str:
    """Return how an attempt ended, or that it has not."""
    told = f"{attempt.cause} ({attempt.code})" if attempt.code is not None else "connected"
    if attempt.answer is not None:
        told = f'answered "{attempt.answer}", {told}'
    return f"{told}, LEFT ALONE" if attempt.abandoned else told


def told(report: Report, unmet: Sequence[str]) -> dict[str, Any]:
    """Return a report as a message for the page; `unmet` says what should have been otherwise."""
    return {
        "type": "report",
        "outcome": outcome_in(report),
        "unmet": list(unmet),
        "attempts": [[one.destination, ending_of(one)] for one in report.attempts],
        "stages": [[ms, STAGES[name]] for name, ms in report.stages_ms.items()],
    }
