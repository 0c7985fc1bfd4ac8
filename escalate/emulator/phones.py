"""Scripted telephones and SIP endpoints."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from escalate.emulator import legs, speech
from escalate.emulator.caller import Utterance, Voice
from escalate.emulator.tasks import Signal, until

if TYPE_CHECKING:
    from escalate.emulator.clock import Clock
    from escalate.emulator.ear import Ear
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


_Keys = Annotated[str, Field(pattern=r"^[0-9*#]*$")]


class Phone(BaseModel):
    """How one telephone behaves when it is called.

    Attributes:
        answers_after_s: When somebody picks up; None: nobody does.
        challenge: The digest credentials that it demands.
        silent_after_challenge: Whether nothing is heard of it after the challenge.
        busy: Whether it is.
        declines: Whether the call is rejected after `answers_after_s`.
        unregistered: Whether no such telephone is there.
        talks_s: How long after being bridged somebody hangs up; None: he stays.
        hangs_up_after_s: How long after the answer somebody hangs up, bridged or not.
        presses: The keys that answer a question; of a list, one entry answers one question.
        says_back: The words that answer a question, after the keys; a list likewise.
        reacts_after_s: How long after the beginning of a question it is answered.
        listens: Whether questions are heard to their end first.
        machine: Whether a voicemail greeting answers, which talks to whoever is there.
        then: How the telephone behaves when it is called again; None: as before.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    answers_after_s: float | None = Field(default=0.5, ge=0)
    challenge: Challenge | None = None
    silent_after_challenge: bool = False
    busy: bool = False
    declines: bool = False
    unregistered: bool = False
    talks_s: float | None = Field(default=None, ge=0)
    hangs_up_after_s: float | None = Field(default=None, ge=0)
    presses: _Keys | list[_Keys] = ""
    says_back: str | list[str] = ""
    reacts_after_s: float = Field(default=0.2, ge=0)
    listens: bool = False
    machine: bool = False
    then: Phone | None = None

    def let_in(self) -> Phone:
        """Return how it behaves towards whoever has met its challenge."""
        return self.model_copy(update={"challenge": None, "silent_after_challenge": False})

    def call_by_call(self) -> Iterator[Phone]:
        """Return how it behaves the first time, the second time, and so on."""
        phone: Phone | None = self
        while phone is not None:
            yield phone
            phone = phone.then

    def turns(self) -> Iterator[tuple[str, str]]:
        """Return the keys and the words with which each question is answered."""
        keys, words = (
            [given] if isinstance(given, str) else given for given in (self.presses, self.says_back)
        )
        return itertools.zip_longest(keys, words, fillvalue="")


class PhoneBook:
    """Telephones by address: digits without `+`, or a SIP URI; `*` stands for all others."""

    def __init__(self) -> None:
        self._phones: dict[str, Phone] = {}
        self._called: dict[str, ScriptedLeg] = {}

    def merge(self, phones: Mapping[str, Phone]) -> None:
        """Add telephones, replacing those at the same address."""
        self._phones.update({_plain(address): phone for address, phone in phones.items()})

    def find(self, address: str) -> Phone | None:
        """Return the telephone at an address, or the one that stands for all."""
        return self._phones.get(_plain(address)) or self._phones.get("*")

    def take(self, address: str) -> Phone | None:
        """Return the telephone that is called, which may behave otherwise the next time."""
        phone = self.find(address)
        if phone is not None and phone.then is not None:
            self._phones[_plain(address)] = phone.then
        return phone

    def knows(self, address: str) -> bool:
        """Tell whether somebody has described this very telephone."""
        return _plain(address) in self._phones

    def note(self, address: str, leg: ScriptedLeg) -> None:
        """Note that a telephone is called."""
        self._called[_plain(address)] = leg

    def called(self, address: str) -> ScriptedLeg | None:
        """Return the call that a telephone got last, while it goes on."""
        leg = self._called.get(_plain(address))
        return leg if leg is not None and leg.goes_on else None

    def forget(self) -> None:
        """Remove every telephone."""
        self._phones.clear()
        self._called.clear()


