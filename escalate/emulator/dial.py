"""`<Dial>`: everybody rings at once, the first to answer (and confirm) talks to the caller.

Decided where the sources are silent: a ring-out is 3000 No Answer with DialStatus `no-answer`; a
leg that is still silent after its challenge when the ring time is over is 4250; the DialStatus of
several failed legs is that of the last one to fail; a caller who is transferred away by REST ends
the legs without a request to the action; a caller who hangs up still leads to one, whose reply is
not used.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Final

from escalate.emulator import audio, legs, parameters, sounds
from escalate.emulator.attempt import Attempt
from escalate.emulator.elements import Dial, Number
from escalate.emulator.tasks import cancelled

if TYPE_CHECKING:
    from escalate.emulator.call import Call
    from escalate.emulator.services import Services


_RINGBACK: Final = tuple(audio.frames(sounds.RINGBACK))


class Dialling:
    """A Dial that is being carried out."""

    def __init__(self, dial: Dial, call: Call, services: Services) -> None:
        self._dial = dial
        self._call = call
        self._services = services
        self._attempts = [Attempt(target, dial, call, services) for target in dial.targets]
        self._decisive = self._attempts[-1]
        self._bridged = False

    async def run(self) -> dict[str, str]:
        """Dial, bridge and wait for the end; returns the parameters of the action."""
        try:
            if await self._somebody_answers():
                await self._talk()
        finally:
            for attempt in self._attempts:
                talked = self._bridged and attempt is self._decisive
                attempt.end(legs.NORMAL if talked else legs.CANCELED)
        return self.result()

    def result(self) -> dict[str, str]:
        """Return the parameters of the action as they stand."""
        record = self._decisive.record
        return parameters.dial_action(
            self._call,
            self._services,
            cause=record.cause or legs.CANCELED,
            rang=any(attempt.record.rang for attempt in self._attempts),
            answered_leg=record.leg if record.answered_at is not None else "",
        )

    async def _somebody_answers(self) -> bool:
        """Ring everybody; the attempt that answered, or failed last, becomes the decisive one."""
        music = self._music()
        tries = {asyncio.create_task(attempt.run()): attempt for attempt in self._attempts}
        pending = set(tries)
        try:
            while pending:
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    self._decisive = tries[task]
                    if task.result():
                        return True
            return False
        finally:
            await cancelled(*music, *tries)
            self._call.ear.finish("ring", "play")

    async def _talk(self) -> None:
        """Bridge caller and human until one of them, the star key or the time limit ends it."""
        winner = self._decisive
        self._bridged = True
        for attempt in self._attempts:
            if attempt is not winner:
                attempt.end(legs.LOST_RACE)
        winner.bridge()
        cause = legs.NORMAL
        silent = self._services.clock.silent
        sound = [] if silent else [asyncio.create_task(self._carry_sound(winner))]
        try:
            with self._call.until_pressed("*" if self._dial.hangup_on_star else None):
                async with asyncio.timeout(self._dial.time_limit):
                    await winner.until_hung_up()
        except TimeoutError:
            cause = legs.TIME_LIMIT
        finally:
            await cancelled(*sound)
            self._call.ear.finish("human")
        winner.end(cause)

    async def _carry_sound(self, attempt: Attempt) -> None:
        """Let caller and human hear one another."""
        leg = attempt.leg
        assert leg is not None
        async for at in self._services.clock.frames():
            self._call.ear.hear("human", leg.take(at), at)
            leg.give(self._call.mouth.frame(at))

    def _music(self) -> list[asyncio.Task[None]]:
        """Begin to let the caller hear what dialMusic says while the others ring.

        Without it a number sounds its ring tone and a SIP endpoint is silent, which is what the
        troubleshooting table of Plivo's transfer page warns of.
        """
        music = self._dial.dial_music
        if music and music.startswith("http"):
            return [asyncio.create_task(self._play_music(music))]
        rings = music == "real" or (music is None and isinstance(self._dial.targets[0], Number))
        if rings and not self._services.clock.silent:
            return [asyncio.create_task(self._ring_tone())]
        return []

    async def _play_music(self, url: str) -> None:
        elements = await sounds.fetch("dial-music", url, self._call, self._services)
        await sounds.play_over_and_over(elements, self._hear_music, self._call, self._services)

    async def _ring_tone(self) -> None:
        pieces = itertools.cycle(_RINGBACK)
        async for at in self._services.clock.frames():
            if any(attempt.record.rang for attempt in self._attempts):
                self._call.ear.hear("ring", next(pieces), at)

    def _hear_music(self, frame: bytes, at: float) -> None:
        self._call.ear.hear("play", frame, at)
