"""A year of callers: the whole product against the local Plivo, in virtual time.

Moments are drawn from the year, often next to an hour at which a desk opens or closes or a clock is
changed. At each a few callers come in at once. What their telephones do, when they hang up, which
callbacks are lost or doubled, and what the policy says is drawn as well, from one seed.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx
from pydantic import SecretStr

from escalate import Switchboard
from escalate.emulator.call import Call as Leg
from escalate.emulator.exchange import HangsUp
from escalate.emulator.phones import Challenge, Phone
from escalate.emulator.virtual import (
    ACCOUNT,
    Answered,
    Asked,
    VirtualPlivo,
    asgi,
    run,
)
from escalate.plivo.urls import with_retries
from escalate.settings import Destination, Settings
from escalate.transfer import Call, LastResort, Mode, Strategy

from .house import Bot, switchboard

YEAR: Final = 2026
BOT: Final = "https://bot.example.com"
PASSWORD: Final = "correct-horse"
HOLIDAYS: Final = ("2026-12-25", "2026-12-26")


@dataclass(frozen=True)
class Desk:
    """A destination as whoever runs it would describe it: hours of the day by its own clock."""

    name: str
    address: str
    zone: str
    opens: int
    closes: int
    days: range = range(5)
    attempts: int = 1

    def is_open(self, at: datetime) -> bool:
        """Read the clock on the wall, without a line of the product's."""
        wall = at.astimezone(ZoneInfo(self.zone))
        holiday = wall.date().isoformat() in HOLIDAYS and self.closes < 24
        return wall.weekday() in self.days and self.opens <= wall.hour < self.closes and not holiday

    def destination(self) -> Destination:
        """The same in the words of the settings."""
        kind = "sip" if self.address.startswith("sip:") else "phone"
        days = "Mon-Fri" if len(self.days) == 5 else "Mon-Sun"
        always = self.closes == 24
        return Destination(
            name=self.name,
            **{kind: self.address},
            username="queue1" if kind == "sip" else None,
            password=SecretStr(PASSWORD) if kind == "sip" else None,
            hours="24/7" if always else f"{days} {self.opens:02}:00-{self.closes:02}:00",
            time_zone=self.zone,
            holidays=() if always else HOLIDAYS,
            attempts=self.attempts,
            ring_s=20,
        )


DESKS: Final = (
    Desk("berlin", "sip:queue-1@cc.example.com", "Europe/Berlin", 9, 17, attempts=2),
    Desk("new-york", "+12125550101", "America/New_York", 8, 20),
    Desk("sydney", "+61255501234", "Australia/Sydney", 9, 17),
    Desk("duty", "+14155550199", "UTC", 0, 24, range(7)),
)
# The Sundays on which clocks are changed in one of these places.
CHANGES: Final = ((3, 8), (3, 29), (4, 5), (10, 4), (10, 25), (11, 1))


@dataclass
class Told:
    """One call as the carrier saw it, and as we wrote it down."""

    policy: Policy
    at: datetime
    events: list[dict[str, Any]]
    stored: Call | None


@dataclass(frozen=True)
class Policy:
    """What the settings say at a moment, and who is configured."""

    mode: Mode
    strategy: Strategy
    last_resort: LastResort
    budget_s: int
    desks: tuple[Desk, ...]
    tiers: tuple[int, ...]

    def settings(self) -> Settings:
        """The same as a file would have it."""
        return Settings(
            public_url=BOT,
            stream_url="wss://bot.example.com/ws",
            plivo_auth_id=ACCOUNT.auth_id,
            plivo_auth_token=SecretStr(ACCOUNT.auth_token),
            caller_id="14155550100",
            destination=tuple(map(self._destination, self.desks, self.tiers)),
            handoff={
                "mode": self.mode,
                "strategy": self.strategy,
                "last_resort": self.last_resort,
                "budget_s": self.budget_s,
            },
        )

    def _destination(self, desk: Desk, tier: int) -> Destination:
        together = self.strategy is Strategy.PARALLEL
        return desk.destination().model_copy(update={"tier": tier if together else 1})


def simulate(calls: int, *, seed: str, at_once: int = 20) -> Iterator[Told]:
    """Play that many calls over the year."""
    for first in range(0, calls, at_once):
        # A moment can be played again without those before it.
        yield from _Moment(f"{seed}/{first}").play(min(at_once, calls - first))


