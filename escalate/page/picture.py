"""A call as a picture, as the pages draw it: who is on it, in which state, and who hears whom."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """A party of the call. `here` says whether it is on the line, `id` is its leg's if it has one.

    `trouble` marks one that did not go as it should.
    """

    id: str
    who: str
    name: str
    state: str
    here: bool = False
    trouble: bool = False


@dataclass(frozen=True, slots=True)
class Hearing:
    """What `speaker` says reaches `listener`; `sounds` while there is something to hear."""

    speaker: str
    listener: str
    sounds: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """The call at one moment."""

    people: tuple[Person, ...]
    hearings: tuple[Hearing, ...]


def both_ways(line: frozenset[str]) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return who hears whom on a line between two."""
    one, other = sorted(line)
    return (one, other), (other, one)
