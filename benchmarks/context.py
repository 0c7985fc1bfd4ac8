"""Fuzz the context that travels with a handoff: round trips, and pairs that Plivo would drop.

Run `python benchmarks/context.py [payloads] [seed]`; 100,000 payloads unless told otherwise.
"""

from __future__ import annotations

import random
import sys
import time
from dataclasses import dataclass, fields

from escalate.handoff.context import Context
from escalate.handoff.headers import LIMIT_BYTES, read_headers, to_headers, wire_bytes
from escalate.handoff.packing import ContextForm, pack
from escalate.handoff.uui import UuiForm, read_uui, to_uui
from escalate.plivo.headers import checked_headers
from escalate.values import Trigger

_TRIGGERS = tuple(Trigger)
_FORMS = tuple(UuiForm)
_SENT_AS = tuple(ContextForm)
_CONFIGURED: tuple[dict[str, str], ...] = (
    {},
    {"Skill": "billing"},
    {"ctxreason": "x", "USERTOUSER": "y" * 120},
)
_PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_AWKWARD = " %,=;:&?\"'<>\r\n\t\x00-_.~\u00e9\u00df\u0645\u0939\u65e5\u4e2d\U0001f600\ud800"


@dataclass
class Tally:
    """What went wrong, and how often something had to be left out."""

    broken: int = 0
    refused_by_plivo: int = 0
    lost_in_silence: int = 0
    too_long: int = 0
    shortened: int = 0


def some_text(chance: random.Random, longest: int) -> str:
    alphabet = _PLAIN if chance.random() < 0.3 else _PLAIN + _AWKWARD * 3
    return "".join(chance.choices(alphabet, k=chance.randrange(longest)))


def some_context(chance: random.Random) -> Context:
    identifiers = (some_text(chance, 40) for _ in range(chance.randrange(6)))
    return Context(
        call_uuid=some_text(chance, 40),
        trigger=chance.choice(_TRIGGERS),
        reason=some_text(chance, 40),
        language=chance.choice(("", "en", "de-DE", "cmn-Hans-CN")),
        summary=some_text(chance, 300),
        identifiers=tuple(one for one in identifiers if one),
        link=some_text(chance, 160),
    )


def lost_in_silence(context: Context, kept: Context, dropped: dict[str, str]) -> bool:
    changed = {
        field.name
        for field in fields(Context)
        if getattr(context, field.name) != getattr(kept, field.name)
    }
    return changed != set(dropped)


def main(payloads: int, seed: int) -> int:
    chance, tally, began = random.Random(seed), Tally(), time.perf_counter()
    for _ in range(payloads):
        context = some_context(chance)
        packed = to_headers(context, limit_bytes=chance.choice((300, 900, 4000)))
        try:
            checked_headers(packed.headers)
        except ValueError:
            tally.refused_by_plivo += 1
        beside = chance.choice(_CONFIGURED)
        sent = pack(context, chance.choice(_SENT_AS), beside=beside).headers
        try:
            checked_headers(sent)
        except ValueError:
            tally.refused_by_plivo += 1
        tally.lost_in_silence += not beside.items() <= sent.items()
        tally.too_long += wire_bytes(sent) > LIMIT_BYTES
        received = read_headers(packed.headers)
        uui = to_uui(context, form=chance.choice(_FORMS), limit_octets=chance.choice((128, 1024)))
        tally.broken += received.context != packed.kept or not received.intact
        tally.broken += read_uui(uui.value) != uui.kept
        tally.lost_in_silence += lost_in_silence(context, packed.kept, dict(packed.dropped))
        tally.lost_in_silence += lost_in_silence(context, uui.kept, dict(uui.dropped))
        tally.shortened += bool(packed.dropped)
    took_s = time.perf_counter() - began
    print(f"{payloads:,} payloads in {took_s:.1f} s: {tally}")
    return bool(tally.broken or tally.refused_by_plivo or tally.lost_in_silence or tally.too_long)


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    sys.exit(main(*(given + [100_000, 7][len(given) :])))