class _Moment:
    """A few minutes of the year, under one policy.

    What is drawn for one caller does not depend on what others do meanwhile.
    """

    def __init__(self, seed: str) -> None:
        draw = random.Random(seed)
        self._seed = seed
        self._lots: dict[str, _Lots] = {}
        self.at = _date(draw)
        self.policy = Policy(
            draw.choice(list(Mode)),
            draw.choice(list(Strategy)),
            draw.choice(list(LastResort)),
            draw.choice((60, 90, 120)),
            tuple(draw.sample(DESKS, draw.randint(1, len(DESKS)))),
            tuple(draw.choices((1, 1, 2), k=len(DESKS))),
        )
        self._board: Switchboard | None = None

    def play(self, callers: int) -> list[Told]:
        async def play(plivo: VirtualPlivo) -> list[Told]:
            self._board, store = switchboard(plivo, self.policy.settings())
            async with self._board:
                calls = await asyncio.gather(*(self._one(plivo, n) for n in range(callers)))
                log = plivo.log.after(0)
                return [Told(self.policy, at, log, store.calls.get(uuid)) for at, uuid in calls]

        return run(play, self._answer, bot=self._bot, epoch=self.at.timestamp())

    async def _one(self, plivo: VirtualPlivo, n: int) -> tuple[datetime, str]:
        """Let one caller call; return when he did, and the id of his call."""
        draw = random.Random(f"{self._seed}/{n}")
        await asyncio.sleep(draw.uniform(0, 120))
        at = datetime.fromtimestamp(plivo.now(), UTC)
        phones = {desk.address: _phone(draw, desk) for desk in DESKS}
        number = f"1415555{n:04}"
        self._lots[number] = _Lots(f"{self._seed}/{n}")
        ended = await plivo.call(
            answer_url=with_retries(f"{BOT}/answer"),
            hangup_url=with_retries(f"{BOT}/hangup"),
            from_=number,
            phones=phones,
            hangs_up=_leaves(draw),
        )
        # What is still under way about him is heard.
        await asyncio.sleep(90)
        return at, str(ended["call_uuid"])

    async def _answer(self, asked: Asked) -> Answered:
        """Our routes, over a network that loses some requests and delivers some twice."""
        assert self._board is not None
        answer, luck = asgi(self._board.app), self._lots_of(asked).network.random()
        if luck < 0.02:
            raise httpx.ConnectError("lost on the way")
        if luck < 0.04:
            await answer(asked)
            raise httpx.ReadError("the answer is lost")
        if luck < 0.08:
            await answer(asked)
        return await answer(asked)

    def _lots_of(self, asked: Asked) -> _Lots:
        """The lots of the caller whom a request is about, or his human."""
        found = re.search("/calls/([^/]+)/", asked.url)
        uuid = found[1] if found else asked.form["CallUUID"]
        if uuid not in self._lots:
            self._lots[uuid] = self._lots[asked.form["From"]]
        return self._lots[uuid]

    async def _bot(self, leg: Leg) -> None:
        """Greet, ask for a human in most calls, and say goodbye to whoever stays."""
        assert self._board is not None
        draw = self._lots[leg.uuid].bot
        live = self._board.call(leg.uuid)
        bot = Bot()
        live.attach(bot)
        try:
            back = await live.begin()
            await asyncio.sleep(draw.uniform(1, 20))
            if back is None and draw.random() < 0.9:
                asked = asyncio.create_task(live.transfer())
                gone = asyncio.create_task(bot.released.wait())
                await asyncio.wait({asked, gone}, return_when=asyncio.FIRST_COMPLETED)
                gone.cancel()
                if bot.released.is_set():
                    return
            await asyncio.sleep(5)
            await live.finish()
        finally:
            await live.close()


class _Lots:
    """What is drawn for one caller."""

    def __init__(self, seed: str) -> None:
        self.network = random.Random(f"{seed}/network")
        self.bot = random.Random(f"{seed}/bot")


def _date(draw: random.Random) -> datetime:
    """A moment of the year; every other one within minutes of an hour that matters."""
    if draw.random() < 0.5:
        start = datetime(YEAR, 1, 1, tzinfo=UTC)
        return start + timedelta(seconds=draw.uniform(0, 364 * 86_400))
    desk = draw.choice(DESKS[:3])
    month, day = draw.choice(CHANGES)
    hour = draw.choice((desk.opens, desk.closes, 2))
    wall = datetime(YEAR, month, day, hour, tzinfo=ZoneInfo(desk.zone))
    return wall.astimezone(UTC) + timedelta(days=draw.randint(-1, 2), minutes=draw.uniform(-5, 5))


def _phone(draw: random.Random, desk: Desk) -> Phone:
    """What somebody at a desk does, or nobody."""
    password = PASSWORD if draw.random() < 0.85 else "changed-since"
    asks = desk.address.startswith("sip:")
    challenge = Challenge(username="queue1", password=password) if asks else None
    talks_s = draw.choice((0.0, 5.0, 200.0, 600.0))
    patient = {"answers_after_s": draw.uniform(1, 18), "talks_s": talks_s}
    kinds: list[dict[str, Any]] = [
        {**patient, "presses": "1"},
        {"answers_after_s": draw.uniform(1, 18), "talks_s": 60.0, "presses": "1"},
        {**patient, "presses": draw.choice(("", "2", "3", "1"))},
        {"answers_after_s": None},
        {"busy": True},
        {"declines": True},
        {"unregistered": True},
        {"answers_after_s": 4.0, "machine": True, "hangs_up_after_s": 40.0},
        {"silent_after_challenge": asks, "answers_after_s": None},
        {"answers_after_s": 3.0, "hangs_up_after_s": draw.uniform(0, 10)},
    ]
    return Phone(challenge=challenge, **draw.choice(kinds))


def _leaves(draw: random.Random) -> HangsUp | None:
    """When the caller has had enough; who talks to a human or a machine hangs up in the end."""
    after = draw.choice(
        (
            "leg.ringing",
            "leg.dialed",
            "stream.closed",
            "record.started",
            "leg.bridged",
            "leg.bridged",
        )
    )
    return HangsUp(after, draw.choice((0.0, 1.0, 8.0, 30.0)))