class ScriptedPhones:
    """A `PhoneNetwork` of scripted telephones: one call's own book first, then the common one."""

    def __init__(self, *books: PhoneBook, clock: Clock, auth_timeout_s: float) -> None:
        self._books = books
        self._clock = clock
        self._auth_timeout_s = auth_timeout_s

    def knows(self, address: str) -> bool:
        """Tell whether somebody has described this very telephone."""
        return any(book.knows(address) for book in self._books)

    def take(self, address: str) -> Phone:
        """Return the telephone that is called; one nobody described answers after half a second."""
        found = (book.take(address) for book in self._books)
        return next(filter(None, found), None) or Phone()

    def dial(self, invitation: legs.Invitation) -> legs.Leg:
        """Start to call somebody."""
        return self.begin(self.take(invitation.to), invitation)

    def begin(self, phone: Phone, invitation: legs.Invitation) -> ScriptedLeg:
        """Start a call to a telephone that has been taken."""
        leg = ScriptedLeg(phone, invitation, self._clock, self._auth_timeout_s)
        self._books[-1].note(invitation.to, leg)
        return leg

    def call_nobody(self, invitation: legs.Invitation) -> legs.Leg:
        """Start to call a telephone that is not registered."""
        nobody = Phone(unregistered=True)
        return ScriptedLeg(nobody, invitation, self._clock, self._auth_timeout_s)


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
        self._voice = Voice()
        # Its utterances are counted in the carrier's own seconds.
        self._voice.zero = 0.0
        self._is_bridged = asyncio.Event()
        self._questions: asyncio.Queue[asyncio.Event] = asyncio.Queue()
        self._question = asyncio.Event()
        self._rings = False
        self._picked_up = Signal()
        self._doing: set[asyncio.Task[None]] = set()
        self._script = asyncio.create_task(self._play())

    async def next_event(self) -> legs.LegEvent:
        """Wait for what happens next."""
        return await self._events.get()

    def bridged(self) -> None:
        """Start to talk."""
        self._is_bridged.set()

    def asked(self) -> None:
        """Begin to hear a question."""
        self._question = asyncio.Event()
        self._questions.put_nowait(self._question)

    def heard_out(self) -> None:
        """Have heard the question to its end."""
        self._question.set()

    def listen(self, ear: Ear) -> None:
        """Hear nothing: a scripted telephone has no ear."""

    def give(self, frame: bytes) -> None:
        """Hear nothing."""

    def take(self, at: float) -> bytes:
        """Return the 20 ms of speech or silence that begin at `at`."""
        return self._voice.frame(at)

    def hang_up(self) -> None:
        """Stop ringing or talking."""
        self._script.cancel()
        for task in self._doing:
            task.cancel()

    # --- somebody who does not wait for the script ----------------------------------------------

    @property
    def goes_on(self) -> bool:
        """Whether the telephone rings or somebody talks on it."""
        return not self._script.done()

    def pick_up(self) -> None:
        """Answer while it rings, whenever the script would."""
        self._picked_up.set()

    def put_down(self) -> None:
        """Reject the call while it rings, and end it once it was answered."""
        self._events.put_nowait(legs.Ended(legs.DECLINED if self._rings else legs.NORMAL))
        self.hang_up()

    def press(self, digits: str) -> None:
        """Press keys."""
        for digit in digits:
            self._events.put_nowait(legs.Pressed(digit))

    def say(self, text: str) -> None:
        """Say something."""
        task = asyncio.create_task(self._say(text))
        self._doing.add(task)
        task.add_done_callback(self._doing.discard)

    # --- the script -----------------------------------------------------------------------------

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
        self._rings = True
        self._events.put_nowait(legs.Ringing())
        if phone.declines:
            await self._clock.sleep(phone.answers_after_s or 0)
            return legs.DECLINED
        # Made before it is needed: to speak takes longer than some telephones take to answer.
        await speech.speak(_MACHINE if phone.machine else _GREETING)
        with until(self._picked_up):
            await self._until(phone.answers_after_s)
        self._rings = False
        self._events.put_nowait(legs.Answered(phone.machine))
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
        """Do what whoever answered does, until he hangs up."""
        others = [asyncio.create_task(self._greet())]
        if self._phone.presses or self._phone.says_back:
            others.append(asyncio.create_task(self._react()))
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._phone.hangs_up_after_s):
                    await self._converse()
            return legs.NORMAL
        finally:
            for task in others:
                task.cancel()

    async def _converse(self) -> None:
        await self._is_bridged.wait()
        await self._until(self._phone.talks_s)

    async def _greet(self) -> None:
        """Greet: a machine whoever called, a person whom he is bridged to."""
        if not self._phone.machine:
            await self._is_bridged.wait()
        await self._say(_MACHINE if self._phone.machine else _GREETING)

    async def _react(self) -> None:
        """Answer one question after the other."""
        for keys, words in self._phone.turns():
            question = await self._questions.get()
            if self._phone.listens:
                await question.wait()
            await self._clock.sleep(self._phone.reacts_after_s)
            for digit in keys:
                self._events.put_nowait(legs.Pressed(digit))
                await self._clock.sleep(_BETWEEN_KEYS_S)
            if words:
                await self._say(words)

    async def _say(self, text: str) -> None:
        sound = await speech.speak(text)
        utterance = Utterance(self._clock.now(), text, sound)
        self._voice.utter(utterance)
        self._events.put_nowait(legs.Speaking())
        await self._clock.sleep(utterance.seconds)
        self._events.put_nowait(legs.Said(text))

    async def _until(self, seconds: float | None) -> None:
        """Wait, for ever if there is no end to it."""
        if seconds is None:
            await asyncio.Event().wait()
        else:
            await self._clock.sleep(seconds)


def hide(phones: Mapping[str, Phone], mask: Mask) -> None:
    """Keep the passwords of telephones out of the log for good."""
    for phone in itertools.chain.from_iterable(one.call_by_call() for one in phones.values()):
        mask.remember(phone.challenge.password if phone.challenge else None)


def describe(phones: Mapping[str, Phone]) -> dict[str, Any]:
    """Return telephones for the log."""
    return {address: phone.model_dump(exclude_defaults=True) for address, phone in phones.items()}


def _plain(address: str) -> str:
    return address.partition(";")[0].lower() if address.startswith("sip:") else address.lstrip("+")
