"""What every ending that Plivo documents means: how it goes on, what the caller hears, who is told.

`meaning_of` takes whatever was said about an ending. `meanings.md` beside this file has all of them
in a table; `python -m escalate.plivo.meanings` writes it.
"""

from __future__ import annotations

import sys
from typing import Final, NamedTuple

from escalate.handoff.sentences import FAILURES, Failure
from escalate.plivo.causes import CAUSES, SIP_CODES, DialStatus, reason_for
from escalate.transfer.outcomes import MEANINGS
from escalate.values import Outcome, Reason

_HEAD: Final = """\
# What an ending means

Every hangup cause, `DialStatus` and SIP failure that Plivo documents, by what it means to us. After
one that does not end the escalation the next destination is tried; "ends as" is for the last one,
with the bot as the last resort. Where several things are said of one ending the most specific
decides, and any other SIP response counts as its class does. `python -m escalate.plivo.meanings`
writes this page.
"""

# What ends an escalation by itself; after anything else the next destination is tried.
_ENDS: Final = {
    Reason.COMPLETED: Outcome.CONNECTED,
    Reason.CANCELLED: Outcome.CALLER_LEFT,
    Reason.CALLER_LEFT: Outcome.CALLER_LEFT,
    Reason.RETRACTED: Outcome.CANCELLED,
    Reason.REQUEST_REFUSED: Outcome.REFUSED,
}


class Meaning(NamedTuple):
    """What an ending means.

    `outcome` is how the escalation ends with it where nobody else is left to try and the bot is the
    last resort; `retryable` whether the same destination may be tried again; `sentence` what the
    caller is told if this was the last, and `alert` whether an operator is.
    """

    outcome: Outcome
    reason: Reason
    retryable: bool
    sentence: Failure
    alert: bool


def meaning_of(
    *,
    status: str | None = None,
    cause_name: str | None = None,
    cause_code: int | str | None = None,
    sip_code: int | str | None = None,
) -> Meaning:
    """Return what an ending means, from whatever the carrier said about it."""
    reason = reason_for(
        status=status, cause_name=cause_name, cause_code=cause_code, sip_code=sip_code
    )
    told = MEANINGS[reason]
    outcome = _ENDS.get(reason, Outcome.RETURNED)
    return Meaning(outcome, reason, told.retryable, FAILURES[reason], told.alarm)


def page() -> str:
    """Return every documented code, status and SIP response by what it means, as Markdown."""
    rows = [
        _HEAD,
        "| reason | hangup causes | DialStatus | SIP | ends as | again | alert | caller hears |",
        "|---|---|---|---|---|---|---|---|",
    ]
    rows += [_row(reason) for reason in Reason if _said_of(reason)]
    return "\n".join(rows) + "\n"


def _row(reason: Reason) -> str:
    codes, statuses, responses = _said_of(reason) or ("", "", "")
    told = MEANINGS[reason]
    again, alert = ("yes" if yes else "" for yes in (told.retryable, told.alarm))
    ends = _ENDS.get(reason, Outcome.RETURNED)
    cells = (reason, codes, statuses, responses, ends, again, alert, FAILURES[reason])
    return f"| {' | '.join(cells)} |"


def _said_of(reason: Reason) -> tuple[str, str, str] | None:
    """Return what the carrier says when it means `reason`, if it ever does."""
    codes = [str(code) for code in CAUSES if reason_for(cause_code=code) is reason]
    statuses = [status.value for status in DialStatus if reason_for(status=status) is reason]
    responses = [str(code) for code in SIP_CODES if reason_for(sip_code=code) is reason]
    if not (codes or statuses or responses):
        return None
    return " ".join(codes), " ".join(statuses), " ".join(responses)


if __name__ == "__main__":
    sys.stdout.write(page())
