"""A talk of your application's with a human who was called, before he gets the caller."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from escalate.contexts import Account
from escalate.errors import CallGone
from escalate.plivo.urls import with_retries
from escalate.transfer import Attempt, Call, Escalation, State

if TYPE_CHECKING:
    from escalate.exchange import Exchange


class Consultation:
    """One human who is asked by an application of yours; made by `Switchboard.consultation`.

    What he answers leads his own leg to us and counts once it has arrived, so a caller is never
    given to a leg that has gone. Without an answer in `limits.brief_s` he is let go.

    Every method raises `CallGone` when nobody waits for this human any more, and `CarrierError` or
    `StoreUnavailable` when carrier or store cannot be reached.
    """

    def __init__(self, exchange: Exchange, call_uuid: str, escalation: str, attempt: int) -> None:
        self._exchange = exchange
        self._call_uuid = call_uuid
        self._escalation = escalation
        self._attempt = attempt

    def __repr__(self) -> str:
        return f"Consultation({self._call_uuid!r}, {self._escalation!r}, {self._attempt!r})"

    async def account(self) -> Account:
        """Return who calls and why, as it is told to the human otherwise."""
        call, held, _ = await self._asked()
        return await self._exchange.accounts.of(call, held)

    async def accept(self) -> None:
        """The human takes the caller."""
        await self._lead_to("accepted")

    async def decline(self) -> None:
        """The human does not take the caller: he is thanked, and the next one is called."""
        await self._lead_to("declined")

    async def defer(self, after_s: float | None = None) -> None:
        """The human asks to be called again after some seconds, a minute unless he says."""
        await self._lead_to("later" if after_s is None else f"later?after_s={after_s:.0f}")

    async def _lead_to(self, answer: str) -> None:
        _, held, told = await self._asked()
        assert told.leg is not None
        plivo = self._exchange.plivo
        base = self._exchange.human_url(self._call_uuid, held.id, told.number)
        await plivo.transfer(told.leg, with_retries(f"{base}/{answer}"))
        # A stream is played to its end first; without one there is nothing to stop.
        with suppress(CallGone):
            await plivo.stop_stream(told.leg)

    async def _asked(self) -> tuple[Call, Escalation, Attempt]:
        """Return the attempt as it is stored."""
        await self._exchange.ready()
        call = await self._exchange.store.load(self._call_uuid)
        held = call.open_escalation if call is not None else None
        if call is None or held is None or held.id != self._escalation:
            raise CallGone("the caller is not waiting any more")
        told = held.attempt(self._attempt)
        asking = held.state is State.CONSULTING and told in held.live
        if told is None or told.leg is None or not asking:
            raise CallGone("this human is not asked any more")
        return call, held, told
