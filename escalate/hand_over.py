"""One request for a human, step by step, as far as the bot takes part in it.

The machine decides; here its steps are spoken and waited for. What is decided stands in the store,
so a process that dies in the middle of this leaves nothing undone that another would not do.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final, Protocol

from escalate.errors import CallGone, CarrierError, StoreUnavailable
from escalate.following import changes_of
from escalate.handoff import Line
from escalate.transfer import Call, DocumentOwner, Ending, Escalation, State
from escalate.transfer import events as e
from escalate.values import Outcome, Reason

if TYPE_CHECKING:
    from escalate.exchange import Exchange

log = logging.getLogger("escalate")

_WATCH_S: Final = 30.0


class Bot(Protocol):
    """What an adapter lends to a call. None of these may raise."""

    def hold(self) -> None:
        """Stop the bot at once: nothing it has begun to say goes on, nothing new is begun."""

    async def announce(self, text: str) -> None:
        """Speak `text` so that the caller cannot talk over it; return when he has heard it."""

    async def release(self) -> None:
        """Put down the caller's media without ending the call."""

    async def resume(self, text: str | None) -> None:
        """Let the bot go on with the caller, after saying `text` if there is any."""


class HandOver:
    """Carries out one request at a time for one call.

    `bot` is the one that holds the caller's media here, None once it has let go.
    """

    def __init__(self, exchange: Exchange, call_uuid: str) -> None:
        self.bot: Bot | None = None
        self._exchange = exchange
        self._call_uuid = call_uuid
        self._escalation: str | None = None
        self._language: str | None = None
        self._announcing: asyncio.Task[None] | None = None
        self._parting = False
        self._taken_back = False

    async def run(self, event: e.Requested) -> Ending:
        """Take one request from the decision to its ending."""
        try:
            opened = await self._open(event)
            if opened.is_open:
                self._escalation = opened.id
                if self._taken_back:
                    await self._take_back(opened.id)
                else:
                    await self._tell_the_caller(opened)
            ending = opened.ending or await self._ending_of(opened.id)
        except CallGone:
            ending = Ending(Outcome.CALLER_LEFT, Reason.CALLER_LEFT, self._exchange.clock())
        except (StoreUnavailable, CarrierError) as error:
            log.error("call %s: cannot be handed over: %s", self._call_uuid, error)
            ending = Ending(Outcome.REFUSED, Reason.UNKNOWN, self._exchange.clock())
        self._escalation, self._taken_back = None, False
        log.info(
            "call %s: ended outcome=%s reason=%s", self._call_uuid, ending.outcome, ending.reason
        )
        return ending

    def retract(self) -> None:
        """Take the request under way back; what cannot be undone is not undone."""
        if self._escalation is not None:
            self._exchange.spawn(self._take_back(self._escalation))
        else:
            # It is about to be opened, and is taken back then.
            self._taken_back = True

    async def _take_back(self, escalation: str) -> None:
        call = await self._exchange.receive(self._call_uuid, e.Retracted(escalation))
        if call is not None and call.open_escalation is None and self._announcing is not None:
            self._announcing.cancel()

    async def may_leave(self) -> None:
        """Wait until the caller goes on somewhere once his stream ends."""
        call = await self._exchange.adopt(self._call_uuid)
        if call.document is DocumentOwner.OURS:
            return
        self._parting = True
        if self._announcing is not None:
            self._announcing.cancel()
        while not _is_on_his_way(call):
            changed = await self._exchange.store.watch(
                self._call_uuid, after=call.revision, timeout_s=_WATCH_S
            )
            call = changed or call

    # --- steps ------------------------------------------------------------------------------

    async def _open(self, event: e.Requested) -> Escalation:
        await self._exchange.adopt(self._call_uuid)
        call = await self._exchange.receive(self._call_uuid, event)
        held = call.escalation if call is not None else None
        self._language = call.language if call is not None else None
        if held is None or not (held.is_open or held.id == event.escalation):
            raise CallGone("the call is over")
        log.info(
            "call %s: escalation %s trigger=%s rule=%s state=%s",
            self._call_uuid,
            held.id,
            held.trigger,
            held.rule,
            held.state,
        )
        return held

    async def _tell_the_caller(self, opened: Escalation) -> None:
        """Say what happens next; in a warm handoff again once a human has accepted."""
        if opened.state is State.ANNOUNCING:
            line = Line.CONNECTING if opened.plan else Line.UNAVAILABLE
            await self._announce(opened, line)
        elif opened.state is State.CONSULTING:
            await self._announce(opened, Line.CONSULTING)
            await self._consult(opened)
            return
        await self._exchange.receive(self._call_uuid, e.AnnouncementEnded(opened.id))

    async def _consult(self, opened: Escalation) -> None:
        """Let bot and caller talk until he has to go, and again if that comes to nothing."""
        held: Escalation | None = opened
        while held is not None and held.state is State.CONSULTING:
            if self.bot is not None:
                await self.bot.resume(None)
            told = await self._what_comes_of(opened.id)
            if told is None:
                return
            if self.bot is not None:
                self.bot.hold()
            await self._announce(opened, told)
            # Whoever had accepted may have left meanwhile, and others are called.
            call = await self._exchange.receive(self._call_uuid, e.AnnouncementEnded(opened.id))
            held = call.find(opened.id) if call is not None else None

    async def _what_comes_of(self, escalation: str) -> Line | None:
        """Wait until the bot has to let the caller go; return what it tells him then.

        None: it does not come to that, or he has gone already.
        """
        async for held in self._changes_of(escalation):
            match held.state:
                case State.JOINING:
                    if held.current is not None and held.current.entered_at is not None:
                        return Line.JOINING
                case State.ANNOUNCING:
                    return Line.UNAVAILABLE
                case State.CONSULTING:
                    pass
                case _:
                    return None
        return None

    async def _announce(self, opened: Escalation, line: Line) -> None:
        """Speak for as long as the step may take and the caller does not change his mind."""
        if self.bot is None or self._parting:
            return
        text = self._exchange.settings.say.text(line, language=self._language)
        self._announcing = asyncio.create_task(self.bot.announce(text))
        _, late = await asyncio.wait([self._announcing], timeout=opened.limits.announce_s)
        for task in late:
            task.cancel()
        self._announcing = None

    async def _ending_of(self, escalation: str) -> Ending:
        """Wait until the escalation has ended, whoever ends it."""
        async for held in self._changes_of(escalation):
            if held.ending is not None:
                return held.ending
        raise AssertionError("a watch has no end")

    async def _changes_of(self, escalation: str) -> AsyncIterator[Escalation]:
        """Yield the escalation as it is, and again after each change of the call."""
        async for call in changes_of(self._exchange.store, self._call_uuid):
            held = call.find(escalation)
            if held is not None:
                yield held


def _is_on_his_way(call: Call) -> bool:
    held = call.open_escalation
    if held is None:
        return False
    with_bot = (State.CONSULTING, State.JOINING, State.ANNOUNCING, State.MOVING)
    return held.move_accepted or held.state not in with_bot
