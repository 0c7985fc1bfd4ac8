"""Runs a call: fetch a document, carry out its elements top to bottom, follow where it leads.

The rules of plivo.com's XML and audio-streaming pages: the end of a document ends the call (4010);
a transfer takes effect at once, except while a stream with keepCallAlive occupies the document:
then it is fetched when the stream has ended, before any following element.
"""

from __future__ import annotations

import asyncio
import re
import traceback
from typing import TYPE_CHECKING, Final

from escalate.emulator import parameters
from escalate.emulator.call import Call, CallEnds
from escalate.emulator.document import DocumentRefused, describe, parse
from escalate.emulator.elements import Hangup, PreAnswer
from escalate.emulator.steps import STEPS, Goto
from escalate.emulator.tasks import until
from escalate.plivo.causes import HangupSource

if TYPE_CHECKING:
    from escalate.emulator.callbacks import Fetched
    from escalate.emulator.element import Element
    from escalate.emulator.services import Services

_UNREACHABLE: Final = {"answer": 7011, "fallback": 7011, "action": 7012, "transfer": 7013}
_INVALID_URL: Final = {"action": 7022, "transfer": 7023}
_INVALID_METHOD: Final = {"action": 7032, "transfer": 7033}
_INVALID_XML: Final = {"answer": 8011, "fallback": 8011, "action": 8012, "transfer": 8013}
_REDIRECT: Final = {"url": 7024, "method": 7034, "unreachable": 7014, "xml": 8014}
_URL: Final = re.compile(r"https?://[^\s/]+\S*\Z")


class Interpreter:
    """Carries out the documents of one call."""

    def __init__(self, call: Call, services: Services) -> None:
        self._call = call
        self._services = services

    async def run(self) -> None:
        """Run the call to its end, whoever ends it; a call that is over already runs nothing."""
        call = self._call
        if call.ending:
            return
        with until(call.over):
            await self._documents()
        call.ear.finish()

    async def _documents(self) -> None:
        """Follow one document after the other until one ends the call."""
        call, services = self._call, self._services
        goto: Goto | None = Goto(
            "answer", call.routes.answer, parameters.standard(call, services, "StartApp")
        )
        try:
            while goto:
                goto = await self._unless_transferred(goto)
        except CallEnds as exc:
            if exc.why:
                call.report("xml.refused", what=goto.what if goto else "answer", reason=exc.why)
            call.end(exc.code, exc.source)
        # The boundary of the emulator's own mistakes: the call must end and say so.
        except Exception:
            call.report("emulator.error", error=traceback.format_exc())
            call.end(5010, HangupSource.PLIVO)

    async def _unless_transferred(self, goto: Goto) -> Goto | None:
        """Run a document until it leads to another one, by itself or by a transfer."""
        next_ = None
        try:
            with until(self._call.transferable):
                next_ = await self._follow(goto)
        except CallEnds:
            if moved := self._transfer():
                return moved
            raise
        return self._transfer() or next_

    async def _follow(self, goto: Goto) -> Goto | None:
        """Fetch a document and carry it out; None when a transfer took its place."""
        for element in await self._fetch(goto):
            if not _is_before_the_answer(element):
                self._call.answer()
            name, attributes = describe(element)
            self._call.report("xml.step", element=name, attributes=attributes)
            next_ = await STEPS[type(element)](self._call, element, self._services)
            # What was due while this element ran comes before the ones after it.
            if moved := self._transfer():
                return moved
            if next_:
                return next_
        raise CallEnds(4010, HangupSource.ANSWER_XML)

    async def _fetch(self, goto: Goto) -> tuple[Element, ...]:
        what, route = goto.what, goto.route
        if not _URL.match(route.url):
            code = _INVALID_URL.get(what, _UNREACHABLE.get(what, _REDIRECT["url"]))
            raise CallEnds(code, HangupSource.ERROR, f"{route.url!r} is not a URL")
        if route.method not in ("GET", "POST"):
            code = _INVALID_METHOD.get(what, _UNREACHABLE.get(what, _REDIRECT["method"]))
            raise CallEnds(code, HangupSource.ERROR, f"{route.method!r} is not a method")
        fetched = await self._reach(goto)
        try:
            return parse(fetched.body, fetched.content_type)
        except DocumentRefused as exc:
            code = _INVALID_XML.get(what, _REDIRECT["xml"])
            raise CallEnds(code, HangupSource.ERROR, str(exc)) from None

    async def _reach(self, goto: Goto) -> Fetched:
        """Fetch a document; an answer URL that cannot be had is replaced by the fallback URL."""
        fetch, call = self._services.fetcher.fetch, self._call
        # What the application was to be told before this leaves before it.
        await asyncio.sleep(0)
        fetched = await fetch(goto.what, goto.route, goto.params, call.uuid)
        if not fetched.ok and goto.what == "answer" and call.routes.fallback:
            fetched = await fetch("fallback", call.routes.fallback, goto.params, call.uuid)
        if not fetched.ok:
            code = _UNREACHABLE.get(goto.what, _REDIRECT["unreachable"])
            raise CallEnds(code, HangupSource.ERROR)
        return fetched

    def _transfer(self) -> Goto | None:
        route = self._call.take_transfer()
        if route is None:
            return None
        params = parameters.standard(self._call, self._services, "Redirect")
        return Goto("transfer", route, params)


def _is_before_the_answer(element: Element) -> bool:
    return isinstance(element, PreAnswer) or (isinstance(element, Hangup) and bool(element.reason))


def report_end(call: Call, services: Services) -> None:
    """Log the end of a call and tell its hangup URL."""
    ending = call.ending
    assert ending is not None
    call.report(
        "call.ended",
        cause=ending.cause,
        code=ending.code,
        source=ending.source,
        duration_s=round(call.duration_s, 3),
    )
    if call.routes.hangup:
        params = parameters.hangup(call, services)
        services.notify("hangup", call.routes.hangup, params, call.uuid)
