"""What goes into a detector and what comes out. Times are seconds, on any one clock."""

from __future__ import annotations

from dataclasses import dataclass, field

from escalate.values import Trigger


@dataclass(frozen=True, slots=True)
class Heard:
    """Words of the caller, as a recogniser hands them over.

    `final` is False for an interim result, which a later one may take back. `language` is a
    BCP 47 tag when the recogniser knows it: the pack of that language reads first, the others after
    it, for recognisers err and callers mix.
    """

    text: str
    final: bool = True
    language: str | None = None


@dataclass(frozen=True, slots=True)
class BotSaid:
    """A whole utterance of the bot."""

    text: str


@dataclass(frozen=True, slots=True)
class Digit:
    """A key the caller pressed: 0-9, * or #."""

    digit: str


@dataclass(frozen=True, slots=True)
class BotFailed:
    """A part of the bot (recogniser, model, voice) reported an error."""

    part: str = "bot"


@dataclass(frozen=True, slots=True)
class Tick:
    """Nothing happened; time went by. Lets silence be noticed."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of a user's own predicate. `name` says which one."""

    name: str
    escalate: bool
    score: float = 1.0


Signal = Heard | BotSaid | Digit | BotFailed | Tick | Verdict


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a decision was taken.

    `words` is what matched, as the caller said it; `span` is where it stands in `text`, in
    characters; `score` is 0 to 1.
    """

    rule: str
    words: str
    span: tuple[int, int]
    text: str
    score: float = 1.0
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Armed:
    """An interim result looks like a request: prepare, but do nothing that cannot be undone."""

    trigger: Trigger
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Escalate:
    """The caller needs a human."""

    trigger: Trigger
    evidence: tuple[Evidence, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Retract:
    """The caller took the request back."""

    evidence: tuple[Evidence, ...] = ()


Decision = Armed | Escalate | Retract
