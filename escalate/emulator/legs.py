"""The one place where somebody is dialled: what a leg is asked, what it tells, how it can end.

`phones.py` implements `PhoneNetwork` with scripted telephones, `sip/` over the wire. Nothing else
in the emulator knows how a leg is reached.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from escalate.plivo.causes import CAUSES, DialStatus

if TYPE_CHECKING:
    from escalate.emulator.ear import Ear


@dataclass(frozen=True, slots=True)
class LegCause:
    """Why a leg ended, in the three vocabularies Plivo uses."""

    code: int
    status: DialStatus
    freeswitch: str

    @property
    def name(self) -> str:
        """Plivo's own name of the cause."""
        return CAUSES[self.code]


NORMAL: Final = LegCause(4000, DialStatus.COMPLETED, "NORMAL_CLEARING")
TIME_LIMIT: Final = LegCause(6000, DialStatus.COMPLETED, "ALLOTTED_TIMEOUT")
CANCELED: Final = LegCause(1000, DialStatus.CANCEL, "ORIGINATOR_CANCEL")
LOST_RACE: Final = LegCause(9000, DialStatus.CANCEL, "LOSE_RACE")
MACHINE: Final = LegCause(9100, DialStatus.COMPLETED, "NORMAL_CLEARING")
BUSY: Final = LegCause(3010, DialStatus.BUSY, "USER_BUSY")
DECLINED: Final = LegCause(3110, DialStatus.FAILED, "CALL_REJECTED")
NO_ANSWER: Final = LegCause(3000, DialStatus.NO_ANSWER, "NO_ANSWER")
RING_TIMEOUT: Final = LegCause(6010, DialStatus.NO_ANSWER, "NO_ANSWER")
NOT_CONFIRMED: Final = LegCause(9110, DialStatus.NO_ANSWER, "NO_ANSWER")
OUT_OF_SERVICE: Final = LegCause(2010, DialStatus.FAILED, "DESTINATION_OUT_OF_ORDER")
UNREGISTERED: Final = LegCause(2020, DialStatus.FAILED, "USER_NOT_REGISTERED")
LOOP: Final = LegCause(2060, DialStatus.FAILED, "EXCHANGE_ROUTING_ERROR")
UNKNOWN_CALLER_ID: Final = LegCause(3030, DialStatus.FAILED, "OUTGOING_CALL_BARRED")
# The seeds print these two in lower case where others are FreeSWITCH names.
AUTH_FAILED: Final = LegCause(4240, DialStatus.FAILED, "sip_auth_failed")
AUTH_TIMEOUT: Final = LegCause(4250, DialStatus.TIMEOUT, "sip_auth_timeout")


@dataclass(frozen=True, slots=True)
class Invitation:
    """Whom to call, as whom, and with what; `call` is the one that it is a leg of."""

    leg: str
    call: str
    to: str
    caller_id: str
    headers: dict[str, str] = field(default_factory=dict)
    username: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Challenged:
    """The other side demanded digest credentials (401 or 407)."""

    scheme: int = 407


@dataclass(frozen=True, slots=True)
class Ringing:
    """The other side is ringing."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Somebody picked up, or a machine did."""

    by_machine: bool = False


@dataclass(frozen=True, slots=True)
class Pressed:
    """The other side pressed a key."""

    digit: str


@dataclass(frozen=True, slots=True)
class Speaking:
    """The other side began to say something."""


@dataclass(frozen=True, slots=True)
class Said:
    """The other side has said something, in the words a recogniser would find."""

    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The other side refused, failed or hung up; nothing comes after this."""

    cause: LegCause


Input = Pressed | Speaking | Said
LegEvent = Challenged | Ringing | Answered | Input | Ended


class Leg(Protocol):
    """A leg that is being dialled or is up."""

    async def next_event(self) -> LegEvent:
        """Wait for what happens next."""

    def bridged(self) -> None:
        """Note that caller and leg hear one another from now on; may be called more than once."""

    def asked(self) -> None:
        """Note that the leg begins to hear a question that a key or words would answer."""

    def heard_out(self) -> None:
        """Note that the question is over."""

    def listen(self, ear: Ear) -> None:
        """Let the other side hear what this ear hears, until the leg ends."""

    def give(self, frame: bytes) -> None:
        """Let the other side hear 20 ms."""

    def take(self, at: float) -> bytes:
        """Return the 20 ms of what the other side says that begin at `at`."""

    def hang_up(self) -> None:
        """End the leg, or stop dialling it; may be called more than once."""


class PhoneNetwork(Protocol):
    """Whatever can reach a number or a SIP URI."""

    def dial(self, invitation: Invitation) -> Leg:
        """Start to call somebody."""
