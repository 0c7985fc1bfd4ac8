"""Why a call or a leg ended, in Plivo's words and in ours.

Codes and names are those of Plivo's "Hangup causes and sources" page, with 4240 and 4250 of the
"Transfer to a human agent" page. Plivo uses three vocabularies for the same facts (its own names
and codes, FreeSWITCH's names, and `DialStatus`), and its pages disagree on their case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from escalate.values import Reason


class DialStatus(StrEnum):
    """How a Dial ended, as its action URL is told."""

    COMPLETED = "completed"
    BUSY = "busy"
    FAILED = "failed"
    CANCEL = "cancel"
    TIMEOUT = "timeout"
    NO_ANSWER = "no-answer"


class HangupSource(StrEnum):
    """Who ended a call. The API spells the recipient "Callee", the page "Call recipient"."""

    CALLER = "Caller"
    CALLEE = "Callee"
    PLIVO = "Plivo"
    CARRIER = "Carrier"
    API_REQUEST = "API Request"
    ANSWER_XML = "Answer XML"
    ERROR = "Error"
    UNKNOWN = "Unknown"


_TABLE: Final[tuple[tuple[int, str, Reason], ...]] = (
    (0, "Unknown", Reason.UNKNOWN),
    (1000, "Canceled", Reason.CANCELLED),
    (1010, "Canceled (Out Of Credits)", Reason.NOT_PERMITTED),
    (1020, "Canceled (Simultaneous dial limit reached)", Reason.CARRIER_ERROR),
    (2000, "Invalid Destination Address", Reason.INVALID_DESTINATION),
    (2010, "Destination Out Of Service", Reason.UNREACHABLE),
    (2020, "Endpoint Not Registered", Reason.UNREACHABLE),
    (2030, "Destination Country Barred", Reason.NOT_PERMITTED),
    (2040, "Destination Number Barred", Reason.NOT_PERMITTED),
    (2050, "Destination Prefix Barred", Reason.NOT_PERMITTED),
    (2060, "Loop Detected", Reason.INVALID_DESTINATION),
    (2070, "Violates Media Anchoring", Reason.NOT_PERMITTED),
    (3000, "No Answer", Reason.NO_ANSWER),
    (3010, "Busy Line", Reason.BUSY),
    (3020, "Rejected", Reason.DECLINED),
    (3030, "Unknown Caller ID", Reason.NOT_PERMITTED),
    (3040, "Forbidden", Reason.NOT_PERMITTED),
    (3050, "Unallocated number", Reason.INVALID_DESTINATION),
    (3070, "Request timeout", Reason.UNREACHABLE),
    (3080, "Internal server error from carrier", Reason.CARRIER_ERROR),
    (3090, "Network congestion from carrier", Reason.CARRIER_ERROR),
    (3100, "Busy everywhere", Reason.BUSY),
    (3110, "Declined", Reason.DECLINED),
    (3120, "User does not exist anywhere", Reason.INVALID_DESTINATION),
    (3130, "Spam block", Reason.NOT_PERMITTED),
    (3140, "DNO Caller ID", Reason.NOT_PERMITTED),
    (4000, "Normal Hangup", Reason.COMPLETED),
    (4010, "End Of XML Instructions", Reason.OUR_DOCUMENT),
    (4020, "Multiparty Call Ended", Reason.COMPLETED),
    (4030, "Kicked Out Of Multiparty Call", Reason.COMPLETED),
    (4240, "sip_auth_failed", Reason.SIP_AUTH_FAILED),
    (4250, "sip_auth_timeout", Reason.SIP_AUTH_TIMEOUT),
    (5000, "Network Error", Reason.CARRIER_ERROR),
    (5010, "Internal Error", Reason.CARRIER_ERROR),
    (5020, "Routing Error", Reason.UNREACHABLE),
    (5030, "Concurrency Limit Breached", Reason.CARRIER_ERROR),
    (6000, "Scheduled Hangup", Reason.COMPLETED),
    (6010, "Ring Timeout Reached", Reason.NO_ANSWER),
    (6020, "Media Timeout", Reason.CARRIER_ERROR),
    (7011, "Error Reaching Answer URL", Reason.OUR_DOCUMENT),
    (7012, "Error Reaching Action URL", Reason.OUR_DOCUMENT),
    (7013, "Error Reaching Transfer URL", Reason.OUR_DOCUMENT),
    (7014, "Error Reaching Redirect URL", Reason.OUR_DOCUMENT),
    (7022, "Invalid Action URL", Reason.OUR_DOCUMENT),
    (7023, "Invalid Transfer URL", Reason.OUR_DOCUMENT),
    (7024, "Invalid Redirect URL", Reason.OUR_DOCUMENT),
    (7032, "Invalid Method For Action URL", Reason.OUR_DOCUMENT),
    (7033, "Invalid Method For Transfer URL", Reason.OUR_DOCUMENT),
    (7034, "Invalid Method For Redirect URL", Reason.OUR_DOCUMENT),
    (8011, "Invalid Answer XML", Reason.OUR_DOCUMENT),
    (8012, "Invalid Action XML", Reason.OUR_DOCUMENT),
    (8013, "Invalid Transfer XML", Reason.OUR_DOCUMENT),
    (8014, "Invalid Redirect XML", Reason.OUR_DOCUMENT),
    (9000, "Lost Race", Reason.LOST_RACE),
    (9100, "Machine Detected", Reason.MACHINE),
    (9110, "Confirm Key Challenge Failed", Reason.NOT_CONFIRMED),
)

CAUSES: Final[Mapping[int, str]] = MappingProxyType({code: name for code, name, _ in _TABLE})
"""Plivo's hangup causes: code to name."""

