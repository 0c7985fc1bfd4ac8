"""A conversation between a caller and a bot, and the one request for a human that may come of it.

Adapters translate their framework into these methods and lend the call a `Bot`. The order of steps,
the latch and the words that are said are here, so that every framework behaves the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from escalate.detect import (
    BotFailed,
    BotSaid,
    Decision,
    Detector,
    Digit,
    Escalate,
    Evidence,
    Heard,
    Retract,
    Signal,
    Tick,
    Verdict,
)
from escalate.errors import CallGone, CarrierError
from escalate.following import news_about
from escalate.hand_over import Bot, HandOver
from escalate.handoff import Line
from escalate.transfer import DocumentOwner, Ending, State
from escalate.transfer import events as e
from escalate.transfer.news import News
from escalate.values import Outcome, Party, Reason, Said, Trigger

if TYPE_CHECKING:
    from escalate.exchange import Exchange

log = logging.getLogger("escalate")

_VERDICT_S: Final = 5.0
_WORDS_OF_A_LANGUAGE: Final = 3

Predicate = Callable[[Sequence[Said]], Awaitable[bool]]
"""A user's own judgement of a conversation so far: does this caller need a human?"""


@dataclass(frozen=True, slots=True)
class Resumption:
    """A caller the bot has had before: what to say to him first, and what was said until then."""

    text: str
    history: Sequence[Said]


