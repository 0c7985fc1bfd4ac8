"""One caller's story: the whole product against the local Plivo, as long as a story needs it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from pydantic import SecretStr

from escalate import LiveCall, Switchboard
from escalate.demo.record import Belonging, Event
from escalate.demo.report import Report, build_report
from escalate.emulator.call import Call as Leg
from escalate.emulator.exchange import HangsUp
from escalate.emulator.phones import Phone
from escalate.emulator.virtual import ACCOUNT, Answered, Application, Asked, VirtualPlivo, asgi, run
from escalate.plivo.urls import with_retries
from escalate.settings import Destination, Settings
from escalate.transfer import Call, Escalation
from escalate.transfer import commands as c
from escalate.values import Outcome, Reason
from tests.simulation.house import Bot, switchboard
from tests.simulation.oracle import with_sound

WEB: Final = "https://bot.example.com"
SIP, PHONE = "sip:queue-1@cc.example.com", "+14155550199"
PASSWORD: Final = "correct-horse"
SUPPORT: Final = Destination(
    name="support", sip=SIP, username="queue1", password=SecretStr(PASSWORD), ring_s=20
)
DUTY: Final = Destination(name="duty", phone=PHONE, ring_s=20)
ANSWERS: Final = Phone(answers_after_s=2, talks_s=60)
ACCEPTS: Final = ANSWERS.model_copy(update={"presses": "1"})
BUSY: Final = Phone(busy=True)
NEVER: Final = Phone(answers_after_s=None)
# Somebody who is left alone hangs up in the end.
PATIENCE: Final = HangsUp("call.answered", 600)

Network = Callable[[Asked, Application], Awaitable[Answered]]
"""What becomes of a request of Plivo's on its way to us."""
Way = Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport]
"""What becomes of a request of ours on its way to Plivo."""
Life = Callable[[LiveCall, Bot], Awaitable[None]]
"""What a bot does while it has the caller."""


@dataclass
class Told:
    """What is left of a story: the carrier's log of the caller, and what we wrote down."""

    events: Sequence[Event]
    report: Report
    stored: Call
    bots: list[Bot]
    alarms: list[c.RaiseAlarm]
    asked: list[Asked] = field(default_factory=list)

    @property
    def held(self) -> Escalation:
        """The escalation of the call."""
        assert self.stored.escalation is not None
        return self.stored.escalation

    @property
    def ending(self) -> tuple[Outcome, str | None]:
        """How it ended, and with whom."""
        assert self.held.ending is not None
        return self.held.ending.outcome, self.held.ending.destination

    @property
    def reasons(self) -> list[tuple[str, Reason | None]]:
        """Who was tried, and what came of it."""
        return [(one.destination, one.reason) for one in self.held.attempts]

    def at(self, kind: str, nth: int = 1, **fields: object) -> float:
        """When the `nth` event of a kind with these fields was logged."""
        return float(self.all(kind, **fields)[nth - 1]["at"])

    def all(self, kind: str, **fields: object) -> Sequence[Event]:
        """Every event of a kind with these fields."""
        return [e for e in self.events if e["kind"] == kind and fields.items() <= e.items()]

    def nobody_is_worse_off(self) -> None:
        """What holds in every story: the caller is not lost, no human stays, all is settled."""
        assert not self.report.caller_lost, (self.report.outcome, self.report.reason)
        assert [] == [one.destination for one in self.report.attempts if one.abandoned]
        dialled = {event["leg"] for event in self.all("leg.dialed")}
        assert dialled == {event["leg"] for event in self.all("leg.ended")}
        assert self.stored.open_escalation is None


async def straight(asked: Asked, answer: Application) -> Answered:
    """Deliver every request once."""
    return await answer(asked)


async def wants_a_human(live: LiveCall, bot: Bot) -> None:
    """The caller asks a few seconds after the greeting; whoever is with the bot again hangs up."""
    if await live.begin() is None:
        await asyncio.sleep(2)
        live.hear("i want to speak to a human please")
    await let_go_or_said_goodbye(live, bot)


