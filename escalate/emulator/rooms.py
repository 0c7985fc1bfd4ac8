"""The rooms of `<Conference>`: who is in one, who hears whom, and when it is over.

Decided where the sources are silent: somebody who is alone in a room hears its wait sound like
somebody whose room has not begun; `stayAlone=false` releases a member who is left alone, not one
who comes first; a time limit counts from its member's entry and ends the room for everybody; a
full room lets nobody in, and the document of whoever stood before it goes on.
"""

from __future__ import annotations

import asyncio
import itertools
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from escalate.emulator import audio
from escalate.emulator.call import LegRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from escalate.emulator.call import Call
    from escalate.emulator.clock import Clock
    from escalate.emulator.elements_room import Conference
    from escalate.emulator.services import Background

ENDED: Final = "room ended"
ALONE: Final = "left alone"


@dataclass(slots=True, eq=False)
class Member:
    """A call in a room. `released` says that it has to leave, `waiting` that nobody is heard."""

    id: str
    call: Call
    element: Conference
    entered_at: float
    released: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    why: str = ""

    def release(self, why: str) -> None:
        """Ask the member to leave; the first reason counts."""
        self.why = self.why or why
        self.released.set()


class Room:
    """A room while somebody is in it."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name = name
        self.uuid = str(uuid.uuid4())
        self.members: list[Member] = []
        self.began_at = clock.now()
        self.is_over = False
        self._clock = clock
        self._has_starter = False
        self._bridges: dict[tuple[Member, Member], LegRecord] = {}

    @property
    def is_open(self) -> bool:
        """Whether its members hear one another."""
        return self._has_starter and len(self.members) > 1

    def enter(self, member: Member) -> None:
        """Let somebody in."""
        self.members.append(member)
        self._has_starter |= member.element.start_conference_on_enter
        self._report("room.entered", member, members=len(self.members))
        self._settle()

    def leave(self, member: Member, why: str) -> None:
        """Let somebody out, and with him everybody if the room is to end with him."""
        self.members.remove(member)
        self._settle()
        self._report("room.left", member, why=why, members=len(self.members))
        if member.element.end_conference_on_exit:
            self.end(ENDED)
        elif len(self.members) == 1 and not self.members[0].element.stay_alone:
            self.members[0].release(ALONE)
        if not self.members:
            self.is_over = True
            self._report("room.ended", member)

    def end(self, why: str) -> None:
        """Send everybody away; whoever asks for the name after this gets a room of his own."""
        self.is_over = True
        for member in self.members:
            member.release(why)

    async def carry_sound(self) -> None:
        """Let everybody hear the others, until the last has gone."""
        if self._clock.silent:
            return
        async for at in self._clock.frames():
            if not self.members:
                return
            if self.is_open:
                self._mix(at)
            for member in self.members:
                member.call.ear.settle(at)

    def _mix(self, at: float) -> None:
        said = {member: member.call.mouth.frame(at) for member in self.members}
        for listener, speaker in itertools.permutations(self.members, 2):
            # The ear lays what it hears at one moment over one another.
            if not speaker.element.muted and said[speaker] != audio.SILENT_FRAME:
                listener.call.ear.hear(speaker.call.party, said[speaker], at)

    def _settle(self) -> None:
        """Tell everybody who is alone and who is not, and note which callers have a human."""
        for member in self.members:
            if self.is_open:
                member.waiting.clear()
                member.call.ear.finish("play")
                member.call.mouth.bridged()
            else:
                member.waiting.set()
        together = set(self._pairs())
        for pair in [pair for pair in self._bridges if pair not in together]:
            self._part(*pair)
        for pair in [pair for pair in self._pairs() if pair not in self._bridges]:
            self._join(*pair)

    def _pairs(self) -> Iterator[tuple[Member, Member]]:
        """Yield each caller with each human that he is connected to."""
        if self.is_open:
            for caller, human in itertools.permutations(self.members, 2):
                if (caller.call.party, human.call.party) == ("caller", "human"):
                    yield caller, human

    def _join(self, caller: Member, human: Member) -> None:
        record = LegRecord(human.call.uuid, human.call.to, "bridged", rang=True)
        record.answered_at, record.bridged_at = human.call.answered_at, self._clock.now()
        self._bridges[caller, human] = record
        caller.call.legs.append(record)
        muted = [member.call.party for member in (caller, human) if member.element.muted]
        more = {"muted": muted} if muted else {}
        caller.call.report("leg.bridged", leg=record.leg, to=record.to, room=self.name, **more)

    def _part(self, caller: Member, human: Member) -> None:
        record = self._bridges.pop((caller, human))
        record.state = "parted"
        for member in (caller, human):
            member.call.ear.finish("caller", "human")
        caller.call.report("leg.unbridged", leg=record.leg, to=record.to, room=self.name)

    def _report(self, kind: str, member: Member, **fields: object) -> None:
        member.call.report(
            kind, room=self.name, member=member.id, party=member.call.party, **fields
        )


class Rooms:
    """The account's rooms by name."""

    def __init__(self, clock: Clock, background: Background) -> None:
        self._clock = clock
        self._background = background
        self._rooms: dict[str, Room] = {}
        self._numbers = itertools.count(1)

    def enter(self, call: Call, element: Conference) -> tuple[Room, Member] | None:
        """Bring a call into the room it wants; None when that is full."""
        room = self.find(element.body)
        if room and len(room.members) >= element.max_members:
            return None
        self._rooms = {room.name: room for room in self.all()}
        member = Member(str(next(self._numbers)), call, element, self._clock.now())
        if room is None:
            room = self._rooms[element.body] = Room(element.body, self._clock)
            room.enter(member)
            self._background.start(room.carry_sound())
        else:
            room.enter(member)
        return room, member

    def find(self, name: str) -> Room | None:
        """Return the room of this name that somebody may enter."""
        room = self._rooms.get(name)
        return None if room is None or room.is_over else room

    def all(self) -> list[Room]:
        """Return the rooms that have members."""
        return [room for room in self._rooms.values() if not room.is_over]

    def forget(self) -> None:
        """Drop every room."""
        self._rooms.clear()
