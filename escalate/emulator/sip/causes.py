"""What a SIP answer is in Plivo's words.

Plivo documents its own codes and nothing of how SIP responses lead to them; 4240 and 4250 are
described on its transfer page. The rest is decided here by what the names say, and the names of
FreeSWITCH are those of its own mapping of SIP responses.
"""

from __future__ import annotations

from typing import Final

from escalate.emulator import legs
from escalate.emulator.legs import LegCause
from escalate.plivo.causes import DialStatus

_FAILED: Final = DialStatus.FAILED
SILENT: Final = LegCause(3070, _FAILED, "RECOVERY_ON_TIMER_EXPIRE")
NO_CODEC: Final = LegCause(2010, _FAILED, "INCOMPATIBLE_DESTINATION")
_UNALLOCATED: Final = LegCause(3050, _FAILED, "UNALLOCATED_NUMBER")
_FORBIDDEN: Final = LegCause(3040, _FAILED, "CALL_REJECTED")
_SERVER_ERROR: Final = LegCause(3080, _FAILED, "NORMAL_TEMPORARY_FAILURE")

_BY_STATUS: Final = {
    401: legs.AUTH_FAILED,
    403: _FORBIDDEN,
    404: _UNALLOCATED,
    407: legs.AUTH_FAILED,
    408: LegCause(3070, DialStatus.NO_ANSWER, "RECOVERY_ON_TIMER_EXPIRE"),
    410: _UNALLOCATED,
    415: NO_CODEC,
    480: legs.NO_ANSWER,
    482: legs.LOOP,
    484: LegCause(2000, _FAILED, "INVALID_NUMBER_FORMAT"),
    486: legs.BUSY,
    487: legs.NO_ANSWER,
    488: NO_CODEC,
    502: LegCause(5000, _FAILED, "NETWORK_OUT_OF_ORDER"),
    503: LegCause(3090, _FAILED, "NORMAL_TEMPORARY_FAILURE"),
    504: SILENT,
    600: LegCause(3100, DialStatus.BUSY, "USER_BUSY"),
    603: legs.DECLINED,
    604: LegCause(3120, _FAILED, "NO_ROUTE_DESTINATION"),
    606: NO_CODEC,
    607: LegCause(3130, _FAILED, "CALL_REJECTED"),
}
_BY_CLASS: Final = {
    # A redirection is not followed: credentials for one host are no other host's business.
    3: LegCause(5020, _FAILED, "REDIRECTION_TO_NEW_DESTINATION"),
    4: legs.OUT_OF_SERVICE,
    5: _SERVER_ERROR,
    6: legs.DECLINED,
}


def of(status: int, *, authenticated: bool) -> LegCause:
    """Return why a leg failed; who refuses credentials may do so with a plain 403."""
    if authenticated and status == 403:
        return legs.AUTH_FAILED
    return _BY_STATUS.get(status) or _BY_CLASS[status // 100]
