"""The briefing of each escalation: made once of the words so far, and the same for every replica.

It is kept beside the words, under the id of the escalation, by whoever makes it first, so that what
the human hears and what his screen shows do not depend on which process is asked.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from pydantic import TypeAdapter

from escalate.detect import Evidence
from escalate.handoff import Briefing, brief, briefing_labels, redact, seconds_of
from escalate.settings import Settings
from escalate.store import Note, Store
from escalate.transfer import Call, Escalation
from escalate.transfer import events as e
from escalate.values import Said, Trigger

log = logging.getLogger("escalate")

SPOKEN_S: Final = 10.0
"""How long the human listens to a briefing at most (seconds)."""

_CODEC: Final[TypeAdapter[Briefing]] = TypeAdapter(Briefing)
_LONGEST_SUMMARY: Final = 600
_LONGEST_TURN: Final = 1500
_FIRST_TURNS: Final = 20
_LAST_TURNS: Final = 60

Summarize = Callable[[Sequence[Said]], Awaitable[str]]
"""A user's own summary of a conversation: a few words to be spoken, in the caller's language."""


class Briefings:
    """Makes, keeps and finds briefings for one process.

    `summarize` may say it in better words. It has `summary_s` of the settings for that; late or
    failing, the briefing without a model is taken. What it says is redacted and cut like that one.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        *,
        clock: Callable[[], float],
        summarize: Summarize | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._summarize = summarize
        self._under_way: dict[str, asyncio.Task[Briefing]] = {}

    def prepare(
        self,
        call_uuid: str,
        request: e.Requested,
        said: Sequence[Said],
        evidence: Sequence[Evidence] = (),
    ) -> None:
        """Begin the briefing of an escalation that is about to open.

        `said` is the conversation so far, `evidence` why the human is called.
        """
        name = request.escalation
        work = self._make(call_uuid, name, request.trigger, request.language, said, evidence)
        self._under_way[name] = task = asyncio.create_task(work)
        task.add_done_callback(lambda done: self._settled(name, done))

    async def of(self, call: Call, held: Escalation) -> Briefing:
        """Return the briefing of an escalation; one that nobody has made is made here.

        Raises:
            StoreUnavailable: It can be neither read nor kept.
        """
        under_way = self._under_way.get(held.id)
        if under_way is not None:
            return await asyncio.shield(under_way)
        kept = await self._store.note(call.call_uuid, held.id)
        if kept is not None:
            return _CODEC.validate_json(kept.text)
        words = await self._store.words(call.call_uuid)
        said = [one for one in words if one.at <= held.opened_at]
        return await self._make(call.call_uuid, held.id, held.trigger, call.language, said)

    async def aclose(self) -> None:
        """Give up what is under way; a later reader makes it anew."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _make(
        self,
        call_uuid: str,
        name: str,
        trigger: Trigger,
        language: str | None,
        said: Sequence[Said],
        evidence: Sequence[Evidence] = (),
    ) -> Briefing:
        """Make the briefing called `name`, keep it, and return the one that was kept first."""
        language = language or self._settings.say.language
        # Beside the event loop, which carries somebody's audio.
        made = await asyncio.to_thread(
            brief,
            _looked_at(said),
            trigger,
            evidence=evidence,
            language=language,
            limit_s=SPOKEN_S,
        )
        summary = await self._summary(call_uuid, made, said)
        if summary:
            made = replace(made, spoken=summary, seconds=seconds_of(summary, made.language))
        note = Note(name, _CODEC.dump_json(made).decode(), self._clock())
        kept = await self._store.keep(call_uuid, note)
        return _CODEC.validate_json(kept.text) if kept.text else made

    async def _summary(self, call_uuid: str, made: Briefing, said: Sequence[Said]) -> str:
        """Return the user's summary, or nothing where there is none."""
        if self._summarize is None:
            return ""
        try:
            async with asyncio.timeout(self._settings.handoff.summary_s):
                text = await self._summarize(tuple(said))
        except TimeoutError:
            log.warning("call %s: no summary in time", call_uuid)
            return ""
        # Somebody else's code: whatever is wrong with it must not cost the human the briefing.
        except Exception as error:
            # Its message may quote the caller.
            log.error("call %s: the summary failed: %s", call_uuid, type(error).__name__)
            return ""
        return _speakable(str(text), made.language)

    def _settled(self, name: str, task: asyncio.Task[Briefing]) -> None:
        self._under_way.pop(name, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("a briefing could not be kept: %s", type(error).__name__)


def _looked_at(said: Sequence[Said]) -> list[Said]:
    """Return the turns with those emptied that are far from both ends, and none without end.

    A name is said early and a grievance late; how long anybody talks does not decide how long the
    human waits.
    """
    last = len(said) - _LAST_TURNS
    return [
        replace(one, text=_start_of(one.text) if nth < _FIRST_TURNS or nth >= last else "")
        for nth, one in enumerate(said)
    ]


def _start_of(text: str) -> str:
    """Return a long text up to a word that is no number, so that no half of one is told."""
    if len(text) <= _LONGEST_TURN:
        return text
    return text[:_LONGEST_TURN].rpartition(" ")[0].rstrip("0123456789 -")


def _speakable(text: str, language: str) -> str:
    """Return as much of `text` as there is time for, without what is nobody's business."""
    names = briefing_labels(language)
    text = " ".join(redact(text[:_LONGEST_SUMMARY], language, names).split())
    while seconds_of(text, language) > SPOKEN_S:
        text = text.rpartition(" ")[0] or text[: len(text) // 2]
    return text
