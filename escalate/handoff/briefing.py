"""What the human hears before he takes the call: who, what for, what was tried, in what mood.

No language model is asked, so nothing is made up: every part is a quote, a stretch of one turn,
with what has to be withheld taken out. Around the quotes stand a handful of fixed words per
language. The whole is at most ten seconds of speech; a twin for machines holds all that was found.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from escalate.detect.signals import Evidence
from escalate.handoff.finding import UNSPACED, Finder, Quote
from escalate.handoff.languages import base_of
from escalate.handoff.sentences import briefing_labels, sentence_languages
from escalate.values import Said, Trigger


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the carrier's voice speaks, so that a text can be measured without hearing it."""

    words_per_s: float = 2.6
    characters_per_s: float = 15.0  # for long words, which take longer
    signs_per_s: float = 6.5  # in Chinese and Japanese, which write no blanks
    digits_per_s: float = 3.0  # numbers are read digit by digit


PACE: Final = Pace()


@dataclass(frozen=True, slots=True)
class Briefing:
    """What was found, and what is spoken of it in `language` (at most the asked seconds)."""

    trigger: Trigger
    language: str
    spoken: str = field(repr=False)
    seconds: float
    who: Quote | None = None
    wants: Quote | None = None
    tried: tuple[Quote, ...] = ()
    mood: Quote | None = None
    identifiers: tuple[Quote, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the twin for machines: everything found, whether or not it was spoken."""

        def twin(quote: Quote | None) -> dict[str, Any] | None:
            if quote is None:
                return None
            return {"text": quote.text, "turn": quote.turn, "start": quote.start, "end": quote.end}

        return {
            "trigger": self.trigger.value,
            "language": self.language,
            "spoken": self.spoken,
            "seconds": round(self.seconds, 1),
            "who": twin(self.who),
            "wants": twin(self.wants),
            "tried": [twin(quote) for quote in self.tried],
            "mood": twin(self.mood),
            "identifiers": [twin(quote) for quote in self.identifiers],
        }


def brief(
    turns: Sequence[Said],
    trigger: Trigger,
    *,
    evidence: Sequence[Evidence] = (),
    language: str = "en",
    limit_s: float = 10.0,
    pace: Pace = PACE,
) -> Briefing:
    """Return the briefing about a conversation in `language`.

    `evidence` is why the human is called; its words are no news to him, so what the caller wants is
    looked for elsewhere first. `limit_s` bounds the spoken part by the measure of `pace`.
    """
    base = base_of(language) if base_of(language) in sentence_languages() else "en"
    finder = Finder(turns, base, evidence)
    found = Briefing(
        trigger,
        base,
        spoken="",
        seconds=0.0,
        who=finder.who(),
        wants=finder.wants(),
        tried=finder.tried(),
        mood=finder.mood(),
        identifiers=finder.identifiers(),
    )
    spoken = _Speech(base, limit_s, pace, finder).of(found)
    return replace(found, spoken=spoken, seconds=seconds_of(spoken, base, pace))


def introduction(found: Briefing, limit_s: float = 10.0) -> str:
    """Return who calls and what for, in words that both may hear: no mood, nothing that was tried.

    What takes longer than `limit_s` to say is left out.
    """
    labels = briefing_labels(found.language)
    quotes = (("who", found.who), ("wants", found.wants))
    said = [labels[name].replace("{}", quote.text) for name, quote in quotes if quote is not None]
    blank = "" if found.language in UNSPACED else " "
    while said and seconds_of(blank.join(said), found.language) > limit_s:
        said.pop()
    return blank.join(said)


def seconds_of(text: str, language: str, pace: Pace = PACE) -> float:
    """Return how long it takes to speak `text`, a little too long rather than too short."""
    digits = sum(character.isdigit() for character in text)
    rest = re.sub(r"\d", "", text)
    if base_of(language) in UNSPACED:
        spoken = sum(character.isalnum() for character in rest) / pace.signs_per_s
    else:
        spoken = max(len(rest.split()) / pace.words_per_s, len(rest) / pace.characters_per_s)
    return spoken + digits / pace.digits_per_s


class _Speech:
    """Puts as much of a briefing into words as the time allows, what matters most first."""

    def __init__(self, base: str, limit_s: float, pace: Pace, finder: Finder) -> None:
        self._base = base
        self._limit_s = limit_s
        self._pace = pace
        self._finder = finder
        self._labels = briefing_labels(base)

    def of(self, found: Briefing) -> str:
        """Return the spoken briefing: who, what, which, tried, mood, in that order."""
        chosen: dict[str, list[Quote]] = {}
        # What the caller wants may be cut short, but is never left out for something else.
        for name, quotes, may_shrink in (
            ("wants", _some(found.wants), True),
            ("who", _some(found.who), False),
            ("identifiers", found.identifiers[:2], False),
            ("mood", _some(found.mood), False),
            ("tried", found.tried[-1:], True),
        ):
            for quote in quotes:
                fitting = self._fitting(chosen, name, quote, may_shrink=may_shrink)
                if fitting is not None:
                    chosen.setdefault(name, []).append(fitting)
        return self._said(chosen)

    def _fitting(
        self, chosen: dict[str, list[Quote]], name: str, quote: Quote | None, *, may_shrink: bool
    ) -> Quote | None:
        if quote is None or any(_same(quote, other) for some in chosen.values() for other in some):
            return None
        while quote is not None and not self._fits(chosen, name, quote):
            quote = self._finder.shortened(quote) if may_shrink else None
        return quote

    def _fits(self, chosen: dict[str, list[Quote]], name: str, quote: Quote) -> bool:
        longer = {**chosen, name: [*chosen.get(name, ()), quote]}
        return seconds_of(self._said(longer), self._base, self._pace) <= self._limit_s

    def _said(self, chosen: dict[str, list[Quote]]) -> str:
        order = ("who", "wants", "identifiers", "tried", "mood")
        parts = (
            self._labels[name].replace("{}", ", ".join(quote.text for quote in chosen[name]))
            for name in order
            if name in chosen
        )
        return ("" if self._base in UNSPACED else " ").join(parts)


def _some(quote: Quote | None) -> tuple[Quote, ...]:
    return () if quote is None else (quote,)


def _same(one: Quote, other: Quote) -> bool:
    """Whether two quotes say the same, or one lies in the other."""
    return one.turn == other.turn and one.start < other.end and other.start < one.end
