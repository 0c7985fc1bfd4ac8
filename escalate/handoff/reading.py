"""Reads an answer by the patterns of a language: which places say what, and what they come to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from escalate.detect.text import PAUSES, fold, words_of

_MACRO: Final = re.compile(r"\{([a-z]+)\}")
_MOST_WORDS: Final = 80  # of what was said; an answering machine has given itself away by then
_PAUSE: Final = re.compile(f"[{re.escape(PAUSES)}]")
_SCOPE: Final = 5  # words, or characters of a language without blanks, that a negation reaches


class Reply(StrEnum):
    """What was answered."""

    ACCEPT = "accept"
    DECLINE = "decline"
    DEFER = "defer"  # not now, but soon
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply and what it rests on.

    `machine` says that a recording spoke, which is a DECLINE. `after_s` is how long a DEFER asks
    for (seconds), if it names a time. `words` are the words that decided, folded.
    """

    reply: Reply
    machine: bool = False
    after_s: float | None = None
    words: str = ""


class Kind(StrEnum):
    """What a pattern of a language says about the words that it covers.

    Of two patterns that cover as much, the one whose kind stands first counts.
    """

    MACHINE = "machine"
    WHETHER = "whether"
    ACCEPT = "accept"
    YES = "yes"
    NO = "no"
    DECLINE = "decline"
    BUSY = "busy"
    NOT_NOW = "not_now"
    DEFER = "defer"
    MOMENT = "moment"
    ASK = "ask"
    MACHINE_HINT = "machine_hint"
    CANT = "cant"
    NOT = "not"
    BUT = "but"
    RATHER = "rather"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class _Hit:
    kind: Kind
    start: int
    end: int


_QUESTION_MARKS: Final = ("?", "\uff1f", "\u061f")
_WEIGHTY: Final = (Kind.ACCEPT, Kind.DECLINE, Kind.BUSY, Kind.NOT_NOW, Kind.MOMENT)
_NOT_NOW: Final = (Kind.BUSY, Kind.NOT_NOW)
# What words mean behind a "not", and behind a "shall I" or an "if". A kind that is missing keeps
# its meaning: in "I can't, call me back" the "can't" does not reach over to the rest.
_MODIFIED: Final[Mapping[Kind, Mapping[Kind, Kind]]] = {
    Kind.NO: {Kind.ACCEPT: Kind.DECLINE},
    Kind.NOT: {
        Kind.ACCEPT: Kind.DECLINE,
        Kind.YES: Kind.DECLINE,
        Kind.DECLINE: Kind.SKIP,
    },
    Kind.CANT: {Kind.ACCEPT: Kind.DECLINE},
    Kind.WHETHER: dict.fromkeys((Kind.ACCEPT, Kind.YES, Kind.NO, Kind.DECLINE), Kind.ASK),
}
_MEANS: Final = {
    Kind.ACCEPT: Reply.ACCEPT,
    Kind.YES: Reply.ACCEPT,
    Kind.NO: Reply.DECLINE,
    Kind.DECLINE: Reply.DECLINE,
    Kind.BUSY: Reply.DECLINE,
    Kind.NOT_NOW: Reply.DECLINE,
    Kind.DEFER: Reply.DEFER,
    Kind.MOMENT: Reply.DEFER,
    Kind.ASK: Reply.UNCLEAR,
}


