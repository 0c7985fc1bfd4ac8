"""Scripted telephones and SIP endpoints."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from escalate.emulator import audio, legs, speech

if TYPE_CHECKING:
    from escalate.emulator.clock import Clock
    from escalate.emulator.masking import Mask

_SETUP_S: Final = 0.02
_BETWEEN_KEYS_S: Final = 0.2
_GREETING: Final = "Hello, this is a person. How can I help you?"
_MACHINE: Final = "Nobody is here right now. Please leave a message after the tone."


class Challenge(BaseModel):
    """The digest credentials an endpoint demands."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    username: str
    password: str = Field(repr=False)
    realm: str = "sip.example.com"


class Phone(BaseModel):
    """How one telephone behaves when it is called."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    answers_after_s: float | None = Field(default=0.5, ge=0)
    challenge: Challenge | None = None
    silent_after_challenge: bool = False
    busy: bool = False
    declines: bool = False
    unregistered: bool = False
    talks_s: float | None = Field(default=None, ge=0)
    presses: str = Field(default="", pattern=r"^[0-9*#]*$")
    machine: bool = False


class PhoneBook:
    """Telephones by address: digits without `+`, or a SIP URI; `*` stands for all others."""

    def __init__(self) -> None:
        self._phones: dict[str, Phone] = {}

    def merge(self, phones: Mapping[str, Phone]) -> None:
        """Add telephones, replacing those at the same address."""
        self._phones.update({_plain(address): phone for address, phone in phones.items()})

    def find(self, address: str) -> Phone | None:
        """Return the telephone at an address, or the one that stands for all."""
        return self._phones.get(_plain(address)) or self._phones.get("*")

    def forget(self) -> None:
        """Remove every telephone."""
        self._phones.clear()


class ScriptedPhones:
    """A `PhoneNetwork` of scripted telephones: one call's own book first, then the common one."""

    def __init__(self, *books: PhoneBook, clock: Clock, auth_timeout_s: float) -> None:
        self._books = books
        self._clock = clock
        self._auth_timeout_s = auth_timeout_s

    def dial(self, invitation: legs.Invitation) -> legs.Leg:
        """Start to call somebody; an address nobody described answers after half a second."""
        found = (book.find(invitation.to) for book in self._books)
        phone = next(filter(None, found), None) or Phone()
        return ScriptedLeg(phone, invitation, self._clock, self._auth_timeout_s)


class ScriptedLeg:
    """One call to one scripted telephone."""

    def __init__(
        self, phone: Phone, invitation: legs.Invitation, clock: Clock, auth_timeout_s: float
    ) -> None:
        self._phone = phone
        self._invitation = invitation
        self._clock = clock
        self._auth_timeout_s = auth_timeout_s
        self._events: asyncio.Queue[legs.LegEvent] = asyncio.Queue()
        self._speech: deque[bytes] = deque()
        self._is_bridged = asyncio.Event()
        self._script = asyncio.create_task(self._play())

    async def next_event(self) -> legs.LegEvent:
        """Wait for what happens next."""
        return await self._events.get()

    def bridged(self) -> None:
        """Start to talk."""
        self._is_bridged.set()

    def give(self, frame: bytes) -> None:
        """Hear nothing: a scripted telephone has no ear."""

    def take(self) -> bytes:
        """Return the next 20 ms of the greeting, then silence."""
        return self._speech.popleft() if self._speech else audio.SILENT_FRAME

    def hang_up(self) -> None:
        """Stop ringing or talking."""
        self._script.cancel()

    async def _play(self) -> None:
        await self._clock.sleep(_SETUP_S)
        ending = await self._ring() or await self._talk()
        self._events.put_nowait(legs.Ended(ending))

    async def _ring(self) -> legs.LegCause | None:
        """Ring; return why nobody answered, or None when somebody did."""
        phone = self._phone
        if phone.unregistered:
            is_user = self._invitation.to.startswith("sip:")
            return legs.UNREGISTERED if is_user else legs.OUT_OF_SERVICE
        if phone.challenge or phone.silent_after_challenge:
            self._events.put_nowait(legs.Challenged())
            await self._clock.sleep(_SETUP_S)
            if refusal := await self._authenticate():
                return refusal
        if phone.busy:
            return legs.BUSY
        self._events.put_nowait(legs.Ringing())
        if phone.declines:
            await self._clock.sleep(phone.answers_after_s or 0)
            return legs.DECLINED
        if phone.answers_after_s is None:
            await asyncio.Event().wait()
        greeting = await speech.speak(_MACHINE if phone.machine else _GREETING)
        await self._clock.sleep(phone.answers_after_s or 0)
        self._speech.extend(audio.frames(greeting))
        self._events.put_nowait(legs.Answered())
        return None

    async def _authenticate(self) -> legs.LegCause | None:
        if self._phone.silent_after_challenge:
            await self._clock.sleep(self._auth_timeout_s)
            return legs.AUTH_TIMEOUT
        demanded, given = self._phone.challenge, self._invitation
        assert demanded is not None
        right = (demanded.username, demanded.password) == (given.username, given.password)
        return None if right else legs.AUTH_FAILED

    async def _talk(self) -> legs.LegCause:
        for digit in self._phone.presses:
            await self._clock.sleep(_BETWEEN_KEYS_S)
            self._events.put_nowait(legs.Pressed(digit))
        await self._is_bridged.wait()
        if self._phone.talks_s is None:
            await asyncio.Event().wait()
        await self._clock.sleep(self._phone.talks_s or 0)
        return legs.NORMAL


def describe(phones: Mapping[str, Phone], mask: Mask) -> dict[str, Any]:
    """Return telephones for the log, after hiding their passwords for good."""
    for phone in phones.values():
        mask.remember(phone.challenge.password if phone.challenge else None)
    return {address: phone.model_dump(exclude_defaults=True) for address, phone in phones.items()}


def _plain(address: str) -> str:
    return address.partition(";")[0].lower() if address.startswith("sip:") else address.lstrip("+")