class LiveCall:
    """A handle on one caller's conversation, made by `Switchboard.call`.

    Without a framework: `hear` each transcript, or `await transfer()`.
    """

    def __init__(self, exchange: Exchange, call_uuid: str, detector: Detector) -> None:
        self.call_uuid = call_uuid
        self._exchange = exchange
        self._detector = detector
        self._hand_over = HandOver(exchange, call_uuid)
        self._request: asyncio.Task[Ending] | None = None
        self._said: list[Said] = []
        self._language: str | None = None
        self._stream: int | None = None
        self._finished = False

    def __repr__(self) -> str:
        return f"LiveCall({self.call_uuid!r})"

    @property
    def destinations(self) -> tuple[str, ...]:
        """The names a caller may be sent to, in the order they are tried."""
        return tuple(route.name for route in self._exchange.settings.routes())

    @property
    def drain_s(self) -> float:
        """How long the carrier may still play what it was sent (seconds)."""
        return self._exchange.settings.handoff.drain_s

    # --- what adapters report ---------------------------------------------------------------

    def attach(self, bot: Bot) -> None:
        """Let escalations of this call use `bot`."""
        self._hand_over.bot = bot

    async def begin(self) -> Resumption | None:
        """Report that the caller's media reached the bot.

        Returns what to say to a caller who was here before, None for a new one.

        Raises:
            CallGone: Neither we nor the carrier know this call.
            StoreUnavailable: The store cannot be read.
        """
        before = await self._exchange.adopt(self.call_uuid)
        self._exchange.lend(self)
        call = await self._exchange.receive(self.call_uuid, e.StreamStarted()) or before
        self._stream = call.stream
        if call.stream == 1:
            return None
        self._language = call.language
        ending = call.escalation.ending if call.escalation is not None else None
        history = await self._exchange.store.words(self.call_uuid)
        self._said = [*history]
        # The stream that brings him back is what ends his escalation.
        if ending is not None and ending.at >= (call.stream_since or 0.0):
            return Resumption(self._text(Line.RETURNING, ending.reason), history)
        return Resumption(self._text(Line.RECONNECTED), history)

    def hear(
        self, text: str, *, final: bool = True, language: str | None = None
    ) -> Decision | None:
        """Take in words of the caller; `final` is False for an interim result.

        `language` is the tag that the recogniser gave them, and what the caller is spoken to in.
        Microseconds, no I/O. When the decision is to escalate, the bot is already held when this
        returns.
        """
        if final and text.strip():
            self._remember(Party.CALLER, text)
            self._note_language(text, language)
            for name, predicate in self._exchange.predicates.items():
                self._exchange.spawn(self._ask(name, predicate))
        return self._take(Heard(text, final, language))

    def bot_said(self, text: str) -> Decision | None:
        """Take in a whole utterance of the bot."""
        if text.strip():
            self._remember(Party.BOT, text)
        return self._take(BotSaid(text))

    def press(self, digit: str) -> Decision | None:
        """Take in a key the caller pressed."""
        return self._take(Digit(digit))

    def bot_failed(self, part: str = "bot") -> Decision | None:
        """Take in that a part of the bot reported an error."""
        return self._take(BotFailed(part))

    def tick(self) -> Decision | None:
        """Take in that time went by, so that silence and broken promises are noticed."""
        return self._take(Tick())

    async def finish(self) -> None:
        """Record that the bot ended the conversation on purpose, before its media is put down."""
        # A bot that ends late must not end the conversation that came after its own.
        call = await self._exchange.receive(self.call_uuid, e.BotFinished(self._stream))
        self._finished = call is not None and call.over

    async def reconnect(self) -> None:
        """Have the carrier dial the bot anew for a caller whom this one has left without an end.

        That is for a bot behind a SIP trunk, whose room he would stay in alone; anywhere else he
        goes on in his document when the stream ends.

        Raises:
            CarrierError: It was not asked, or did not answer.
        """
        call = await self._exchange.store.load(self.call_uuid)
        if call is None or call.over or call.ended or call.stream != self._stream:
            return
        held = call.open_escalation
        if self._exchange.settings.bot_sip is None or (
            held is not None and held.state is not State.CONSULTING
        ):
            return
        await self._exchange.plivo.transfer(self.call_uuid, self._exchange.next_url(call))

    async def part(self) -> None:
        """Wait until the media may be put down without losing a caller who is being handed over.

        Where a Redirect to us follows the stream that is at once. Else his leg has to be on its way
        first; what is left of the announcement is then not waited for.
        """
        if self._request is None or self._request.done():
            return
        waiting = asyncio.create_task(self._hand_over.may_leave())
        try:
            await asyncio.wait({waiting, self._request}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                waiting.result()
        finally:
            waiting.cancel()

    async def close(self) -> None:
        """Let go of the call, once a request in flight to move the caller has been answered.

        Where the document is not ours nothing of ours follows the stream: a finished call is hung
        up by request, and one whose caller has left is noticed here.
        """
        self._hand_over.bot = None
        self._exchange.take_back(self)
        if await self._was_left():
            await self._exchange.receive(self.call_uuid, e.CallerHungUp())
            return
        await self.part()
        call = await self._exchange.store.load(self.call_uuid)
        if call is None or call.document is DocumentOwner.OURS or call.ended:
            return
        try:
            if self._finished:
                await self._exchange.plivo.hang_up(self.call_uuid)
            elif call.open_escalation or await self._exchange.plivo.is_live(self.call_uuid):
                return
        except CallGone:
            log.debug("call %s: had ended already", self.call_uuid)
        except CarrierError as error:
            log.warning("call %s: its end is not known: %s", self.call_uuid, error)
            return
        await self._exchange.receive(self.call_uuid, e.CallerHungUp())

    async def _was_left(self) -> bool:
        """Whether a human is being called for a caller who has gone, and nobody will report it."""
        call = await self._exchange.store.load(self.call_uuid)
        if call is None or call.document is DocumentOwner.OURS or call.open_escalation is None:
            return False
        if call.open_escalation.state not in (State.CONSULTING, State.JOINING):
            return False
        try:
            return not await self._exchange.plivo.is_live(self.call_uuid)
        except CarrierError:
            return False

    # --- asking for a human -----------------------------------------------------------------

    def request(
        self, trigger: Trigger, rule: str, *, to: str | None = None, language: str | None = None
    ) -> bool:
        """Ask for a human; False when somebody has asked already. Does not wait, does no I/O.

        `to` names a configured destination that is tried first, `language` is the caller's.
        """
        return self._ask_for_human(trigger, rule, to=to, language=language or self._language)

    async def transfer(self, *, to: str | None = None, language: str | None = None) -> Ending:
        """Ask for a human, or join the request that is under way; return how it ended.

        `to` names a configured destination that is tried first, `language` is the caller's.
        """
        self.request(Trigger.APPLICATION, "transfer()", to=to, language=language)
        assert self._request is not None
        return await asyncio.shield(self._request)

    def news(self) -> AsyncIterator[News]:
        """Follow what becomes of requests for a human, whichever process hears of it.

        Steps that were taken before come first; it ends with the call. What the bot has to do is
        done without you.
        """
        return news_about(self._exchange.store, self.call_uuid)

    async def outcome(self) -> Ending | None:
        """Wait until the request under way has ended; None when nobody has asked for a human."""
        return None if self._request is None else await asyncio.shield(self._request)

    async def release(self) -> bool:
        """Have the bot put down the media; False when no bot holds it here."""
        if self._hand_over.bot is None:
            return False
        await self._hand_over.bot.release()
        return True

    @property
    def is_escalating(self) -> bool:
        """Whether a request for a human is under way."""
        return self._request is not None and not self._request.done()

    def _ask_for_human(
        self,
        trigger: Trigger,
        rule: str,
        *,
        to: str | None = None,
        language: str | None = None,
        guess: str | None = None,
        evidence: Sequence[Evidence] = (),
    ) -> bool:
        if self._request is not None and not self._request.done():
            return False
        self._detector.latch(self._exchange.clock())
        if self._hand_over.bot is not None:
            self._hand_over.bot.hold()
        event = self._exchange.request(trigger, rule, wanted=to, language=language, guess=guess)
        self._language = language
        if event.plan:
            self._exchange.briefings.prepare(self.call_uuid, event, tuple(self._said), evidence)
        asked = self._exchange.route(event, wanted=to, language=language or guess)
        self._request = self._exchange.follow(self._follow(asked))
        return True

    def _take(self, signal: Signal) -> Decision | None:
        decision = self._detector.receive(signal, self._exchange.clock())
        if isinstance(decision, Escalate):
            first = decision.evidence[0] if decision.evidence else None
            rule = first.rule if first is not None else decision.trigger.value
            self._ask_for_human(
                decision.trigger,
                rule,
                language=self._language,
                guess=first.language if first is not None else None,
                evidence=decision.evidence,
            )
        elif isinstance(decision, Retract) and self.is_escalating:
            self._hand_over.retract()
        return decision

    async def _ask(self, name: str, predicate: Predicate) -> None:
        """Take in what a predicate of the user's makes of the conversation, whenever it comes."""
        try:
            async with asyncio.timeout(_VERDICT_S):
                escalate = await predicate(tuple(self._said))
        except TimeoutError:
            log.warning("call %s: predicate %s gave no verdict in time", self.call_uuid, name)
            return
        # Somebody else's code: whatever is wrong with it must not cost the caller the rest.
        except Exception:
            log.exception("call %s: predicate %s failed", self.call_uuid, name)
            return
        self._take(Verdict(name, escalate=bool(escalate)))

    def _remember(self, party: Party, text: str) -> None:
        said = Said(party, text, self._exchange.clock())
        self._said.append(said)
        self._exchange.spawn(self._exchange.store.remember(self.call_uuid, said))

    def _note_language(self, text: str, language: str | None) -> None:
        """Keep the caller's language; a word or two do not change it, as recognisers guess."""
        known = self._language
        if language is None or language == known:
            return
        if known is None or len(text.split()) >= _WORDS_OF_A_LANGUAGE:
            self._language = language
            heard = e.LanguageHeard(language)
            self._exchange.spawn(self._exchange.receive(self.call_uuid, heard))

    def _text(self, line: Line, reason: Reason | None = None) -> str:
        say = self._exchange.settings.say
        return say.text(line, language=self._language, reason=reason)

    async def _follow(self, asked: Awaitable[e.Requested]) -> Ending:
        """See the request through, and give the caller back to the bot if he never left it."""
        ending = await self._hand_over.run(await asked)
        self._detector.reset(self._exchange.clock())
        bot = self._hand_over.bot
        if bot is None:
            return ending
        if ending.outcome is Outcome.REFUSED:
            await bot.resume(self._text(Line.UNAVAILABLE, ending.reason))
        elif ending.outcome is Outcome.RETURNED:
            # A warm handoff that found nobody: the caller never left.
            await bot.resume(self._text(Line.RETURNING, ending.reason))
        elif ending.outcome is Outcome.CANCELLED:
            await bot.resume(None)
        return ending
