"""One process's part in the calls: it applies events to the store and carries out what follows.

Any number of exchanges may work on one store: the bot's process, the web side, a replica of either.
None of them holds truth. An event is applied where it arrives; a step that nobody reports is looked
after by whichever exchange sees its deadline first.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Final, Self

from escalate.briefings import Briefings, Summarize
from escalate.consultation import Consultation
from escalate.contexts import Accounts, Contexts
from escalate.detect import Detector
from escalate.errand import Errands, OnAlarm
from escalate.errors import CallGone, CarrierError, StoreUnavailable
from escalate.expressions import linear_time
from escalate.follow_up import OnFollowUp
from escalate.handoff import prepare
from escalate.live_call import LiveCall, Predicate
from escalate.metering import Meters
from escalate.plivo.client import PlivoClient
from escalate.plivo.urls import with_retries
from escalate.roster import Available, Roster
from escalate.settings import Settings
from escalate.store import Store, open_store
from escalate.transfer import (
    Call,
    DocumentOwner,
    Ending,
    LastResort,
    Mode,
    Received,
    Strategy,
    receive,
)
from escalate.transfer import events as e
from escalate.transfer.news import News, news_of
from escalate.values import Reason, Trigger
from escalate.webhook import Webhook

log = logging.getLogger("escalate")

_LOOK_EVERY_S: Final = 0.5
_FORGET_EVERY_S: Final = 60.0
_PATIENCE_S: Final = 5.0


OnNews = Callable[[str, News], None]
"""Told each step of an escalation that this process takes: `on_news(call_uuid, news)`."""


def _nobody_listens(call_uuid: str, news: News) -> None:
    """Leave the news to those who follow the call."""


class Exchange:
    """Applies events, carries out commands, and looks after calls that nobody reports on.

    It starts by itself on first use; as an async context manager it also stops, waiting a bounded
    time for requests in flight. `clock` gives seconds since the epoch. `on_alarm(call_uuid, alarm)`
    is called for whatever an operator should know; without it alarms are logged.
    `on_follow_up(what)` is awaited for each message that a caller leaves and each call back that he
    is promised, in the process that Plivo told of it; `on_news(call_uuid, news)` is called for each
    step of an escalation that this process takes. Each of `predicates` is asked about the
    conversation after every final transcript; what it says may come late and never delays anything.
    `summarize` puts what the human is told into better words, `available` says where somebody is.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        store: Store | None = None,
        plivo: PlivoClient | None = None,
        clock: Callable[[], float] = time.time,
        on_alarm: OnAlarm | None = None,
        on_follow_up: OnFollowUp | None = None,
        on_news: OnNews | None = None,
        predicates: Mapping[str, Predicate] | None = None,
        summarize: Summarize | None = None,
        available: Available | None = None,
    ) -> None:
        self.settings = settings
        self.predicates = dict(predicates or {})
        self.store: Store = store or open_store(
            settings.store, words_key=settings.words_key, retention_s=settings.retention_s
        )
        self.plivo = plivo or PlivoClient(
            settings.plivo_auth_id, settings.plivo_auth_token, base_url=settings.plivo_api
        )
        self.clock = clock
        self.roster = Roster(settings, self.store, clock=clock, available=available)
        self.contexts = Contexts(settings)
        self.briefings = Briefings(settings, self.store, clock=clock, summarize=summarize)
        self.accounts = Accounts(self.store, self.briefings, self.contexts)
        self.meters = Meters()
        self.webhook = Webhook.from_settings(settings, self.accounts.of, clock)
        self._on_news = on_news or _nobody_listens
        self._errands = Errands(self, on_alarm, on_follow_up)
        # Made once here, so that a policy that cannot be carried out is refused before any call.
        self.detector()
        self._live: dict[str, LiveCall] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._followers: set[asyncio.Task[Ending]] = set()
        self._open: AsyncExitStack | None = None
        self._starting = asyncio.Lock()
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start."""
        await self.ready()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait, bounded, for what is in flight; then let go of store and network."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            self._keeper = None
        for follower in self._followers:
            follower.cancel()
        await asyncio.gather(*self._followers, return_exceptions=True)
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=_PATIENCE_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self.briefings.aclose()
        if self.webhook is not None:
            await self.webhook.aclose()
        stack, self._open = self._open, None
        if stack is not None:
            await stack.aclose()

    async def ready(self) -> None:
        """Connect to store and carrier, once.

        Raises:
            StoreUnavailable: The store cannot be opened; the next call tries again.
        """
        if self._open is not None:
            return
        async with self._starting:
            if self._open is not None:
                return
            async with AsyncExitStack() as stack:
                await stack.enter_async_context(self.store)
                await stack.enter_async_context(self.plivo)
                self._open = stack.pop_all()
            if self.settings.handoff.mode is Mode.WARM:
                # Read when the first human is asked, they would hold up whatever call is on.
                self.spawn(asyncio.to_thread(prepare, self.settings.languages_of_humans()))
            self._keeper = asyncio.create_task(self._look_after_calls(), name="escalate-keeper")

    def call(self, call_uuid: str) -> LiveCall:
        """Return a handle on the caller's leg for one conversation. Does no I/O.

        `call_uuid` is the carrier's id of the caller's leg. Take a new handle for each
        conversation: a caller who comes back from a transfer begins a new one.
        """
        return LiveCall(self, call_uuid, self.detector())

    def consultation(self, call_uuid: str, escalation: str, attempt: int) -> Consultation:
        """Return a handle on a human whom an application of yours consults. Does no I/O.

        The three come with the request for `consult_url`, or in the address of the stream.
        """
        return Consultation(self, call_uuid, escalation, attempt)

    def detector(self) -> Detector:
        """Return a detector for one conversation, by the policy of the settings."""
        return Detector(self.settings.detect, compile_expressions=linear_time)

    def lend(self, live: LiveCall) -> None:
        """Let commands for this call reach the bot that holds its media in this process."""
        self._live[live.call_uuid] = live

    def live(self, call_uuid: str) -> LiveCall | None:
        """Return the handle whose bot holds the call's media here, if there is one."""
        return self._live.get(call_uuid)

    def take_back(self, live: LiveCall) -> None:
        """Forget a bot that no longer holds its call's media."""
        if self._live.get(live.call_uuid) is live:
            del self._live[live.call_uuid]

    async def answered(self, call_uuid: str) -> Call:
        """Begin a call whose first document is ours.

        A bot behind a SIP trunk cannot put the caller down without ending the conversation, so his
        leg is moved by request there as in a document of somebody else's.
        """
        ours = self.settings.bot_sip is None
        return await self._begin(call_uuid, DocumentOwner.OURS if ours else DocumentOwner.THEIRS)

    async def adopt(self, call_uuid: str) -> Call:
        """Return the call; one that we did not answer is taken over once the carrier knows it.

        Raises:
            CallGone: The carrier knows no such live call: the id proves nothing.
            CarrierUnreachable: The carrier could not be asked.
        """
        await self.ready()
        known = await self.store.load(call_uuid)
        if known is not None:
            return known
        if not await self.plivo.is_live(call_uuid):
            raise CallGone("the carrier knows no live call with this id")
        return await self._begin(call_uuid, DocumentOwner.THEIRS)

    async def _begin(self, call_uuid: str, owner: DocumentOwner) -> Call:
        await self.ready()
        now = self.clock()

        def begin(stored: Call | None) -> Received:
            fresh = stored or Call(call_uuid, owner, opened_at=now)
            return Received(fresh, (), changed=stored is None)

        received = await self.store.apply(call_uuid, begin)
        assert received is not None
        return received.call

    async def receive(self, call_uuid: str, event: e.Event) -> Call | None:
        """Apply an event, start carrying out what follows from it, and return the call.

        None: no such call is known, and nothing was done.

        Raises:
            StoreUnavailable: Nothing was changed.
        """
        await self.ready()
        before: Call | None = None
        now = self.clock()

        def change(stored: Call | None) -> Received | None:
            nonlocal before
            before = stored
            return None if stored is None else receive(stored, event, now)

        received = await self.store.apply(call_uuid, change)
        if received is None:
            return None
        if received.changed:
            self._spread(before, received.call)
        else:
            log.debug("call %s: %s changes nothing", call_uuid, type(event).__name__)
        for command in received.commands:
            self.spawn(self._errands.run(received.call, command))
        return received.call

    def _spread(self, before: Call | None, after: Call) -> None:
        """Tell what this process has changed to those who follow it from outside."""
        for news in news_of(before, after):
            self.meters.take_in(news)
            if self.webhook is not None:
                self.spawn(self.webhook.tell(after, news))
            try:
                self._on_news(after.call_uuid, news)
            # Somebody else's code: whatever is wrong with it must not stop a handoff.
            except Exception:
                log.exception("call %s: on_news failed", after.call_uuid)

    def request(
        self,
        trigger: Trigger,
        rule: str,
        *,
        wanted: str | None = None,
        language: str | None = None,
        guess: str | None = None,
        bot_left: bool = True,
    ) -> e.Requested:
        """Return the event that opens an escalation, routed by the settings and the hour.

        `wanted` names the destination to try first, `language` is the caller's; where it is not
        known, `guess` is what his words look like, and decides the order alone. Without a bot
        (`bot_left` false) the last resort cannot be the bot.
        """
        handoff = self.settings.handoff
        return e.Requested(
            escalation=secrets.token_hex(8),
            trigger=trigger,
            rule=rule,
            plan=self.roster.plan(trigger, wanted=wanted, language=language or guess),
            refusal=Reason.CLOSED,
            budget_s=handoff.budget_s,
            last_resort=_without_bot(handoff.last_resort) if not bot_left else handoff.last_resort,
            mode=_without_bot_to_stay_with(handoff.mode) if not bot_left else handoff.mode,
            together=handoff.strategy is Strategy.PARALLEL,
            introduce=handoff.introduce,
            limits=self.settings.limits,
            language=language,
        )

    async def route(
        self, request: e.Requested, *, wanted: str | None = None, language: str | None = None
    ) -> e.Requested:
        """Return `request` with the plan as it is at this moment; the words are those of `request`.

        A store that is down is told of when the escalation cannot be opened.
        """
        try:
            await self.ready()
        except StoreUnavailable:
            return request
        return await self.roster.refine(request, wanted=wanted, language=language)

    def arrived(self, stream: int) -> e.CallerArrived:
        """Return the event of a caller who left stream number `stream`."""
        rescue = self.request(Trigger.BOT_LOST, "stream lost", bot_left=False)
        return e.CallerArrived(stream, rescue)

    def next_url(self, call: Call) -> str:
        """Return where the caller's leg goes after its present stream."""
        base = f"{self.settings.public_url}/calls/{call.call_uuid}"
        return with_retries(f"{base}/next?stream={call.stream}")

    def human_url(self, call_uuid: str, escalation: str, number: int) -> str:
        """Return the root of the addresses that the leg of a called human asks."""
        base = f"{self.settings.public_url}/calls/{call_uuid}"
        return f"{base}/escalations/{escalation}/humans/{number}"

    def spawn(self, work: Coroutine[Any, Any, object]) -> asyncio.Task[None]:
        """Run `work` beside everything else, and keep it until it is done."""
        task = asyncio.create_task(self._guard(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def follow(self, request: Coroutine[Any, Any, Ending]) -> asyncio.Task[Ending]:
        """Run what waits for a human until it ends, or until this exchange does."""
        task = asyncio.create_task(request)
        self._followers.add(task)
        task.add_done_callback(self._followers.discard)
        return task

    async def _guard(self, work: Coroutine[Any, Any, object]) -> None:
        """Log what a task could not do; its step has a deadline, so somebody will look after it."""
        try:
            await work
        except (CarrierError, StoreUnavailable) as error:
            log.warning("put off: %s", error)

    def alarm_request(self, where: str) -> None:
        """Tell the operator that a request at `where` could not be served as it should."""
        log.error("alarm request_not_served route=%s", where)

    # --- looking after ----------------------------------------------------------------------

    async def _look_after_calls(self) -> None:
        """Deliver deadlines, and delete words whose time has come."""
        forget_at = 0.0
        while True:
            await self._guard(self._deliver_deadlines())
            for live in list(self._live.values()):
                live.tick()
            if self.clock() >= forget_at:
                forget_at = self.clock() + _FORGET_EVERY_S
                await self._guard(self.store.forget(self.clock() - self.settings.retention_s))
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _deliver_deadlines(self) -> None:
        for call in await self.store.due(self.clock()):
            held = call.open_escalation
            if held is not None and held.deadline is not None:
                await self.receive(call.call_uuid, e.DeadlinePassed(held.id, held.deadline))


def _without_bot(last_resort: LastResort) -> LastResort:
    return LastResort.GOODBYE if last_resort is LastResort.BOT else last_resort


def _without_bot_to_stay_with(mode: Mode) -> Mode:
    """Nobody can be called first, but who had to accept still has to."""
    return Mode.CONFIRM if mode is Mode.WARM else mode