_BY_CODE: Final = {code: reason for code, _, reason in _TABLE}

# ITU-T Q.850 causes under the names FreeSWITCH gives them, which `HangupCause` carries.
_BY_FREESWITCH_NAME: Final = {
    "NONE": Reason.UNKNOWN,
    "UNSPECIFIED": Reason.UNKNOWN,
    "UNALLOCATED_NUMBER": Reason.INVALID_DESTINATION,
    "NO_ROUTE_TRANSIT_NET": Reason.UNREACHABLE,
    "NO_ROUTE_DESTINATION": Reason.UNREACHABLE,
    "CHANNEL_UNACCEPTABLE": Reason.CARRIER_ERROR,
    "NORMAL_CLEARING": Reason.COMPLETED,
    "USER_BUSY": Reason.BUSY,
    "NO_USER_RESPONSE": Reason.UNREACHABLE,
    "NO_ANSWER": Reason.NO_ANSWER,
    "SUBSCRIBER_ABSENT": Reason.UNREACHABLE,
    "CALL_REJECTED": Reason.DECLINED,
    "NUMBER_CHANGED": Reason.INVALID_DESTINATION,
    "REDIRECTION_TO_NEW_DESTINATION": Reason.UNREACHABLE,
    "EXCHANGE_ROUTING_ERROR": Reason.UNREACHABLE,
    "DESTINATION_OUT_OF_ORDER": Reason.UNREACHABLE,
    "INVALID_NUMBER_FORMAT": Reason.INVALID_DESTINATION,
    "FACILITY_REJECTED": Reason.NOT_PERMITTED,
    "NORMAL_UNSPECIFIED": Reason.COMPLETED,
    "NORMAL_CIRCUIT_CONGESTION": Reason.CARRIER_ERROR,
    "NETWORK_OUT_OF_ORDER": Reason.CARRIER_ERROR,
    "NORMAL_TEMPORARY_FAILURE": Reason.CARRIER_ERROR,
    "SWITCH_CONGESTION": Reason.CARRIER_ERROR,
    "REQUESTED_CHAN_UNAVAIL": Reason.CARRIER_ERROR,
    "OUTGOING_CALL_BARRED": Reason.NOT_PERMITTED,
    "INCOMING_CALL_BARRED": Reason.NOT_PERMITTED,
    "BEARERCAPABILITY_NOTAUTH": Reason.NOT_PERMITTED,
    "BEARERCAPABILITY_NOTAVAIL": Reason.CARRIER_ERROR,
    "SERVICE_UNAVAILABLE": Reason.CARRIER_ERROR,
    "SERVICE_NOT_IMPLEMENTED": Reason.CARRIER_ERROR,
    "INCOMPATIBLE_DESTINATION": Reason.CARRIER_ERROR,
    "RECOVERY_ON_TIMER_EXPIRE": Reason.UNREACHABLE,
    "MANDATORY_IE_MISSING": Reason.CARRIER_ERROR,
    "PROTOCOL_ERROR": Reason.CARRIER_ERROR,
    "INTERWORKING": Reason.CARRIER_ERROR,
    "CRASH": Reason.CARRIER_ERROR,
    "SYSTEM_SHUTDOWN": Reason.CARRIER_ERROR,
    "MEDIA_TIMEOUT": Reason.CARRIER_ERROR,
    "GATEWAY_DOWN": Reason.CARRIER_ERROR,
    "ORIGINATOR_CANCEL": Reason.CANCELLED,
    "MANAGER_REQUEST": Reason.CANCELLED,
    "LOSE_RACE": Reason.LOST_RACE,
    "PICKED_OFF": Reason.LOST_RACE,
    "ALLOTTED_TIMEOUT": Reason.COMPLETED,
    "USER_CHALLENGE": Reason.SIP_AUTH_FAILED,
    "USER_NOT_REGISTERED": Reason.UNREACHABLE,
    "PROGRESS_TIMEOUT": Reason.NO_ANSWER,
}

