"""Finds what nobody but the caller should know, so that no human, screen or header gets it.

Card numbers (ISO/IEC 7812: 12 to 19 digits with the Luhn check), account numbers (IBAN, ISO
13616), national identity numbers, one-time codes, PINs and passwords, and e-mail addresses, as
written and as spoken: "four one double one", "john at example dot com". The words of a language
are data in `data/briefing`. Where a number may be one of these or not, its surroundings decide,
and the turn before counts: "What is the code?" - "482193".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from escalate.handoff.identities import is_card, is_iban, is_identity
from escalate.handoff.numerals import Run, runs_of
from escalate.handoff.vocabulary import Vocabulary, vocabulary
from escalate.values import Party, Said


class Secret(StrEnum):
    """What kind of thing is withheld. The values name the sentences that stand for it."""

    CARD = "card"
    IBAN = "iban"
    NATIONAL_ID = "national_id"
    CODE = "code"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Hidden:
    """A place in a text that is withheld, in characters."""

    kind: Secret
    start: int
    end: int


_NEAR: Final = 40  # characters between a word such as "card" and its number
_CARD_DIGITS: Final = range(12, 20)
_CODE_DIGITS: Final = range(3, 11)
_WRITTEN_MAIL: Final = re.compile(r"[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+")
_IBAN: Final = re.compile(r"\b(?:[A-Za-z]{2}|[A-Z]{2}\s)\d{2}(?:[\s-]?[A-Za-z0-9]){11,30}\b")
_SHAPES: Final = (
    re.compile(r"\b(?!000|666|9)\d{3}-\d{2}-\d{4}\b"),  # United States
    re.compile(r"\b[A-CEGHJ-PR-TW-Za-z][A-CEGHJ-NPR-TW-Za-z] ?(?:\d{2} ?){3}[A-Da-d]\b"),  # Britain
    re.compile(r"\b[A-Za-z]{6}\d{2}[A-Za-z]\d{2}[A-Za-z]\d{3}[A-Za-z]\b"),  # Italy
    re.compile(r"\b[A-Za-z]{5}\d{4}[A-Za-z]\b"),  # India, PAN
    re.compile(r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b"),  # Brazil
    re.compile(r"\b(?:[XYZxyz]|\d)\d{7}[- ]?[A-Za-z]\b"),  # Spain
    re.compile(r"\b\d{17}[\dXx]\b"),  # China
)
_TO_THE_END: Final = re.compile(r"\s*(?P<told>[^\s.!?;,][^.!?;,\n]*)")
_TOKEN: Final = re.compile(r"[A-Za-z0-9][\w-]*")


def find_secrets(text: str, language: str = "en", *, before: str = "") -> tuple[Hidden, ...]:
    """Return the places of `text` to withhold, from left to right, none overlapping.

    `before` is what was said just before it, by whomever.
    """
    words = vocabulary(language)
    found = [
        *_mails(text, words),
        *_ibans(text),
        *(Hidden(Secret.NATIONAL_ID, *match.span()) for match in _shaped(text)),
        *_numbers(text, words, before),
        *_passwords(text, words, before),
    ]
    return _joined(found)


def redact(text: str, language: str, names: Mapping[str, str], *, before: str = "") -> str:
    """Return `text` with what is withheld replaced by its name in `names` (by `Secret`)."""
    return masked(text, find_secrets(text, language, before=before), names)


def masked(text: str, hidden: Sequence[Hidden], names: Mapping[str, str]) -> str:
    """Return `text` with the places in `hidden` replaced by their names."""
    parts, end = [], 0
    for place in hidden:
        parts += [text[end : place.start], names[place.kind]]
        end = place.end
    return "".join((*parts, text[end:]))


def find_in_turns(turns: Sequence[Said], language: str) -> list[tuple[Hidden, ...]]:
    """Return what to withhold in each of `turns`.

    A number that is said in pieces, over several turns of one party, is found too.
    """
    found = [
        list(find_secrets(turn.text, language, before=turns[place - 1].text if place else ""))
        for place, turn in enumerate(turns)
    ]
    for party in Party:
        places = [place for place, turn in enumerate(turns) if turn.party is party]
        for hidden, place in _over_turns(turns, places, vocabulary(language)):
            found[place].append(hidden)
    return [_joined(places) for places in found]


def _over_turns(
    turns: Sequence[Said], places: Sequence[int], words: Vocabulary
) -> Iterator[tuple[Hidden, int]]:
    text, starts = "", []
    for place in places:
        starts.append(len(text))
        text += turns[place].text + " \n"
    for hidden in (*_numbers(text, words, ""), *_ibans(text)):
        for place, start in zip(places, starts, strict=True):
            first, last = hidden.start - start, hidden.end - start
            length = len(turns[place].text)
            if first < length and last > 0:
                yield Hidden(hidden.kind, max(0, first), min(length, last)), place


def _numbers(text: str, words: Vocabulary, before: str) -> Iterator[Hidden]:
    for run in runs_of(text, words):
        kind = _kind_of(run, text, words, before)
        if kind is not None:
            yield Hidden(kind, run.start, run.end)


def _kind_of(run: Run, text: str, words: Vocabulary, before: str) -> Secret | None:
    count = len(run.digits)
    # What was said before matters only to a number that answers it.
    lead = text[max(0, run.start - _NEAR) : run.start]
    if run.start < _NEAR:
        lead = f"{before[-2 * _NEAR :]} {lead}"
    tail = text[run.end : run.end + _NEAR]
    if count >= _CARD_DIGITS.start and (
        is_card(run.digits) or words.card.search(lead) or _looks_misheard(run)
    ):
        return Secret.CARD
    if is_identity(run.digits, run.groups) or (count >= 5 and words.identity.search(lead)):
        return Secret.NATIONAL_ID
    if count in _CODE_DIGITS and (_asks_for_code(lead, words) or words.code_after.match(tail)):
        return Secret.CODE
    return None


def _looks_misheard(run: Run) -> bool:
    """Whether these are the digits of a card with one of them misheard, which fails the check."""
    return run.groups == (4, 4, 4, 4) or (len(run.digits) == 16 and run.digits[0] in "23456")


def _asks_for_code(lead: str, words: Vocabulary) -> bool:
    """Whether the last word for a code before the number is none such as "postal code"."""
    return bool(words.code.search(words.no_code.sub(" ", lead)))


def _passwords(text: str, words: Vocabulary, before: str) -> Iterator[Hidden]:
    """A password is words: what follows "my password is", to the end of the sentence."""
    for match in words.password.finditer(text):
        told = _TO_THE_END.match(text, match.end())
        if told is not None:
            yield Hidden(Secret.CODE, *told.span("told"))
    # A code may hold letters: "AB12 9X" as the answer to "What is the code?".
    lead = words.no_code.sub(" ", before)
    if words.code.search(lead) or words.identity.search(lead):
        kind = Secret.CODE if words.code.search(lead) else Secret.NATIONAL_ID
        for token in _TOKEN.finditer(text):
            if len(token[0]) >= _CODE_DIGITS.start and any(c.isdigit() for c in token[0]):
                yield Hidden(kind, *token.span())
    for match in words.identity.finditer(text):
        for token in _TOKEN.finditer(text, match.end(), match.end() + _NEAR):
            if len(token[0]) >= 5 and any(c.isdigit() for c in token[0]):
                yield Hidden(Secret.NATIONAL_ID, *token.span())


def _shaped(text: str) -> Iterator[re.Match[str]]:
    for shape in _SHAPES:
        yield from shape.finditer(text)


def _ibans(text: str) -> Iterator[Hidden]:
    for match in _IBAN.finditer(text):
        # The expression may have run on into the next words.
        for end in range(match.end(), match.start() + 14, -1):
            if _ends_a_word(text, end) and is_iban(text[match.start() : end]):
                yield Hidden(Secret.IBAN, match.start(), end)
                break


def _ends_a_word(text: str, end: int) -> bool:
    return text[end - 1].isalnum() and not text[end : end + 1].isalnum()


def _mails(text: str, words: Vocabulary) -> Iterator[Hidden]:
    for expression in (_WRITTEN_MAIL, words.mail):
        for match in expression.finditer(text):
            yield Hidden(Secret.EMAIL, *match.span())


def _joined(found: Sequence[Hidden]) -> tuple[Hidden, ...]:
    """Return `found` in order; places that overlap become one of the more telling kind."""
    kinds = list(Secret)
    joined: list[Hidden] = []
    for place in sorted(found, key=lambda hidden: (hidden.start, -hidden.end)):
        last = joined[-1] if joined else None
        if last is not None and place.start < last.end:
            kind = min(last.kind, place.kind, key=kinds.index)
            joined[-1] = Hidden(kind, last.start, max(last.end, place.end))
        else:
            joined.append(place)
    return tuple(joined)
