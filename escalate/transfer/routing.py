"""Who is called, in which order: from the configured destinations to the plan of an escalation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from escalate.transfer.model import Leg


@dataclass(frozen=True, slots=True)
class Route:
    """A configured destination as far as routing cares: no address, no credentials.

    `ring_s` is how long it may ring (seconds), `attempts` how often it is tried in one escalation.
    """

    name: str
    ring_s: float = 30.0
    attempts: int = 1


def plan(routes: Sequence[Route], *, wanted: str | None = None) -> tuple[Leg, ...]:
    """Return the legs to try: in the configured order, a destination asked for by name first.

    An unknown name changes nothing, because it may come from a language model.
    """
    first = [route for route in routes if route.name == wanted]
    rest = [route for route in routes if route.name != wanted]
    return tuple(
        Leg(route.name, route.ring_s) for route in (*first, *rest) for _ in range(route.attempts)
    )
