"""What the human answers when he is offered a call: yes, no, not yet, or nothing of that kind.

He presses a key or says it in his own words. Two readers hear the words, the same way every time:
the patterns of a language (`reading.py`), which know what a "not" and a "but" do, and the weights
of its words (`weighing.py`), which know how thousands of answers were put. Both are data files in
`data/replies`, described in the README there. Where they do not agree the likelier reading counts,
but nothing that patterns know every word of becomes a yes that they do not hear: an answer that is
not plain is `UNCLEAR`, and he is asked again. A caller is never given to somebody who may not have
said yes.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from escalate.detect.text import words_of
from escalate.handoff.deciding import Reply
from escalate.handoff.languages import base_of
from escalate.handoff.reading import MOST_WORDS, Answer, Pack
from escalate.handoff.weighing import Weights

FOLDER: Final = Path(__file__).with_name("data") / "replies"
_ENGLISH: Final = "en"
_REFUSALS: Final = frozenset({Reply.DECLINE, Reply.DEFER})
# How much likelier a meaning is for being what the patterns say, of a part of the words, of all.
_TRUST: Final = 3.0
_TRUST_OF_ALL: Final = 60.0
# How likely a meaning must be: one that the patterns do not say, a yes, a yes against them.
_LIKELY: Final = 0.4
_PLAIN: Final = 0.7
_AGAINST: Final = 0.9
_MOST_CHARACTERS: Final = 1000


@dataclass(frozen=True, slots=True)
class Keys:
    """Which key means what; packs know them as spoken numbers as well."""

    accept: str = "1"
    decline: str = "2"
    defer: str = "3"


KEYS: Final = Keys()
UNCLEAR: Final = Answer(Reply.UNCLEAR)


def read_reply(*, digits: str = "", speech: str = "", language: str = "en") -> Answer:
    """Return the answer in what the carrier heard; a key counts more than words.

    `language` is a tag such as "es" or "es-MX". Words that its data do not know are read as
    English, which many people answer in; a language without data is read as English altogether.
    Of a very long `speech` only the beginning is read, which is never an ACCEPT: a no may follow.
    """
    if digits.strip("#"):
        return read_keys(digits)
    begin, base = speech[:_MOST_CHARACTERS], _known(language)
    is_cut = len(speech) > len(begin) or len(words_of(begin)) > MOST_WORDS
    answer = _read(begin, base)
    return UNCLEAR if answer.reply is Reply.ACCEPT and is_cut else answer


def _read(speech: str, base: str) -> Answer:
    answer = _pack(base).read(speech)
    if answer is None:
        answer = UNCLEAR
        # A word may be English by chance: "ya" is a yes there, and a "now" in Spanish.
        english = _pack(_ENGLISH).read(speech)
        if english is not None and 2 * len(english.words) >= len(speech.strip()):
            base, answer = _ENGLISH, english
    answer = _weighed(speech, answer, base)
    if answer.reply is Reply.ACCEPT and base != _ENGLISH and _is_refused_in_english(speech):
        return UNCLEAR
    return answer


def _is_refused_in_english(speech: str) -> bool:
    """Whether it is a whole refusal: most packs know a "put her", and no "never" before it."""
    english = _pack(_ENGLISH).read(speech)
    return english is not None and english.whole and english.reply in _REFUSALS


def _weighed(speech: str, answer: Answer, base: str) -> Answer:
    """Return what patterns and weights come to, where `answer` is what the patterns say."""
    reply = agreed(answer, _weights(base).chances(speech))
    if reply is answer.reply:
        return answer
    after_s = _pack(base).after_s(speech) if reply is Reply.DEFER else None
    return Answer(reply, after_s=after_s, words=" ".join(words_of(speech)))


def agreed(answer: Answer, chances: Mapping[Reply, float]) -> Reply:
    """Return the meaning that is likeliest by both readers, UNCLEAR where none is likely enough.

    `answer` is what the patterns say, and `chances` are by the weights. That patterns find nothing
    says something only where they know every word; then no yes is one that they do not hear.
    """
    said = answer.reply
    if answer.machine or not chances:
        return said
    trust = _TRUST_OF_ALL if answer.whole else 1.0 if said is Reply.UNCLEAR else _TRUST
    odds = {reply: chance * (trust if reply is said else 1.0) for reply, chance in chances.items()}
    reply = max(odds, key=lambda one: odds[one])
    if reply is Reply.ACCEPT and answer.whole and said is not reply:
        return Reply.UNCLEAR
    if reply is Reply.ACCEPT:
        needed = _AGAINST if said in _REFUSALS else _PLAIN
    else:
        needed = 0.0 if reply is said else _LIKELY
    return reply if odds[reply] >= needed * sum(odds.values()) else Reply.UNCLEAR


def read_keys(digits: str) -> Answer:
    """Return what was pressed. Several different keys are no answer; the same one twice is."""
    pressed = set(digits.strip("#"))
    meanings = {
        KEYS.accept: Reply.ACCEPT,
        KEYS.decline: Reply.DECLINE,
        KEYS.defer: Reply.DEFER,
    }
    key = pressed.pop() if len(pressed) == 1 else ""
    return Answer(meanings.get(key, Reply.UNCLEAR), words=key)


@cache
def languages() -> tuple[str, ...]:
    """Return the languages that replies are read in."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.toml")))


def recogniser(language: str) -> str:
    """Return what GetInput calls `language`: a tag with a region is taken as it is."""
    return language if "-" in language else _pack(language).recogniser


def hints(language: str) -> tuple[str, ...]:
    """Return the phrases that help the carrier's recogniser (GetInput's `hints`)."""
    return _pack(language).hints


def prepare(wanted: Iterable[str]) -> None:
    """Read what replies in these languages are read by, which takes tenths of a second for each."""
    for language in (*wanted, _ENGLISH):
        _pack(language), _weights(language)


def _known(language: str) -> str:
    base = base_of(language)
    return base if base in languages() else _ENGLISH


def _pack(language: str) -> Pack:
    return _compiled(_known(language))


def _weights(language: str) -> Weights:
    return _loaded(_known(language))


@cache
def _compiled(base: str) -> Pack:
    return Pack(tomllib.loads((FOLDER / f"{base}.toml").read_text(encoding="utf-8")))


@cache
def _loaded(base: str) -> Weights:
    return Weights((FOLDER / f"{base}.weights").read_bytes())
