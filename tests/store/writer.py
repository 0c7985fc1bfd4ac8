"""A process that tells three calls random events, and says aloud which changes were made.

`python writer.py WHERE NAME COUNT`: COUNT changes in the store at WHERE; a line "call revision
escalation" for each once the store has answered, with the escalation that it opened or "-".
"""

from __future__ import annotations

import asyncio
import random
import sys

from escalate.store import Change, open_store
from escalate.transfer import Call, DocumentOwner, LastResort, Leg, Received, receive
from escalate.transfer import events as e
from escalate.values import Reason, Trigger

CALLS = ("call-1", "call-2", "call-3")
NOW = 10.0


def requested(name: str) -> e.Requested:
    return e.Requested(name, Trigger.ASKED, "asked", (Leg("desk", 20.0),), 1e9, LastResort.BOT)


def random_event(call: Call, name: str, number: int) -> e.Event:
    """One of the events that can follow, the same for the same call and number."""
    held = call.open_escalation
    if held is None:
        return requested(name)
    attempt = held.current.number if held.current is not None else 1
    events = (
        requested(name),
        e.AnnouncementEnded(held.id),
        e.CallerArrived(call.stream, requested(f"{name}-rescue")),
        e.DialEnded(held.id, attempt, connected=False, reason=Reason.BUSY),
        e.StreamStarted(call.stream),
        e.Retracted(held.id),
    )
    return events[number % len(events)]


def change(call_uuid: str, name: str, number: int) -> Change:
    def apply(stored: Call | None) -> Received:
        call = stored or Call(call_uuid, DocumentOwner.OURS, opened_at=NOW)
        return receive(call, random_event(call, name, number), NOW)

    return apply


async def main(where: str, name: str, count: int) -> None:
    chance = random.Random(name)
    made = asked = 0
    async with open_store(where) as store:
        while made < count:
            asked += 1
            call_uuid, mark = chance.choice(CALLS), f"{name}-{asked}"
            received = await store.apply(
                call_uuid, change(call_uuid, mark, chance.randrange(1_000_000))
            )
            if received is None or not received.changed:
                continue
            made += 1
            held = received.call.escalation
            opened = mark if held is not None and held.id == mark else "-"
            sys.stdout.write(f"{call_uuid} {received.call.revision} {opened}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
