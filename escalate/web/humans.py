"""The routes of a human: what he hears before he takes a caller, his answer, room and end."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from starlette.requests import Request

from escalate.exchange import Exchange
from escalate.handoff import Reply, read_reply
from escalate.plivo.callbacks import (
    parse_answer,
    parse_conference_event,
    parse_hangup,
    parse_input,
)
from escalate.transfer import Call
from escalate.transfer import events as e
from escalate.transfer.documents import AskHuman, BriefHuman, human_document_for
from escalate.values import Reason
from escalate.web.requests import Callback, Step

# How often the question is asked before silence, or words that mean neither, count as a no.
_ASK_TIMES: Final = 2
_REASONS: Final = {
    Reply.DECLINE: Reason.DECLINED,
    Reply.DEFER: Reason.DEFERRED,
    Reply.UNCLEAR: Reason.NOT_CONFIRMED,
}


class HumanRoutes:
    """One method per route. The leg is the human's own; the URL says whose caller it is about."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def answer(self, request: Request, callback: Callback) -> Step | None:
        """The human picked up."""
        leg = parse_answer(callback.form).call_uuid or None
        return await self._after(request, e.HumanAnswered(*_ids(request), leg))

    async def machine(self, request: Request, callback: Callback) -> None:
        """The carrier has found out whether a machine picked up."""
        told = parse_answer(callback.form)
        if told.machine:
            await self._tell(request, e.MachineAnswered(*_ids(request), told.call_uuid or None))

    async def reply(self, request: Request, callback: Callback) -> Step | None:
        """The human answered the question, or kept silent; an unclear answer is asked again."""
        said = parse_input(callback.form)
        times = int(callback.form.get("asked", "1"))
        language = self._language(await self._load(request), request)
        answer = read_reply(digits=said.digits, speech=said.speech, language=language)
        if answer.reply is Reply.UNCLEAR and times < _ASK_TIMES:
            return await self._ask_again(request, times + 1)
        if answer.reply is Reply.ACCEPT:
            return await self._after(request, e.HumanAccepted(*_ids(request)))
        reason = Reason.MACHINE if answer.machine else _REASONS[answer.reply]
        declined = e.HumanDeclined(*_ids(request), reason, answer.after_s)
        return await self._after(request, declined)

    async def accepted(self, request: Request, callback: Callback) -> Step | None:
        """The human said yes to an application of the user's."""
        return await self._after(request, e.HumanAccepted(*_ids(request)))

    async def declined(self, request: Request, callback: Callback) -> Step | None:
        """The human said no to an application of the user's."""
        return await self._after(request, e.HumanDeclined(*_ids(request)))

    async def later(self, request: Request, callback: Callback) -> Step | None:
        """The human asked an application of the user's for time."""
        told = callback.form.get("after_s", "")
        after_s = float(told) if told.isascii() and told.isdigit() and len(told) < 6 else None
        event = e.HumanDeclined(*_ids(request), Reason.DEFERRED, after_s)
        return await self._after(request, event)

    async def _ask_again(self, request: Request, times: int) -> Step | None:
        call = await self._load(request)
        step = None if call is None else self._step(call, request)
        if step is None or not isinstance(step.document, AskHuman):
            return step
        return step._replace(document=replace(step.document, times=times))

    async def whisper(self, request: Request, _: Callback) -> Step | None:
        """A dialled human has picked up, and hears what it is about before he takes the caller."""
        call = await self._load(request)
        if call is None:
            return None
        return Step(call, BriefHuman(*_ids(request)), self._language(call, request))

    async def room(self, request: Request, callback: Callback) -> None:
        """The human went into the room."""
        if parse_conference_event(callback.form).action == "enter":
            await self._tell(request, e.HumanEntered(*_ids(request)))

    async def hang_up(self, request: Request, callback: Callback) -> None:
        """The human's leg ended, answered or not."""
        told = parse_hangup(callback.form)
        event = e.HumanLegEnded(*_ids(request), told.reason, told.cause_name, told.cause_code)
        await self._tell(request, event)

    async def _after(self, request: Request, event: e.AttemptEvent) -> Step | None:
        call = await self._exchange.receive(request.path_params["call_uuid"], event)
        return None if call is None else self._step(call, request)

    def _step(self, call: Call, request: Request) -> Step:
        document = human_document_for(call, *_ids(request))
        return Step(call, document, self._language(call, request))

    def _language(self, call: Call | None, request: Request) -> str:
        """Return the language in which the human is spoken to: one that is known at his desk."""
        settings = self._exchange.settings
        escalation, number = _ids(request)
        held = call.find(escalation) if call is not None else None
        told = held.attempt(number) if held is not None else None
        place = settings.find(told.destination) if told is not None else None
        if call is None or place is None:
            return settings.say.language
        return place.language_for(call.language, settings.say.language)

    async def _load(self, request: Request) -> Call | None:
        return await self._exchange.store.load(request.path_params["call_uuid"])

    async def _tell(self, request: Request, event: e.Event) -> None:
        await self._exchange.receive(request.path_params["call_uuid"], event)


def _ids(request: Request) -> tuple[str, int]:
    return request.path_params["escalation"], request.path_params["attempt"]
