"""The words of a language that a briefing goes by, compiled from `data/briefing`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from escalate.handoff.languages import base_of

FOLDER: Final = Path(__file__).with_name("data") / "briefing"
_NEVER: Final = re.compile(r"(?!)")
_FLAGS: Final = re.IGNORECASE


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """One language. Expressions match the text as it was said, in any case."""

    unspaced: bool
    digits: Mapping[str, str]
    tens: Mapping[str, str]
    repeats: Mapping[str, int]
    pauses: frozenset[str]
    fillers: frozenset[str]
    card: re.Pattern[str]
    identity: re.Pattern[str]
    code: re.Pattern[str]
    code_after: re.Pattern[str]
    no_code: re.Pattern[str]
    password: re.Pattern[str]
    mail: re.Pattern[str]
    name: re.Pattern[str]
    wants: re.Pattern[str]
    tried: re.Pattern[str]
    done: re.Pattern[str]
    mood: re.Pattern[str]
    identifier: re.Pattern[str]


@cache
def vocabulary(language: str) -> Vocabulary:
    """Return the words of `language`, or those of English for a language without data.

    What is withheld is recognised by the English words as well, because callers mix them in.
    """
    base = base_of(language)
    own = _load(base) if (FOLDER / f"{base}.toml").exists() else _load("en")
    return _compile(own, _load("en"))


def _load(base: str) -> Mapping[str, Any]:
    return tomllib.loads((FOLDER / f"{base}.toml").read_text(encoding="utf-8"))


def _compile(own: Mapping[str, Any], english: Mapping[str, Any]) -> Vocabulary:
    spaced = bool(own.get("spaced", True))

    def expression(key: str, *more: str) -> re.Pattern[str]:
        parts = [*own.get(key, ()), *more]
        if not parts:
            return _NEVER
        body = "|".join(parts)
        return re.compile(rf"(?<!\w)(?:{body})(?!\w)" if spaced else f"(?:{body})", _FLAGS)

    def also_english(key: str) -> re.Pattern[str]:
        return expression(key, *english.get(key, ()))

    return Vocabulary(
        unspaced=not spaced,
        digits={**(english["digits"] if spaced else {}), **own["digits"]},
        tens={**(english["tens"] if spaced else {}), **own.get("tens", {})},
        repeats={**(english["repeats"] if spaced else {}), **own.get("repeats", {})},
        pauses=frozenset(own.get("pauses", ())),
        fillers=frozenset(own.get("fillers", ())),
        card=also_english("card"),
        identity=also_english("identity"),
        code=also_english("code"),
        code_after=_after(own, english),
        no_code=also_english("no_code"),
        password=expression("password", *english["password"]),
        mail=_mail(own, english),
        name=_name(own, spaced=spaced),
        wants=expression("wants"),
        tried=expression("tried"),
        done=expression("done"),
        mood=expression("mood"),
        identifier=_identifier(own, spaced=spaced),
    )


def _identifier(own: Mapping[str, Any], *, spaced: bool) -> re.Pattern[str]:
    """A noun such as "order number" and what follows it, in digits or in words for digits."""
    nouns = "|".join(own.get("identifier", ())) or "(?!)"
    digit = "|".join(sorted(own["digits"], key=len, reverse=True))
    written = r"[A-Za-z]{0,5}[ -]?\d[\w-]*(?:[ -]\d[\w-]*)*"
    if not spaced:
        return re.compile(rf"(?:{nouns})\s?(?:{written}|[{digit.replace('|', '')}]{{4,}})", _FLAGS)
    word = rf"(?:{digit}|{'|'.join(own.get('repeats', ())) or '(?!)'}|\b\w\b|\d+)"
    spoken = rf"{word}(?:[\s,-]+{word}){{2,}}"
    return re.compile(rf"(?<!\w)(?:{nouns})[\s:#]*(?:{written}|{spoken})(?!\w)", _FLAGS)


def _after(own: Mapping[str, Any], english: Mapping[str, Any]) -> re.Pattern[str]:
    """A word for a code right behind the number: "482193 is the code"."""
    words = "|".join((*own.get("code", ()), *english["code"]))
    return re.compile(rf"[\s,.]*(?:\w+\s){{0,3}}(?:{words})(?!\w)", _FLAGS)


def _mail(own: Mapping[str, Any], english: Mapping[str, Any]) -> re.Pattern[str]:
    """What recognisers write of an address: "j o h n underscore doe at example dot com"."""
    at, dot, sign = (
        "|".join(sorted({*own.get(key, ()), *english[key]}, key=lambda w: (-len(w), w)))
        for key in ("at", "dot", "signs")
    )
    local = rf"(?:(?:\b\w\b[\s-]+)*[\w.+-]+)(?:\s+(?:{dot}|{sign})\s+(?:\b\w\b\s+)*[\w.+-]+)*"
    host = rf"(?:\b\w\b[\s-]+)*[\w-]+(?:\s+(?:{dot})\s+[\w-]+|\.[a-z]{{2,}})+"
    return re.compile(rf"(?<![\w'\u2019]){local}\s+(?:{at})\s+{host}(?!\w)", _FLAGS)


def _name(own: Mapping[str, Any], *, spaced: bool) -> re.Pattern[str]:
    """The words behind "my name is", up to three, or in front of "desu"."""
    stop = "|".join(own.get("not_names", ())) or "(?!)"
    lead = "|".join(own.get("name", ())) or "(?!)"
    if not spaced:
        return re.compile(rf"(?:{lead})(?P<name>[^\s\W\d]{{1,6}}?)(?:{stop})", _FLAGS)
    part = rf"(?!(?:{stop})(?!\w))[^\W\d_][^\W\d_'\u2019.-]*"
    return re.compile(rf"(?<!\w)(?:{lead})\s+(?P<name>{part}(?:\s+{part}){{0,2}})", _FLAGS)
