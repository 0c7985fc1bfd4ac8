"""Reads an answer by the patterns of a language: which places say what, and what they come to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from escalate.detect.text import PAUSES, fold, words_of
from escalate.handoff.deciding import (
    MEANS,
    Hit,
    Kind,
    Reply,
    decide,
    is_asked_back,
    is_guessed,
    is_machine,
    parted,
    without_overlaps,
    without_tag,
)

_MACRO: Final = re.compile(r"\{([a-z]+)\}")
_LETTERS: Final = re.compile(r"[^\w ]+")
MOST_WORDS: Final = 80  # of what was said; an answering machine has given itself away by then
_PAUSE: Final = re.compile(f"[{re.escape(PAUSES)}]")
_SCOPE: Final = 5  # words, or characters of a language without blanks, that a negation reaches
# What words mean behind a "not", and behind a "shall I" or an "if". A kind that is missing keeps
# its meaning: in "I can't, call me back" the "can't" does not reach over to the rest.
_MODIFIED: Final[Mapping[Kind, Mapping[Kind, Kind]]] = {
    Kind.NOT: {
        Kind.ACCEPT: Kind.DECLINE,
        Kind.YES: Kind.DECLINE,
        Kind.DECLINE: Kind.SKIP,
    },
    Kind.CANT: {Kind.ACCEPT: Kind.DECLINE},
    Kind.WHETHER: dict.fromkeys((Kind.ACCEPT, Kind.YES, Kind.NO, Kind.DECLINE), Kind.ASK),
}

# What may end in the "not" of the words behind it, as "lo siento no" does before "lo pase", and
# how many words it reaches over to a yes.
_YES: Final[Mapping[Kind, int]] = {Kind.ACCEPT: 2, Kind.YES: 0}
_REFUSALS: Final = frozenset({Kind.NO, Kind.DECLINE, Kind.BUSY, Kind.NOT_NOW})


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply and what it rests on.

    `machine` says that a recording spoke, which is a DECLINE. `after_s` is how long a DEFER asks
    for (seconds), if it names a time. `words` are the words that decided, folded, or all of them
    where the weights did. `whole` says that exact patterns know every word.
    """

    reply: Reply
    machine: bool = False
    after_s: float | None = None
    words: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True)
class _Rule:
    """A pattern and what it says; `general` ones give way, `divides` ones may hold a "but"."""

    kind: Kind
    pattern: re.Pattern[str]
    general: bool
    divides: bool


