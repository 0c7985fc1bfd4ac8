"""What the places of an answer come to: which count, and what they say together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

_SHORT_TAIL: Final = 5  # characters
_REMARK: Final = 2  # words behind a yes that may be anything


class Reply(StrEnum):
    """What was answered."""

    ACCEPT = "accept"
    DECLINE = "decline"
    DEFER = "defer"  # not now, but soon
    UNCLEAR = "unclear"


class Kind(StrEnum):
    """What a pattern of a language says about the words that it covers.

    Of two patterns that cover as much, the one whose kind stands first counts.
    """

    MACHINE = "machine"
    WHETHER = "whether"
    ACCEPT = "accept"
    YES = "yes"
    DEFER = "defer"
    DECLINE = "decline"
    NO = "no"
    BUSY = "busy"
    NOT_NOW = "not_now"
    MOMENT = "moment"
    ASK = "ask"
    MACHINE_HINT = "machine_hint"
    CANT = "cant"
    NOT = "not"
    BUT = "but"
    RATHER = "rather"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Hit:
    """A place in an answer, in characters, and what the words there say.

    A `general` one holds for words that nothing more exact is known of.
    """

    kind: Kind
    start: int
    end: int
    general: bool = False


QUESTION_MARKS: Final = ("?", "\uff1f", "\u061f")
_WEIGHTY: Final = (Kind.ACCEPT, Kind.DECLINE, Kind.BUSY, Kind.NOT_NOW, Kind.MOMENT)
DIVIDERS: Final = (Kind.BUT, Kind.RATHER)
_GIVE_WAY: Final = (Kind.NOT, Kind.CANT, Kind.SKIP)
_NOT_NOW: Final = (Kind.BUSY, Kind.NOT_NOW)
MEANS: Final = {
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


def parted(hits: Sequence[Hit], ends: Sequence[int]) -> list[Hit]:
    """Return the hits with questions and "later" ended where he pauses and says what he will do.

    "How does it work, just put them through" is more than a question.
    """
    plain = [hit for hit in hits if hit.kind in (Kind.ACCEPT, Kind.DECLINE)]

    def goes_on(hit: Hit, pause: int) -> bool:
        later = (other for other in plain if pause <= other.start < hit.end)
        # "One moment, I get my headset" is a "later" as a whole.
        return any(
            hit.kind is Kind.ASK or (other.start - pause < 2 and other.end >= hit.end)
            for other in later
        )

    def end_of(hit: Hit) -> int:
        pauses = (end for end in ends if hit.start < end < hit.end)
        return next((end for end in pauses if goes_on(hit, end)), hit.end)

    shortened = (Kind.ASK, Kind.DEFER)
    return [replace(hit, end=end_of(hit)) if hit.kind in shortened else hit for hit in hits]


def without_overlaps(hits: Sequence[Hit]) -> list[Hit]:
    """Return the longest hits; of two equally long, that of the kind which stands first."""
    kinds = list(Kind)
    exact = [hit for hit in hits if not hit.general]
    hits = [_until_later(hit, exact) for hit in hits]
    later = [hit for hit in exact if hit.kind is Kind.DEFER and not _is_covered(hit, exact)]
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda h: (h.general, h.start - h.end, kinds.index(h.kind))):
        # "In a meeting until three" is long, and yet what it says is when.
        if hit.kind is Kind.BUSY and any(_overlap(hit, other) for other in later):
            continue
        over = [other for other in kept if _overlap(hit, other)]
        if not over or (hit.general and all(_gives_way(other, hit) for other in over)):
            kept = [other for other in kept if other not in over] + [hit]
    return sorted(kept, key=lambda hit: hit.start)


def _until_later(hit: Hit, exact: Sequence[Hit]) -> Hit:
    """Return a yes without its end, if that begins to say when: "put me through | next week"."""
    if hit.kind is not Kind.ACCEPT:
        return hit
    later = [other.start for other in exact if other.kind is Kind.DEFER and other.end > hit.end]
    return replace(hit, end=min([hit.end, *(at for at in later if hit.start < at)]))


def _gives_way(hit: Hit, general: Hit) -> bool:
    """Whether a word such as "not" is a part of what a general pattern covers."""
    shorter = hit.end - hit.start < general.end - general.start
    inside = general.start <= hit.start and hit.end <= general.end
    return hit.kind in _GIVE_WAY and shorter and inside


def _is_covered(hit: Hit, hits: Sequence[Hit]) -> bool:
    """Whether a longer hit, of a kind that would be kept, takes the place of this one."""
    longer = (other for other in hits if other.end - other.start > hit.end - hit.start)
    return any(_overlap(hit, other) and other.kind is not Kind.BUSY for other in longer)


def _overlap(one: Hit, other: Hit) -> bool:
    return one.start < other.end and other.start < one.end


def is_machine(hits: Sequence[Hit]) -> bool:
    """Whether a recording speaks: it said so, or two things that only recordings say."""
    kinds = [hit.kind for hit in hits]
    return Kind.MACHINE in kinds or kinds.count(Kind.MACHINE_HINT) > 1


def is_asked_back(speech: str, hits: Sequence[Hit]) -> bool:
    """Whether it is a bare "Yes?", which is how people answer the phone."""
    plain = (Kind.YES, Kind.SKIP)
    return speech.rstrip().endswith(QUESTION_MARKS) and all(hit.kind in plain for hit in hits)


def without_tag(speech: str, hits: Sequence[Hit]) -> Sequence[Hit]:
    """Return the hits without an "okay?" behind an answer: "no, okay?" is a no."""
    asked = speech.rstrip().endswith(QUESTION_MARKS) and hits and hits[-1].kind is Kind.YES
    said = any(hit.kind in MEANS and hit.kind is not Kind.YES for hit in hits)
    return hits[:-1] if asked and said else hits


def decide(hits: Sequence[Hit]) -> Reply:
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
        return Reply.DEFER if softened else MEANS[deciding]
    return Reply.UNCLEAR


def _parts(hits: Sequence[Hit]) -> Iterator[tuple[list[Kind], Kind | None]]:
    """Yield the kinds of each part, and what divides it from the one before."""
    part: list[Kind] = []
    divider: Kind | None = None
    for hit in hits:
        if hit.kind in DIVIDERS:
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
        waits = Kind.MOMENT in kinds and weighty[-1] is Kind.BUSY
        if weighty[-1] is Kind.ACCEPT and [kind for kind in kinds if kind in MEANS][-1] is Kind.NO:
            return Kind.ASK  # "Put them through. No."
        later = waits or (weighty[-1] is Kind.NOT_NOW and said_yes)
        return Kind.DEFER if later else weighty[-1]
    if Kind.ASK in kinds:
        return Kind.ASK
    plain = [kind for kind in kinds if kind in (Kind.YES, Kind.NO)]
    return plain[-1] if plain else None


def _asks_back(kinds: Sequence[Kind]) -> bool:
    """Whether it is "wait, who is this?", which asks for no time."""
    asks = [place for place, kind in enumerate(kinds) if kind is Kind.ASK]
    weighty = [place for place, kind in enumerate(kinds) if kind in _WEIGHTY]
    return bool(asks) and kinds[weighty[-1]] is Kind.MOMENT and weighty[-1] < asks[-1]


def is_guessed(text: str, hits: Sequence[Hit], ends: Sequence[int]) -> bool:
    """Whether a yes rests on little of what was said, and the word itself is not there.

    "That is where Maria comes in" holds a "come in", and takes nobody's call; "I will get my coat
    first" holds an "I will get". A word or two behind it do not matter.
    """
    begin = max((hit.end for hit in hits if hit.kind in DIVIDERS), default=0)
    behind = [hit for hit in hits if hit.start >= begin]
    if begin and not any(hit.kind in MEANS for hit in behind):
        # "Yes, but", and nobody knows what: "sorry", "two".
        return True
    if any(hit.kind is Kind.YES for hit in hits):
        return _is_remark(text, hits)
    if _ends_plainly(text, hits, ends):
        return False
    known = sum(hit.end - hit.start for hit in behind)
    return 3 * known < len(text) - begin or all(
        _goes_on(text, hit, after, ends)
        for hit, after in zip(hits, (*hits[1:], None), strict=False)
        if hit.kind is Kind.ACCEPT
    )


def _ends_plainly(text: str, hits: Sequence[Hit], ends: Sequence[int]) -> bool:
    """Whether only a yes is behind the last pause: "I have her file here, put her through"."""
    begin = max((end for end in ends if end < len(text)), default=0)
    last = [hit for hit in hits if hit.start >= begin > 0]
    known = sum(len(text[hit.start : hit.end].split()) for hit in last)
    plain = (Kind.ACCEPT, Kind.YES, Kind.SKIP)
    return (
        any(hit.kind is Kind.ACCEPT for hit in last)
        and all(hit.kind in plain for hit in last)
        and known == len(text[begin:].split())
    )


def _is_remark(text: str, hits: Sequence[Hit]) -> bool:
    """Whether a yes only begins a remark: "oh yes, she called yesterday"."""
    if any(hit.kind is Kind.ACCEPT for hit in hits):
        return False
    last = [hit for hit in hits if hit.kind is not Kind.SKIP][-1]
    polite = [text[hit.start : hit.end] for hit in hits if hit.start >= last.end]
    rest = [text[last.end :], " ".join(polite)]
    # Where no blanks stand, two characters are about a word.
    words = [len(part.split()) if " " in text else len(part) // 2 for part in rest]
    return last.kind is Kind.YES and words[0] - words[1] > _REMARK


def _goes_on(text: str, hit: Hit, after: Hit | None, ends: Sequence[int]) -> bool:
    """Whether what is behind a hit, to the next one or the pause, is longer than the hit."""
    pause = next((end for end in ends if end >= hit.end), len(text))
    rest = text[hit.end : min(pause, after.start if after is not None else len(text))]
    return len(rest) > _SHORT_TAIL and (len(rest.split()) > 1 or " " not in text)
