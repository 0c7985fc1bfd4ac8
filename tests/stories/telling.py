"""What a story is: something that went wrong for others, and what makes it come out right here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, Final

from pytest import MonkeyPatch

from escalate import exchange
from escalate.plivo import xml
from escalate.settings import Settings
from escalate.transfer import Call, Received, receive
from escalate.web import documents

Play = Callable[[], None]
Twin = Callable[[MonkeyPatch], None]


@dataclass(frozen=True)
class Story:
    """`reports` are where it was told; `twin` takes away what the story depends on."""

    name: str
    reports: tuple[str, ...]
    play: Play
    twin: Twin


STORIES: Final[dict[str, Story]] = {}


def story(*reports: str, twin: Twin) -> Callable[[Play], Play]:
    """Register a function as the story behind `reports`; it asserts that all comes out right."""

    def register(play: Play) -> Play:
        name = play.__name__
        assert name not in STORIES, f"two stories are called {name}"
        STORIES[name] = Story(name, reports, play, twin)
        return play

    return register


def without(owner: object, name: str, instead: Any = None) -> Twin:
    """A twin in which `owner` has something else, or does nothing, under this name."""

    async def nothing(*_: Any, **__: Any) -> None:
        pass

    return lambda patch: patch.setattr(owner, name, instead or nothing)


def setting(**changed: Any) -> Twin:
    """A twin with other settings for the handoff."""

    def twin(patch: MonkeyPatch) -> None:
        made = Settings.__init__

        def other(self: Settings, **given: Any) -> None:
            made(self, **{**given, "handoff": {**given["handoff"], **changed}})

        patch.setattr(Settings, "__init__", other)

    return twin


def deaf_to(*events: type) -> Twin:
    """A twin in which our side does not take in these events."""

    def deaf(call: Call, event: Any, now: float) -> Received:
        if isinstance(event, events):
            return Received(call, (), changed=False)
        return receive(call, event, now)

    return lambda patch: patch.setattr(exchange, "receive", deaf)


def taking(one: type | UnionType, other: Callable[[Any], Any]) -> Twin:
    """A twin in which our side takes one kind of event for another."""

    def mistaken(call: Call, event: Any, now: float) -> Received:
        return receive(call, other(event) if isinstance(event, one) else event, now)

    return lambda patch: patch.setattr(exchange, "receive", mistaken)


def writing(element: str, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Twin:
    """A twin whose documents have other attributes in one element."""
    made = getattr(xml, element)
    return lambda patch: patch.setattr(documents, element, lambda **said: made(**change(said)))
