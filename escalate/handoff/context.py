"""What the human's side learns about a call, and how it is cut down to what a carrier carries.

A `Context` travels in one of two forms, `headers` (SIP headers by way of Plivo) and `uui`
(User-to-User). Both are small, so `shrink` drops what matters least and says what it dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from escalate.values import Trigger


@dataclass(frozen=True, slots=True)
class Context:
    """What a human, his screen or his switchboard may know about the caller's request.

    `reason` is why in few words (the rule that fired), `identifiers` what the caller said that
    names an order or a contract, `link` a page with the rest. Words of a caller and the link, which
    grants access, stay out of the `repr`.
    """

    call_uuid: str
    trigger: Trigger
    reason: str = ""
    language: str = ""
    summary: str = field(default="", repr=False)
    identifiers: tuple[str, ...] = field(default=(), repr=False)
    link: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Refuse what no form could carry.

        Raises:
            ValueError: An identifier is empty.
        """
        if not all(self.identifiers):
            raise ValueError("an identifier of a context must not be empty")


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The part of a context that fits, and the lost rest: field name to lost text.

    For a field that was shortened the rest is what was cut off.
    """

    kept: Context
    dropped: Mapping[str, str] = field(default_factory=dict, repr=False)


# The more important first; the page behind the link holds all that follows it.
_WHOLE_OR_NOT: Final = ("link", "reason", "language")


def shrink(context: Context, fits: Callable[[Context], bool]) -> Shrunk:
    """Return as much of `context` as `fits`, the most important first.

    That is call, trigger, link, reason, language, identifiers, summary. A summary is cut at a word,
    all else is kept whole or not at all. Nothing is lost without being named in `dropped`. `fits`
    must hold for a trigger alone, and must not begin to hold when text is added.
    """
    if fits(context):
        return Shrunk(context)
    dropped: dict[str, str] = {}
    kept = Context(context.call_uuid, context.trigger)
    if not fits(kept):
        kept, dropped["call_uuid"] = Context("", context.trigger), context.call_uuid
    for name in _WHOLE_OR_NOT:
        added: dict[str, Any] = {name: getattr(context, name)}
        if fits(longer := replace(kept, **added)):
            kept = longer
        else:
            dropped[name] = added[name]
    kept, dropped["identifiers"] = _add_identifiers(kept, context.identifiers, fits)
    kept, dropped["summary"] = _add_summary(kept, context.summary, fits)
    return Shrunk(kept, {name: lost for name, lost in dropped.items() if lost})


def _add_identifiers(
    kept: Context, identifiers: tuple[str, ...], fits: Callable[[Context], bool]
) -> tuple[Context, str]:
    lost = []
    for identifier in identifiers:
        longer = replace(kept, identifiers=(*kept.identifiers, identifier))
        if fits(longer):
            kept = longer
        else:
            lost.append(identifier)
    return kept, "\n".join(lost)


def _add_summary(kept: Context, text: str, fits: Callable[[Context], bool]) -> tuple[Context, str]:
    low, high = 0, len(text) + 1  # text[:low] fits, text[:high] does not
    while high - low > 1:
        middle = (low + high) // 2
        if fits(replace(kept, summary=text[:middle])):
            low = middle
        else:
            high = middle
    end = low if low == len(text) else _word_end(text, low)
    return replace(kept, summary=text[:end]), text[end:]


def _word_end(text: str, end: int) -> int:
    """Return the last end of a word up to `end`, unless that costs more than half."""
    blank = text.rfind(" ", 0, end + 1)
    return blank if blank > end // 2 else end
