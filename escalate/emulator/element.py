"""What all elements have in common, and how one is described to the parser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from escalate.emulator.rules import Rule

# What may be played while somebody is asked something, or waits for it.
SOUNDS: Final = ("Speak", "Play", "Wait")


@dataclass(frozen=True, slots=True)
class Element:
    """What every element has: the line it stands on is not kept, its content is."""

    body: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """How one element is written: its class, the rule of each attribute, and what may be in it.

    Attributes:
        children: The elements that may stand in it.
        into: The field of `kind` that takes the children.
        not_emulated: Attributes that Plivo knows and the emulator refuses.
    """

    kind: type[Element]
    attributes: Mapping[str, Rule] = field(default_factory=dict)
    children: tuple[str, ...] = ()
    into: str = "targets"
    not_emulated: frozenset[str] = frozenset()
