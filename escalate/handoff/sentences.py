"""What caller and human hear at each step, in the language of each, with a voice that speaks it.

The sentences are data in `data/sentences`, one file per language, and each can be replaced, also
by a recording. A carrier refuses a document with a voice that does not speak the language of the
text, so text and voice are chosen together: the asked language, else the configured fallback, else
English. A recording needs no voice.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from escalate.handoff.languages import base_of
from escalate.values import Reason

FOLDER: Final = Path(__file__).with_name("data") / "sentences"
_ENGLISH: Final = "en"
_SLOT: Final = re.compile(r"\{([a-z]*)\}")
# The carrier's own voices come before others: they cost nothing.
_OWN_VOICES: Final = ("WOMAN", "MAN")
_NONE: Final[Mapping[str, str]] = MappingProxyType({})
_NOTHING_OWN: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType({})
_RECORDING: Final = re.compile(r"https?://\S+")


class Line(StrEnum):
    """A moment at which something is said."""

    # to the caller, by the bot
    CONNECTING = "connecting"
    CONSULTING = "consulting"  # a human is called first, and he stays with the bot meanwhile
    JOINING = "joining"  # the human has accepted
    RETURNING = "returning"
    UNAVAILABLE = "unavailable"
    RECONNECTED = "reconnected"
    # to the caller, by the carrier
    INTRODUCTION = "introduction"  # to both, at the bridge; {wants} is what the caller wants
    VOICEMAIL = "voicemail"
    MESSAGE_KEPT = "message_kept"
    CALLBACK = "callback"
    GOODBYE = "goodbye"
    ONE_MOMENT = "one_moment"
    # to the human; {accept}, {decline} and {defer} are keys
    OFFER = "offer"
    ASK = "ask"  # by key or by word
    AGAIN = "again"
    CONFIRM = "confirm"  # where a key is the only answer
    DECLINED = "declined"
    DEFERRED = "deferred"
    TAKEN = "taken"  # somebody else was faster
    CALLER_GONE = "caller_gone"


BOT_LINES: Final = frozenset(
    (
        Line.CONNECTING,
        Line.CONSULTING,
        Line.JOINING,
        Line.RETURNING,
        Line.UNAVAILABLE,
        Line.RECONNECTED,
    )
)
"""What the bot says in its own voice, so that it is text and no recording."""

SLOTS: Final[Mapping[Line, tuple[str, ...]]] = {
    Line.INTRODUCTION: ("wants",),
    Line.ASK: ("accept", "decline", "defer"),
    Line.AGAIN: ("accept", "decline", "defer"),
    Line.CONFIRM: ("accept",),
}
"""What a sentence may hold beside its words."""


class Failure(StrEnum):
    """What a caller is told about an attempt that came to nothing."""

    BUSY = "busy"
    NO_ANSWER = "no_answer"
    CLOSED = "closed"
    TECHNICAL = "technical"
    OTHER = "other"


FAILURES: Final[Mapping[Reason, Failure]] = {
    Reason.COMPLETED: Failure.OTHER,
    Reason.NO_ANSWER: Failure.NO_ANSWER,
    Reason.BUSY: Failure.BUSY,
    Reason.DECLINED: Failure.BUSY,  # that somebody does not want to is nothing to tell a caller
    Reason.DEFERRED: Failure.BUSY,
    Reason.SIP_AUTH_FAILED: Failure.TECHNICAL,
    Reason.SIP_AUTH_TIMEOUT: Failure.TECHNICAL,
    Reason.UNREACHABLE: Failure.TECHNICAL,
    Reason.INVALID_DESTINATION: Failure.TECHNICAL,
    Reason.NOT_PERMITTED: Failure.TECHNICAL,
    Reason.MACHINE: Failure.NO_ANSWER,
    Reason.NOT_CONFIRMED: Failure.NO_ANSWER,
    Reason.LOST_RACE: Failure.OTHER,
    Reason.CARRIER_ERROR: Failure.TECHNICAL,
    Reason.OUR_DOCUMENT: Failure.TECHNICAL,
    Reason.CANCELLED: Failure.OTHER,
    Reason.CALLER_LEFT: Failure.OTHER,
    Reason.RETRACTED: Failure.OTHER,
    Reason.CLOSED: Failure.CLOSED,
    Reason.AWAY: Failure.OTHER,
    Reason.NO_DESTINATION: Failure.OTHER,
    Reason.BUDGET_SPENT: Failure.NO_ANSWER,
    Reason.STREAM_LOST: Failure.TECHNICAL,
    Reason.REQUEST_REFUSED: Failure.TECHNICAL,
    Reason.UNKNOWN: Failure.OTHER,
}


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice of the carrier and the language it is to speak, in the carrier's words."""

    name: str
    language: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence ready for the carrier's Speak, or with `recording` the URL for its Play."""

    text: str
    voice: Voice
    recording: bool = False


