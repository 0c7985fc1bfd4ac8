"""What each reason means for the next step: data, total over `Reason`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from escalate.values import Reason


@dataclass(frozen=True, slots=True)
class Meaning:
    """How to go on after an attempt ended for a reason.

    `retryable`: the same destination may succeed a moment later. `alarm`: an operator has to mend
    something, because no caller will get through this way until then.
    """

    retryable: bool
    alarm: bool = False


# Whatever is not plainly temporary is not tried again: a caller who waits deserves the next door.
MEANINGS: Final[Mapping[Reason, Meaning]] = {
    Reason.COMPLETED: Meaning(retryable=False),
    Reason.NO_ANSWER: Meaning(retryable=True),
    Reason.BUSY: Meaning(retryable=True),
    Reason.DECLINED: Meaning(retryable=False),
    Reason.SIP_AUTH_FAILED: Meaning(retryable=False, alarm=True),
    Reason.SIP_AUTH_TIMEOUT: Meaning(retryable=True),
    Reason.UNREACHABLE: Meaning(retryable=False),
    Reason.INVALID_DESTINATION: Meaning(retryable=False, alarm=True),
    Reason.NOT_PERMITTED: Meaning(retryable=False, alarm=True),
    Reason.DEFERRED: Meaning(retryable=True),  # when the time that he asked for has passed
    Reason.MACHINE: Meaning(retryable=False),
    Reason.NOT_CONFIRMED: Meaning(retryable=False),
    Reason.LOST_RACE: Meaning(retryable=True),
    Reason.CARRIER_ERROR: Meaning(retryable=True),
    Reason.OUR_DOCUMENT: Meaning(retryable=False, alarm=True),
    Reason.CANCELLED: Meaning(retryable=False),
    Reason.CALLER_LEFT: Meaning(retryable=False),
    Reason.RETRACTED: Meaning(retryable=False),
    Reason.CLOSED: Meaning(retryable=False),
    Reason.AWAY: Meaning(retryable=False),
    Reason.NO_DESTINATION: Meaning(retryable=False, alarm=True),
    Reason.BUDGET_SPENT: Meaning(retryable=False),
    Reason.STREAM_LOST: Meaning(retryable=False, alarm=True),
    Reason.REQUEST_REFUSED: Meaning(retryable=False, alarm=True),
    Reason.UNKNOWN: Meaning(retryable=False),
}
