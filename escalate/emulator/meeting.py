"""`<Conference>` for one call: into the room, until it leaves or is sent away."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from escalate.emulator import parameters, sounds
from escalate.emulator.callbacks import Route
from escalate.emulator.rooms import ENDED
from escalate.emulator.tasks import cancelled

if TYPE_CHECKING:
    from escalate.emulator.call import Call
    from escalate.emulator.elements_room import Conference
    from escalate.emulator.rooms import Member, Room
    from escalate.emulator.services import Services


class Meeting:
    """A Conference that is being carried out."""

    def __init__(self, element: Conference, call: Call, services: Services) -> None:
        self._element = element
        self._call = call
        self._services = services
        self._room: Room | None = None
        self._member: Member | None = None

    async def run(self) -> dict[str, str]:
        """Stay in the room; returns the parameters of the action."""
        entered = self._services.rooms.enter(self._call, self._element)
        if entered is None:
            self._call.report("room.refused", room=self._element.body, reason="it is full")
            return self.result()
        self._room, self._member = room, member = entered
        self._notify("enter")
        self._announce(self._element.enter_sound, room)
        if self._element.relay_dtmf:
            self._call.on_key.append(self._relay)
        why = "transferred"
        try:
            why = await self._stay(room, member)
        finally:
            if self._element.relay_dtmf:
                self._call.on_key.remove(self._relay)
            room.leave(member, "hung up" if self._call.ending else why)
            self._call.ear.finish("play")
            self._notify("exit")
            self._announce(self._element.exit_sound, room)
        return self.result()

    def result(self) -> dict[str, str]:
        """Return the parameters of the action."""
        return parameters.conference(
            self._call, self._services, "Redirect", self._room, self._member, self._element.body
        )

    async def _stay(self, room: Room, member: Member) -> str:
        """Wait until the member leaves; returns why."""
        music = asyncio.create_task(self._music(member))
        try:
            with self._call.until_pressed("*" if self._element.hangup_on_star else None):
                async with asyncio.timeout(self._element.time_limit):
                    await member.released.wait()
        except TimeoutError:
            room.end(ENDED)
            return "time limit"
        finally:
            await cancelled(music)
        return member.why or "pressed *"

    async def _music(self, member: Member) -> None:
        """Play to the member while nobody else is to be heard."""
        call, services, url = self._call, self._services, self._element.wait_sound

        def listen(frame: bytes, at: float) -> None:
            if member.waiting.is_set():
                call.ear.hear("play", frame, at)

        await member.waiting.wait()
        if url is None:
            await sounds.play(sounds.music(), listen, services)
        else:
            elements = await sounds.fetch("wait-sound", url, call, services)
            await sounds.play_over_and_over(elements, listen, call, services)

    def _announce(self, sound: str, room: Room) -> None:
        """Play a sound to all members while the room goes on."""
        if sound and room.members:
            self._services.background.start(self._play(sound, room))

    async def _play(self, sound: str, room: Room) -> None:
        services = self._services
        if sound.startswith("beep:"):
            made = [sounds.beeps(int(sound[-1]))]
        else:
            elements = await sounds.fetch("room-sound", sound, self._call, services)
            made = [await sounds.of(element, self._call, services) for element in elements]

        def listen(frame: bytes, at: float) -> None:
            for member in room.members:
                member.call.ear.hear("room", frame, at)

        for one in made:
            await sounds.play(one, listen, services)
        for member in room.members:
            member.call.ear.finish("room")

    def _relay(self, digit: str) -> None:
        """Let the other members hear a key."""
        for member in self._room.members if self._room else ():
            if member is not self._member:
                member.call.report("heard.digits", digits=digit)

    def _notify(self, action: str) -> None:
        if self._element.callback_url:
            params = parameters.conference(
                self._call,
                self._services,
                "Conference",
                self._room,
                self._member,
                self._element.body,
            )
            route = Route(self._element.callback_url, self._element.callback_method)
            params["ConferenceAction"] = action
            self._services.notify("room-callback", route, params, self._call.uuid)