class Pack:
    """One language, compiled."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.recogniser: str = data["recogniser"]
        self.hints: tuple[str, ...] = tuple(data["hints"])
        self._blank = " " if data.get("spaced", True) else ""
        self._not_follows: bool = data.get("not_follows", False)
        spellings = data.get("spellings", {}).items()
        self._spellings = {fold(spoken): fold(word) for spoken, word in spellings}
        macros = _unfolded(data.get("macros", {}))
        self._but = [self._compile(pattern, macros) for pattern in data["patterns"]["but"]]
        self._rules = [
            _Rule(Kind(kind), compiled, general, self._divides(compiled))
            for general, table in ((False, "patterns"), (True, "general"))
            for kind, patterns in data.get(table, {}).items()
            for compiled in (self._compile(pattern, macros) for pattern in patterns)
        ]
        self._nots = [rule.pattern for rule in self._rules if rule.kind is Kind.NOT]
        self._cants = [rule.pattern for rule in self._rules if rule.kind is Kind.CANT]
        self._times = [
            (self._compile(pattern, macros), float(seconds))
            for pattern, seconds in data.get("times", {}).items()
        ]
        self._numbers = {fold(word): number for word, number in data.get("numbers", {}).items()}
        self._amount = self._compile_amount(data.get("units", {}))

    def read(self, speech: str) -> Answer | None:
        """Return the answer in `speech`, or None when none of its words is known."""
        text, ends = self._clauses(speech)
        found = without_overlaps(parted(list(self._hits(text)), ends))
        if not found:
            return None
        hits = without_tag(speech, list(self._modified(text, found)))
        if is_machine(hits):
            return Answer(Reply.DECLINE, machine=True, words=_words(text, hits))
        reply = Reply.UNCLEAR if is_asked_back(speech, hits) else decide(hits)
        if reply is Reply.ACCEPT and is_guessed(text, hits, ends):
            reply = Reply.UNCLEAR
        after_s = self._after_s(text) if reply is Reply.DEFER else None
        whole = _is_whole(text, [hit for hit in found if not hit.general])
        return Answer(reply, after_s=after_s, words=_words(text, hits), whole=whole)

    def _clauses(self, speech: str) -> tuple[str, list[int]]:
        """Return the words in one line, and where the clauses in it end."""
        line, left = "", MOST_WORDS
        ends: list[int] = []
        for clause in _PAUSE.split(speech):
            if left <= 0:
                break
            # A "no" keeps its pause: "no, hang up" is not "do not hang up".
            words = [self._spellings.get(word, word) for word in words_of(f"{clause},")[:left]]
            left -= len(words)
            line = self._blank.join((line, *words) if line else words)
            ends.append(len(line))
        return line, ends

    def _hits(self, text: str) -> Iterator[Hit]:
        """Yield where patterns hold; none reaches over a "but" that is not its own."""
        dividers = sorted(match.span() for but in self._but for match in but.finditer(text))
        starts = (0, *(end for _, end in dividers))
        ends = (*(start - len(self._blank) for start, _ in dividers), len(text))
        parts, whole = list(zip(starts, ends, strict=True)), [(0, len(text))]
        for rule in self._rules:
            search = rule.pattern.search  # most find nothing, which it says sooner than `finditer`
            for start, end in whole if rule.divides else parts:
                match = search(text, start, end)
                while match is not None:
                    if match.end() > match.start():
                        yield Hit(rule.kind, match.start(), match.end(), rule.general)
                    match = search(text, max(match.end(), match.start() + 1), end)

    def _divides(self, pattern: re.Pattern[str]) -> bool:
        """Whether a pattern holds a "but" of its own; where no blanks stand, any may."""
        return not self._blank or any(
            but.search(_LETTERS.sub(" ", pattern.pattern)) for but in self._but
        )

    def _modified(self, text: str, hits: Sequence[Hit]) -> Iterator[Hit]:
        """Yield the hits with "not", "can't" and "whether" worked into what they belong to."""
        for before, hit, after in zip((None, *hits), hits, (*hits[1:], None), strict=False):
            kind = hit.kind
            if kind is Kind.CANT or (kind is Kind.NOT and self._is_last(text, hit, hits)):
                kind = Kind.DECLINE
            elif before is not None and self._is_refused(text, before, hit):
                kind = Kind.DECLINE
            elif before is not None and self._reaches(text, before, hit):
                kind = _MODIFIED[before.kind].get(kind, kind)
            elif after is not None and self._not_follows and self._reaches(text, after, hit):
                adjacent = not text[hit.end : after.start].strip()
                if kind is Kind.ACCEPT or (kind is Kind.YES and adjacent):
                    kind = Kind.DECLINE
            yield replace(hit, kind=kind)

    def _is_last(self, text: str, hit: Hit, hits: Sequence[Hit]) -> bool:
        """Whether but for a "please" or "sorry" nothing follows: "go ahead, no wait, don't"."""
        later = [other for other in hits if other.start >= hit.end]
        polite = sum(len(text[other.start : other.end].split()) for other in later)
        short = len(text[hit.end :].split()) - polite <= (1 if self._blank else 0)
        return short and all(other.kind is Kind.SKIP for other in later)

    def _is_refused(self, text: str, before: Hit, hit: Hit) -> bool:
        """Whether a yes goes on a "can't", or a refusal's "not", at the end of what is before it.

        In "no puedo" the word is a "not", in "no adelante" it may be: no yes is no yes.
        """
        between = text[before.end : hit.start]
        if hit.kind not in _YES or "," in between or (between and not self._blank):
            return False
        adjacent = hit.kind is Kind.ACCEPT and not between.strip()
        if adjacent and before.kind in _REFUSALS and before.kind is not Kind.NO:
            # "I don't want them" and "put through": the "not" may stand anywhere in it.
            negative = (*self._nots, *self._cants)
            return any(found.search(text, before.start, before.end) for found in negative)
        ends = self._cants if adjacent else []
        if before.kind in _REFUSALS and len(between.split()) <= _YES[hit.kind]:
            ends = [*ends, *self._nots]
        starts = range(before.start, before.end)
        return any(end.fullmatch(text, at, before.end) for end in ends for at in starts)

    def _reaches(self, text: str, modifier: Hit, hit: Hit) -> bool:
        if modifier.kind is Kind.NOT and hit.kind is Kind.DECLINE:
            # "No, I don't" says it twice.
            if any(not_.match(text, hit.start, hit.end) for not_ in self._nots):
                return False
        if modifier.kind not in _MODIFIED:
            return False
        if modifier.start > hit.start:
            return modifier.kind is Kind.NOT and self._is_near(text, hit.end, modifier.start)
        return self._is_near(text, modifier.end, hit.start)

    def _is_near(self, text: str, end: int, start: int) -> bool:
        between = text[end:start]
        return (len(between.split()) if self._blank else len(between)) <= _SCOPE

    def _compile(self, pattern: str, macros: Mapping[str, str]) -> re.Pattern[str]:
        body = _longest_first(fold(_MACRO.sub(lambda name: f"(?:{macros[name[1]]})", pattern)))
        return re.compile(f"(?<![^ ])(?:{body})(?![^ ])" if self._blank else body)

    def _compile_amount(self, units: Mapping[str, float]) -> re.Pattern[str] | None:
        if not units:
            return None
        self._units = [(re.compile(fold(unit)), float(size)) for unit, size in units.items()]
        numbers = "|".join(sorted(self._numbers, key=len, reverse=True))
        unit = "|".join(fold(unit) for unit in units)
        edges = ("(?<![^ ])", "(?![^ ])") if self._blank else ("", "")
        return re.compile(f"{edges[0]}([0-9]{{1,4}}|{numbers}) ?({unit}){edges[1]}")

    def after_s(self, speech: str) -> float | None:
        """Return the time that `speech` names (seconds), if it does."""
        return self._after_s(self._clauses(speech)[0])

    def _after_s(self, text: str) -> float | None:
        for pattern, seconds in self._times:
            if pattern.search(text):
                return seconds
        found = self._amount.search(text) if self._amount else None
        if found is None:
            return None
        number = self._numbers[found[1]] if found[1] in self._numbers else float(found[1])
        return number * next(size for unit, size in self._units if unit.fullmatch(found[2]))


def _unfolded(macros: Mapping[str, str]) -> dict[str, str]:
    """Return `macros` with those put in that stand in others; one may use those above it."""
    done: dict[str, str] = {}
    for name, body in macros.items():
        done[name] = _MACRO.sub(lambda used: f"(?:{done[used[1]]})", body)
    return done


def _longest_first(pattern: str) -> str:
    """Return `pattern` with the alternatives of each group in the order of their length.

    An expression takes the first alternative that holds, and the longest one is meant.
    """
    stack: list[list[str]] = [[""]]
    for character in pattern:
        if character == "(":
            stack.append([""])
        elif character == "|":
            stack[-1].append("")
        elif character == ")":
            group = _ordered(stack.pop())
            # A group that is kept costs time, and nobody asks for it.
            stack[-1][-1] += f"({group})" if group.startswith("?") else f"(?:{group})"
        else:
            stack[-1][-1] += character
    return _ordered(stack[0])


def _ordered(alternatives: list[str]) -> str:
    found = re.match(r"\?(?::|<?=|<?!)", alternatives[0])
    mark = found[0] if found else ""
    alternatives[0] = alternatives[0][len(mark) :]
    return mark + "|".join(sorted(alternatives, key=len, reverse=True))


def _is_whole(text: str, hits: Sequence[Hit]) -> bool:
    """Whether the hits cover every word."""
    ends = (0, *(hit.end for hit in hits))
    starts = (*(hit.start for hit in hits), len(text))
    gaps = (text[end:start] for end, start in zip(ends, starts, strict=True))
    return not any(any(map(str.isalnum, gap)) for gap in gaps)


def _words(text: str, hits: Sequence[Hit]) -> str:
    deciding = [hit for hit in hits if hit.kind in MEANS or hit.kind is Kind.MACHINE]
    return " ".join(text[hit.start : hit.end] for hit in deciding)