class Sentences:
    """The sentences of one language, or of the one that has to stand in for it."""

    def __init__(
        self,
        language: str,
        *,
        voices: Mapping[str, Sequence[str]],
        wanted: Sequence[str] = (),
        fallback: str = _ENGLISH,
        own: Mapping[str, Mapping[str, str]] = _NOTHING_OWN,
    ) -> None:
        """Choose text and voice for `language`, a tag such as "de" or "pt-PT".

        `voices` are the carrier's, with the languages of each; those `wanted` are preferred where
        they speak the language. `own` replaces sentences: by language, then by `Line`.

        Raises:
            ValueError: A sentence of `own` has no such line or slot, or no voice speaks English.
        """
        for sentences in own.values():
            _check_own(sentences)
        for candidate in (language, fallback, _ENGLISH):
            chosen = choose_voice(candidate, voices, wanted=wanted)
            if chosen is not None and base_of(candidate) in sentence_languages():
                self.language, self.voice = base_of(candidate), chosen
                self._own = _own_of(own, candidate)
                break
        else:
            raise ValueError("the carrier has no voice for English: name one that it has")
        self._data = _load(self.language)
        asked = _own_of(own, language)
        self._recordings = {line: url for line, url in asked.items() if _RECORDING.fullmatch(url)}

    def say(
        self, line: Line, *, reason: Reason | None = None, slots: Mapping[str, str] = _NONE
    ) -> Spoken:
        """Return what is said at `line`, with `slots` filled in (see `SLOTS`).

        With a `reason` the caller first hears why, unless the sentence is the user's own.
        """
        if line in self._recordings:
            return Spoken(self._recordings[line], self.voice, recording=True)
        text = self._own.get(line) or self._data["lines"][line]
        if _RECORDING.fullmatch(text):
            return Spoken(text, self.voice, recording=True)
        if reason is not None and line not in self._own:
            text = f"{self._data['failed'][FAILURES[reason]]} {text}"
        text = _SLOT.sub(lambda slot: slots.get(slot[1], ""), text)
        return Spoken(" ".join(text.split()), self.voice)


@cache
def sentence_languages() -> tuple[str, ...]:
    """Return the languages that sentences exist in."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.toml")))


def choose_voice(
    language: str, voices: Mapping[str, Sequence[str]], *, wanted: Sequence[str] = ()
) -> Voice | None:
    """Return the best voice that speaks `language`, or None if the carrier has none.

    The exact region counts more than the `wanted` voices, and any region of the language is better
    than none. `voices` maps each voice of the carrier to its languages.
    """
    preferred = _preferred(base_of(language))
    pairs = [Voice(name, spoken) for name, tags in voices.items() for spoken in tags]
    same = [pair for pair in pairs if base_of(pair.language) == base_of(language)]

    def rank(pair: Voice) -> tuple[Any, ...]:
        own = _OWN_VOICES.index(pair.name) if pair.name in _OWN_VOICES else len(_OWN_VOICES)
        return (
            pair.language.lower() != language.lower(),
            wanted.index(pair.name) if pair.name in wanted else len(wanted),
            pair.language != preferred,
            own,
            pair.language,
            pair.name,
        )

    return min(same, key=rank, default=None)


def _preferred(base: str) -> str | None:
    """Return the region that is meant when none is named."""
    return str(_load(base)["region"]) if base in sentence_languages() else None


def _own_of(own: Mapping[str, Mapping[str, str]], language: str) -> Mapping[str, str]:
    """Return the user's sentences for a tag; those of its region come before others."""
    return {**own.get(base_of(language), _NONE), **own.get(language, _NONE)}


def _check_own(own: Mapping[str, str]) -> None:
    for name, text in own.items():
        if name not in list(Line):
            raise ValueError(f"there is no sentence {name[:40]!a}: {', '.join(Line)}")
        if _RECORDING.fullmatch(text):
            if name in BOT_LINES:
                raise ValueError(f"sentence {name} is spoken by the bot: give its words, no URL")
            continue
        allowed = SLOTS.get(Line(name), ())
        for slot in _SLOT.findall(text):
            if slot not in allowed:
                known = ", ".join(f"{{{one}}}" for one in allowed) or "none"
                raise ValueError(f"sentence {name} has a slot {{{slot}}}; it may hold {known}")


@cache
def _load(language: str) -> Mapping[str, Any]:
    return tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))


def briefing_labels(language: str) -> Mapping[str, str]:
    """Return the words that a briefing puts around what was said, in `language` or English."""
    base = base_of(language)
    data = _load(base if base in sentence_languages() else _ENGLISH)
    labels: Mapping[str, str] = data["briefing"]
    return labels