_BY_STATUS: Final = {
    DialStatus.COMPLETED: Reason.COMPLETED,
    DialStatus.BUSY: Reason.BUSY,
    DialStatus.FAILED: Reason.UNREACHABLE,
    DialStatus.CANCEL: Reason.CANCELLED,
    # Pages disagree which of the two a ring-out is; sip_auth_timeout is told by cause and code.
    DialStatus.TIMEOUT: Reason.NO_ANSWER,
    DialStatus.NO_ANSWER: Reason.NO_ANSWER,
}

# RFC 3261 section 21, and 607/608 of RFC 8197 and RFC 8688.
_BY_SIP_CODE: Final = {
    401: Reason.SIP_AUTH_FAILED,
    402: Reason.NOT_PERMITTED,
    403: Reason.NOT_PERMITTED,
    404: Reason.INVALID_DESTINATION,
    407: Reason.SIP_AUTH_FAILED,
    408: Reason.UNREACHABLE,
    410: Reason.INVALID_DESTINATION,
    416: Reason.INVALID_DESTINATION,
    480: Reason.UNREACHABLE,
    484: Reason.INVALID_DESTINATION,
    486: Reason.BUSY,
    487: Reason.CANCELLED,
    600: Reason.BUSY,
    603: Reason.DECLINED,
    604: Reason.INVALID_DESTINATION,
    607: Reason.DECLINED,
    608: Reason.DECLINED,
}
SIP_CODES: Final = tuple(_BY_SIP_CODE)
"""The SIP responses that say more than their class does."""

# What a class of SIP responses means where the response itself is not in the table.
_BY_SIP_CLASS: Final = {
    2: Reason.COMPLETED,
    3: Reason.UNREACHABLE,
    4: Reason.CARRIER_ERROR,
    5: Reason.CARRIER_ERROR,
    6: Reason.DECLINED,
}

_AUTHENTICATION: Final = frozenset({Reason.SIP_AUTH_FAILED, Reason.SIP_AUTH_TIMEOUT})
_WEAK: Final = frozenset({Reason.COMPLETED, Reason.CANCELLED})


def _plain(name: str) -> str:
    """Fold case and punctuation: "no-answer", "No Answer" and "NO_ANSWER" are one name."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


_BY_NAME: Final = {
    **{_plain(status): reason for status, reason in _BY_STATUS.items()},
    **{_plain(name): reason for name, reason in _BY_FREESWITCH_NAME.items()},
    **{_plain(name): reason for _, name, reason in _TABLE},
}


def reason_for(
    *,
    status: str | None = None,
    cause_name: str | None = None,
    cause_code: int | str | None = None,
    sip_code: int | str | None = None,
) -> Reason:
    """Return why a leg ended, from whatever the carrier said about it.

    Any part may be missing, unknown or in any case. The most specific part that means something
    decides: failed SIP authentication wherever it is named, then the code, the cause's name, the
    SIP response and last the `DialStatus`. "Ended normally" and "cancelled" are the answers that
    a status can overrule: a leg that rang out or was busy may be cleared or cancelled as well.

    Args:
        status: `DialStatus` of a Dial's action.
        cause_name: `DialHangupCause`, `HangupCauseName` or `HangupCause`.
        cause_code: `HangupCauseCode` or `DialBLegHangupCauseCode`.
        sip_code: A final SIP response, where a SIP stack reports one.
    """
    by_status = _BY_NAME.get(_plain(status or ""), Reason.UNKNOWN)
    by_sip = _from_sip(_number(sip_code))
    said = (
        _BY_CODE.get(_number(cause_code), Reason.UNKNOWN),
        _BY_NAME.get(_plain(cause_name or ""), Reason.UNKNOWN),
        by_sip,
        by_status,
    )
    known = [reason for reason in said if reason is not Reason.UNKNOWN]
    for reason in known:
        if reason in _AUTHENTICATION:
            return reason
    if known and known[0] in _WEAK and by_status is not Reason.UNKNOWN:
        return by_status
    return known[0] if known else Reason.UNKNOWN


def most_telling(names: Iterable[str]) -> str | None:
    """Return the cause name that says most about an ending, of several given for it."""
    return max(names, key=_telling, default=None)


def _telling(name: str) -> int:
    reason = _BY_NAME.get(_plain(name), Reason.UNKNOWN)
    if reason in _AUTHENTICATION:
        return 3
    if reason is Reason.UNKNOWN:
        return 0
    return 1 if reason in _WEAK else 2


def hangup_source(text: str | None) -> HangupSource:
    """Return who ended a call; what Plivo does not document is UNKNOWN."""
    return _SOURCES.get(_plain(text or ""), HangupSource.UNKNOWN)


_SOURCES: Final = {
    **{_plain(source): source for source in HangupSource},
    "call_recipient": HangupSource.CALLEE,
}


def _number(value: int | str | None) -> int:
    """Return a code as a number; -1, which no table holds, where there is none."""
    try:
        return int(value) if value is not None else -1
    except ValueError:
        return -1


def _from_sip(code: int) -> Reason:
    return _BY_SIP_CODE.get(code) or _BY_SIP_CLASS.get(code // 100, Reason.UNKNOWN)