class Pack:
    """One language, compiled."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.recogniser: str = data["recogniser"]
        self.hints: tuple[str, ...] = tuple(data["hints"])
        self._blank = " " if data.get("spaced", True) else ""
        self._not_follows: bool = data.get("not_follows", False)
        self._patterns = [
            (Kind(kind), self._compile(pattern, data.get("macros", {})))
            for kind, patterns in data["patterns"].items()
            for pattern in patterns
        ]
        self._nots = [pattern for kind, pattern in self._patterns if kind is Kind.NOT]
        self._times = [
            (self._compile(pattern, data.get("macros", {})), float(seconds))
            for pattern, seconds in data.get("times", {}).items()
        ]
        self._numbers = {fold(word): number for word, number in data.get("numbers", {}).items()}
        self._amount = self._compile_amount(data.get("units", {}))

    def read(self, speech: str) -> Answer | None:
        """Return the answer in `speech`, or None when none of its words is known."""
        text, ends = self._clauses(speech)
        found = _without_overlaps(_parted(list(self._hits(text)), ends))
        if not found:
            return None
        hits = list(self._modified(text, found))
        if _is_machine(hits):
            return Answer(Reply.DECLINE, machine=True, words=_words(text, hits))
        reply = Reply.UNCLEAR if _is_asked_back(speech, hits) else _decide(hits)
        if reply is Reply.ACCEPT and _is_guessed(text, hits):
            reply = Reply.UNCLEAR
        after_s = self._after_s(text) if reply is Reply.DEFER else None
        return Answer(reply, after_s=after_s, words=_words(text, hits))

    def _clauses(self, speech: str) -> tuple[str, list[int]]:
        """Return the words in one line, and where the clauses in it end."""
        line, left = "", _MOST_WORDS
        ends: list[int] = []
        for clause in _PAUSE.split(speech):
            words = words_of(clause)[:left]
            left -= len(words)
            line = self._blank.join((line, *words) if line else words)
            ends.append(len(line))
        return line, ends

    def _hits(self, text: str) -> Iterator[_Hit]:
        for kind, pattern in self._patterns:
            for match in pattern.finditer(text):
                if match.end() > match.start():
                    yield _Hit(kind, match.start(), match.end())

    def _modified(self, text: str, hits: Sequence[_Hit]) -> Iterator[_Hit]:
        """Yield the hits with "not", "can't" and "whether" worked into what they belong to."""
        for before, hit, after in zip((None, *hits), hits, (*hits[1:], None), strict=False):
            kind = hit.kind
            if kind is Kind.CANT:
                kind = Kind.BUSY
            elif before is not None and self._reaches(text, before, hit):
                kind = _MODIFIED[before.kind].get(kind, kind)
            elif after is not None and self._not_follows and self._reaches(text, after, hit):
                kind = Kind.DECLINE if kind is Kind.ACCEPT else kind
            yield replace(hit, kind=kind)

    def _reaches(self, text: str, modifier: _Hit, hit: _Hit) -> bool:
        if modifier.kind is Kind.NO and modifier.end <= hit.start:
            # In "no puedo" the word is a "not", in "no, adelante" it may be: no yes is no yes.
            is_not = any(not_.fullmatch(text, modifier.start, modifier.end) for not_ in self._nots)
            return is_not and not text[modifier.end : hit.start].strip()
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
        return re.compile(f"{edges[0]}([0-9]+|{numbers}) ?({unit}){edges[1]}")

    def _after_s(self, text: str) -> float | None:
        for pattern, seconds in self._times:
            if pattern.search(text):
                return seconds
        found = self._amount.search(text) if self._amount else None
        if found is None:
            return None
        number = self._numbers.get(found[1]) or float(found[1])
        return number * next(size for unit, size in self._units if unit.fullmatch(found[2]))


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
            stack[-1][-1] += f"({group})"
        else:
            stack[-1][-1] += character
    return _ordered(stack[0])


def _ordered(alternatives: list[str]) -> str:
    found = re.match(r"\?(?::|<?=|<?!)", alternatives[0])
    mark = found[0] if found else ""
    alternatives[0] = alternatives[0][len(mark) :]
    return mark + "|".join(sorted(alternatives, key=len, reverse=True))


def _parted(hits: Sequence[_Hit], ends: Sequence[int]) -> list[_Hit]:
    """Return the hits with questions ended where he pauses and then says what he will do.

    "How does it work, just put them through" is more than a question.
    """
    plain = [hit.start for hit in hits if hit.kind in (Kind.ACCEPT, Kind.DECLINE)]

    def end_of(hit: _Hit) -> int:
        pauses = (end for end in ends if hit.start < end < hit.end)
        return next((end for end in pauses if any(end < at < hit.end for at in plain)), hit.end)

    return [replace(hit, end=end_of(hit)) if hit.kind is Kind.ASK else hit for hit in hits]


def _without_overlaps(hits: Sequence[_Hit]) -> list[_Hit]:
    """Return the longest hits; of two equally long, that of the kind which stands first."""
    kinds = list(Kind)
    later = [hit for hit in hits if hit.kind is Kind.DEFER and not _is_covered(hit, hits)]
    kept: list[_Hit] = []
    for hit in sorted(hits, key=lambda h: (h.start - h.end, kinds.index(h.kind), h.start)):
        # "In a meeting until three" is long, and yet what it says is when.
        if hit.kind is Kind.BUSY and any(_overlap(hit, other) for other in later):
            continue
        if not any(_overlap(hit, other) for other in kept):
            kept.append(hit)
    return sorted(kept, key=lambda hit: hit.start)


def _is_covered(hit: _Hit, hits: Sequence[_Hit]) -> bool:
    """Whether a longer hit, of a kind that would be kept, takes the place of this one."""
    longer = (other for other in hits if other.end - other.start > hit.end - hit.start)
    return any(_overlap(hit, other) and other.kind is not Kind.BUSY for other in longer)


def _overlap(one: _Hit, other: _Hit) -> bool:
    return one.start < other.end and other.start < one.end


def _is_machine(hits: Sequence[_Hit]) -> bool:
    kinds = [hit.kind for hit in hits]
    return Kind.MACHINE in kinds or kinds.count(Kind.MACHINE_HINT) > 1


def _is_asked_back(speech: str, hits: Sequence[_Hit]) -> bool:
    """Whether it is a bare "Yes?", which is how people answer the phone."""
    plain = (Kind.YES, Kind.SKIP)
    return speech.rstrip().endswith(_QUESTION_MARKS) and all(hit.kind in plain for hit in hits)


def _decide(hits: Sequence[_Hit]) -> Reply:
    """Return what the last part says that says anything; parts are divided by "but"."""
    softened = False
    parts = list(_parts(hits))
    for number in range(len(parts) - 1, -1, -1):
        kinds, divider = parts[number]
        deciding = _deciding(kinds)
        if deciding is None:
            continue
        if divider is Kind.BUT and deciding in _NOT_NOW and Kind.NO not in kinds:
            # "Yes, but I am in a meeting" is a yes for later.
            before = [_deciding(earlier) for earlier, _ in parts[:number]]
            softened = any(kind in (Kind.ACCEPT, Kind.YES) for kind in before)
        return Reply.DEFER if softened else _MEANS[deciding]
    return Reply.UNCLEAR


def _parts(hits: Sequence[_Hit]) -> Iterator[tuple[list[Kind], Kind | None]]:
    """Yield the kinds of each part, and what divides it from the one before."""
    part: list[Kind] = []
    divider: Kind | None = None
    for hit in hits:
        if hit.kind in (Kind.BUT, Kind.RATHER):
            yield part, divider
            part, divider = [], hit.kind
        else:
            part.append(hit.kind)
    yield part, divider


def _deciding(kinds: Sequence[Kind]) -> Kind | None:
    """Return the kind that decides a part, if one does."""
    if Kind.DEFER in kinds:
        return Kind.DEFER
    weighty = [kind for kind in kinds if kind in _WEIGHTY]
    if weighty and not _asks_back(kinds):
        said_yes = Kind.YES in kinds or Kind.ACCEPT in kinds
        return Kind.DEFER if weighty[-1] is Kind.NOT_NOW and said_yes else weighty[-1]
    if Kind.ASK in kinds:
        return Kind.ASK
    plain = [kind for kind in kinds if kind in (Kind.YES, Kind.NO)]
    return plain[-1] if plain else None


def _asks_back(kinds: Sequence[Kind]) -> bool:
    """Whether it is "wait, who is this?", which asks for no time."""
    asks = [place for place, kind in enumerate(kinds) if kind is Kind.ASK]
    weighty = [place for place, kind in enumerate(kinds) if kind in _WEIGHTY]
    return bool(asks) and kinds[weighty[-1]] is Kind.MOMENT and weighty[-1] < asks[-1]


def _is_guessed(text: str, hits: Sequence[_Hit]) -> bool:
    """Whether a yes rests on less than half of what was said, and the word itself is not there.

    "That is where Maria comes in" holds a "come in", and takes nobody's call.
    """
    known = sum(hit.end - hit.start for hit in hits)
    return 2 * known < len(text) and all(hit.kind is not Kind.YES for hit in hits)


def _words(text: str, hits: Sequence[_Hit]) -> str:
    deciding = [hit for hit in hits if hit.kind in _MEANS or hit.kind is Kind.MACHINE]
    return " ".join(text[hit.start : hit.end] for hit in deciding)
