"""How each element is carried out. A new element is a function here and a row in `STEPS`.

A step returns the document that takes over, or None for "go on with the next element".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from escalate.emulator import parameters, sounds
from escalate.emulator.asking import Asking
from escalate.emulator.call import Call, CallEnds
from escalate.emulator.callbacks import Route
from escalate.emulator.dial import Dialling
from escalate.emulator.element import Element
from escalate.emulator.elements import (
    DTMF,
    Dial,
    Hangup,
    Play,
    PreAnswer,
    Redirect,
    Speak,
    Stream,
    Wait,
)
from escalate.emulator.elements_input import GetDigits, GetInput, Question, Record
from escalate.emulator.elements_room import Conference
from escalate.emulator.media import MediaStream, SilentStream
from escalate.emulator.meeting import Meeting
from escalate.emulator.recording import Recording
from escalate.emulator.tasks import until
from escalate.plivo.causes import HangupSource

if TYPE_CHECKING:
    from escalate.emulator.services import Services

_LONGEST_PRE_ANSWER_S: Final = 30.0
_KEY_S: Final = 0.2
_PAUSES_S: Final = {"w": 0.5, "W": 1.0}


@dataclass(frozen=True, slots=True)
class Goto:
    """The document that comes next, and what kind of URL it comes from."""

    what: str
    route: Route
    params: dict[str, str] = field(default_factory=dict)


Step = Callable[[Call, Any, "Services"], Awaitable[Goto | None]]


async def _stream(call: Call, element: Stream, services: Services) -> Goto | None:
    """Stream; keepCallAlive decides whether the document waits for the end of it."""
    if call.stream is not None:
        call.report("stream.refused", url=element.body, reason="one stream per call")
        return None
    bot = services.bot
    parts = call, element, services
    stream = SilentStream(*parts, bot) if bot else MediaStream(*parts)
    call.stream = stream
    if element.keep_call_alive:
        await _stream_alone(call, stream)
    else:
        services.background.start(_stream_beside(call, stream))
    return None


async def _stream_alone(call: Call, stream: MediaStream) -> None:
    """Occupy the document: a transfer that comes meanwhile is due only afterwards."""
    call.hold(True)
    try:
        await stream.run()
    finally:
        call.stream = None
        call.hold(False)


async def _stream_beside(call: Call, stream: MediaStream) -> None:
    """Stream while the document goes on, until the call or the stream ends."""
    try:
        with until(call.over):
            await stream.run()
    finally:
        call.stream = None


async def _sound(call: Call, element: Speak | Play | Wait, services: Services) -> Goto | None:
    source = type(element).__name__.lower()
    if isinstance(element, Wait) and element != Wait(length=element.length):
        call.report("xml.ignored", element="Wait", reason="only length is emulated")
    sound = await sounds.of(element, call, services)
    try:
        await sounds.play(
            sound, lambda frame, at: call.ear.hear(source, frame, at, sound.text), services
        )
    finally:
        call.ear.finish(source)
    return None


async def _dial(call: Call, element: Dial, services: Services) -> Goto | None:
    return await _with_action(call, element, Dialling(element, call, services), services)


async def _conference(call: Call, element: Conference, services: Services) -> Goto | None:
    return await _with_action(call, element, Meeting(element, call, services), services)


async def _ask(call: Call, element: Question, services: Services) -> Goto | None:
    params = await Asking(element, call, services).run()
    return None if params is None else _follow(call, element, params, services)


async def _record(call: Call, element: Record, services: Services) -> Goto | None:
    recording = Recording(element, call, services)
    if not element.record_session:
        return await _with_action(call, element, recording, services)
    services.background.start(recording.run_beside())
    return _follow(call, element, recording.result(), services)


async def _pre_answer(call: Call, element: PreAnswer, services: Services) -> Goto | None:
    """Play before the answer; what is longer than Plivo allows is cut off."""
    try:
        async with asyncio.timeout(_LONGEST_PRE_ANSWER_S):
            for prompt in element.prompts:
                await STEPS[type(prompt)](call, prompt, services)
    except TimeoutError:
        call.report("xml.ignored", element="PreAnswer", reason="more than 30 s")
    return None


async def _dtmf(call: Call, element: DTMF, services: Services) -> Goto | None:
    sending = services.background.start(_send_keys(call, element.body, services))
    if not element.async_:
        await sending
    return None


async def _send_keys(call: Call, keys: str, services: Services) -> None:
    for key in keys:
        if key not in _PAUSES_S:
            call.report("heard.digits", digits=key)
        await services.clock.sleep(_PAUSES_S.get(key, _KEY_S))


async def _with_action(
    call: Call,
    element: Dial | Conference | Record,
    work: Dialling | Meeting | Recording,
    services: Services,
) -> Goto | None:
    """Work, then ask the action; if the call is over meanwhile, the action still hears of it."""
    try:
        params = await work.run()
    except asyncio.CancelledError:
        if call.ending and element.action:
            route = Route(element.action, element.method)
            services.notify("action", route, work.result(), call.uuid)
        raise
    return _follow(call, element, params, services)


def _follow(
    call: Call,
    element: Dial | Conference | Record | Question,
    params: dict[str, str],
    services: Services,
) -> Goto | None:
    """Go where the action leads, or only tell it."""
    if not element.action:
        return None
    action = Route(element.action, element.method)
    if element.redirect:
        return Goto("action", action, params)
    services.notify("action", action, params, call.uuid)
    return None


async def _redirect(call: Call, element: Redirect, services: Services) -> Goto | None:
    params = parameters.standard(call, services, "Redirect")
    return Goto("redirect", Route(element.body, element.method), params)


async def _hangup(call: Call, element: Hangup, services: Services) -> Goto | None:
    if element.schedule is not None:
        services.background.start(_hang_up_later(call, element.schedule))
        return None
    if element.reason and call.answered_at is None:
        raise CallEnds(3010 if element.reason == "busy" else 3020, HangupSource.ANSWER_XML)
    raise CallEnds(4000, HangupSource.ANSWER_XML)


async def _hang_up_later(call: Call, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await call.over.wait()
    except TimeoutError:
        call.end(6000, HangupSource.ANSWER_XML)


STEPS: Final[Mapping[type[Element], Step]] = {
    Stream: _stream,
    Speak: _sound,
    Play: _sound,
    Wait: _sound,
    Dial: _dial,
    Conference: _conference,
    GetDigits: _ask,
    GetInput: _ask,
    Record: _record,
    PreAnswer: _pre_answer,
    DTMF: _dtmf,
    Redirect: _redirect,
    Hangup: _hangup,
}