async def let_go_or_said_goodbye(live: LiveCall, bot: Bot) -> None:
    """Stay until the caller is to leave, or until nothing is wanted of anybody any more."""
    gone = asyncio.create_task(bot.released.wait())
    over = asyncio.create_task(live.outcome())
    await asyncio.wait({gone, over}, return_when=asyncio.FIRST_COMPLETED)
    if not bot.released.is_set():
        await asyncio.sleep(5)
        await live.finish()


THEIRS: Final = f"{WEB}/theirs"


async def a_document_of_their_own(asked: Asked, answer: Application) -> Answered:
    """The application answers the call itself: a Stream, and nothing behind it."""
    if asked.url != THEIRS:
        return await answer(asked)
    stream = (
        '<Stream bidirectional="true" keepCallAlive="true" '
        'contentType="audio/x-mulaw;rate=8000">wss://bot.example.com/ws</Stream>'
    )
    return Answered(f"<Response>{stream}</Response>".encode())


def play(
    phones: Mapping[str, Phone],
    *,
    destination: Sequence[Destination] = (SUPPORT, DUTY),
    handoff: Mapping[str, Any] | None = None,
    hangs_up: HangsUp = PATIENCE,
    network: Network = straight,
    way: Way | None = None,
    life: Life = wants_a_human,
    bot: type[Bot] = Bot,
    answer_url: str = f"{WEB}/answer",
    board: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Told:
    """Play one call. Telephones by address; `board` is what a switchboard takes beside settings."""
    told = _Play(network, life, bot)
    made = Settings(
        public_url=WEB,
        stream_url="wss://bot.example.com/ws",
        plivo_auth_id=ACCOUNT.auth_id,
        plivo_auth_token=SecretStr(ACCOUNT.auth_token),
        caller_id="14155550100",
        destination=tuple(destination),
        handoff={"budget_s": 120, **(handoff or {})},
        **settings,
    )

    async def main(plivo: VirtualPlivo) -> Told:
        over = way(httpx.ASGITransport(plivo.rest)) if way else None
        more = {"on_alarm": told.alarm, **(board or {})}
        told.board, store = switchboard(plivo, made, way=over, **more)
        async with told.board:
            ended = await plivo.call(
                answer_url=with_retries(answer_url),
                hangup_url=None if answer_url == THEIRS else with_retries(f"{WEB}/hangup"),
                phones=phones,
                hangs_up=hangs_up,
            )
            # What is still under way is heard, and a lost word made up for.
            await asyncio.sleep(150)
        uuid = str(ended["call_uuid"])
        return told.all_of(uuid, plivo.log.after(0), store.calls[uuid])

    return run(main, told.answer, bot=told.begin)


class _Play:
    def __init__(self, network: Network, life: Life, bot: type[Bot]) -> None:
        self.board: Switchboard | None = None
        self._network, self._life, self._bot = network, life, bot
        self._bots: list[Bot] = []
        self._alarms: list[c.RaiseAlarm] = []
        self._asked: list[Asked] = []

    def alarm(self, call_uuid: str, alarm: c.RaiseAlarm) -> None:
        self._alarms.append(alarm)

    async def answer(self, asked: Asked) -> Answered:
        assert self.board is not None
        self._asked.append(asked)
        return await self._network(asked, asgi(self.board.app))

    async def begin(self, leg: Leg) -> None:
        assert self.board is not None
        live, bot = self.board.call(leg.uuid), self._bot()
        self._bots.append(bot)
        live.attach(bot)
        try:
            await self._life(live, bot)
        finally:
            await live.close()

    def all_of(self, uuid: str, log: list[dict[str, Any]], stored: Call) -> Told:
        belonging = Belonging(uuid)
        his = [one for event in log if belonging.has(event) for one in with_sound(event)]
        names = {SIP: "support", PHONE: "duty"}
        report = build_report("story", his, names, until=his[-1]["at"])
        return Told(his, report, stored, self._bots, self._alarms, self._asked)
