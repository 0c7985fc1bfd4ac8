"""Who is called, in which order: from the configured destinations to the plan of an escalation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from escalate.transfer.model import Leg
from escalate.values import Trigger

_NOTHING_KNOWN: Final[Mapping[str, bool]] = MappingProxyType({})


class Strategy(StrEnum):
    """Who comes first among destinations that suit a caller equally well."""

    PRIORITY = "priority"  # the one that stands first in the settings
    ROUND_ROBIN = "round_robin"  # the one who has not been first for longest
    PARALLEL = "parallel"  # all of a tier at once; the first who accepts has the caller


@dataclass(frozen=True, slots=True)
class Route:
    """A configured destination as far as routing cares: no address, no credentials.

    `ring_s` is how long it may ring (seconds), `attempts` how often it is tried in one escalation.
    `languages` are those spoken there and `triggers` what it is meant for; empty means any. Of
    those who are called at once the lowest `tier` comes first.
    """

    name: str
    ring_s: float = 30.0
    attempts: int = 1
    languages: tuple[str, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    tier: int = 1


def plan(
    routes: Sequence[Route],
    *,
    wanted: str | None = None,
    language: str | None = None,
    trigger: Trigger | None = None,
    due: Sequence[str] = (),
    available: Mapping[str, bool] = _NOTHING_KNOWN,
) -> tuple[Leg, ...]:
    """Return the legs to try, the best for this caller first.

    First comes the destination asked for by name, whatever its tier, then those meant for the
    caller's language and trigger, then those meant for any, then the rest: somebody of another desk
    is better than nobody. Among equals those who are `due` come first, in that order, and then the
    order of `routes` counts. Left out are those that `available` says are closed or away; one it
    does not name is taken to be there.

    An unknown name changes nothing, because it may come from a language model.
    """
    there = [route for route in routes if available.get(route.name, True)]

    def rank(route: Route) -> tuple[bool, int, int]:
        turn = due.index(route.name) if route.name in due else len(due)
        return (*_distance(route, wanted, language, trigger), turn)

    return tuple(
        Leg(route.name, route.ring_s, tier=1 if route.name == wanted else route.tier)
        for route in sorted(there, key=rank)
        for _ in range(route.attempts)
    )


def equals(
    routes: Sequence[Route],
    *,
    wanted: str | None = None,
    language: str | None = None,
    trigger: Trigger | None = None,
) -> tuple[str, ...]:
    """Return the names of those who suit this caller best, between whom a turn has to decide."""
    apart = {route.name: _distance(route, wanted, language, trigger) for route in routes}
    return tuple(name for name, distance in apart.items() if distance == min(apart.values()))


def _distance(
    route: Route, wanted: str | None, language: str | None, trigger: Trigger | None
) -> tuple[bool, int]:
    misfit = _misfit(trigger, route.triggers) + _language_misfit(language, route.languages)
    return route.name != wanted, misfit


# Meant for somebody else weighs more than any number of things that are merely not meant for him.
_FITS: Final = 0
_SERVES_ANY: Final = 1
_FOR_OTHERS: Final = 10


def _misfit(asked: str | None, meant_for: Sequence[str]) -> int:
    if not meant_for:
        return _SERVES_ANY
    return _FITS if asked in meant_for else _FOR_OTHERS


def _language_misfit(language: str | None, spoken: Sequence[str]) -> int:
    if language is None:
        return _FITS  # not known, so nothing speaks for one or the other
    return _misfit(_base(language), [_base(one) for one in spoken])


def _base(language: str) -> str:
    """Return the language without its region: people of both understand each other."""
    return language.replace("_", "-").partition("-")[0].lower()
