"""A cold handoff in which all phones ring at once: one Dial, and each leg with its own end."""

from __future__ import annotations

from pathlib import Path

from escalate import Outcome, Reason
from escalate.settings import Destination
from escalate.transfer import Escalation, Strategy

from .carried import PHONE, SIP, House, house

DESTINATIONS = (Destination(name="support", sip=SIP), Destination(name="duty", phone=PHONE))
PARALLEL = {"strategy": Strategy.PARALLEL}


async def transferred(home: House, call_uuid: str) -> Escalation:
    """Return what is stored of an escalation once it has ended."""
    await home.board.call(call_uuid).transfer()
    call = await home.board.store.load(call_uuid)
    assert call is not None
    assert call.escalation is not None
    return call.escalation


async def test_the_first_who_answers_has_the_caller_and_the_other_phone_stops(
    tmp_path: Path,
) -> None:
    """Each attempt ends as its own leg did, whoever stands first."""
    limits = {"at_once_s": 0.0}
    async with house(tmp_path, destination=DESTINATIONS, handoff=PARALLEL, limits=limits) as home:
        call_uuid = await home.call(
            sip={"answers_after_s": None}, phone={"answers_after_s": 0, "talks_s": 1.5}
        )
        held = await transferred(home, call_uuid)
        legs = [e for e in await home.plivo.events(call_uuid) if e["kind"] == "leg.ended"]
    assert {(SIP, 9000), (PHONE, 4000)} == {(leg["to"], leg["code"]) for leg in legs}
    assert held.ending is not None
    assert (Outcome.CONNECTED, "duty") == (held.ending.outcome, held.ending.destination)
    assert [Reason.LOST_RACE, Reason.COMPLETED] == [one.reason for one in held.attempts]


async def test_when_all_phones_fail_the_caller_goes_back_once(tmp_path: Path) -> None:
    """Each for its own reason, whatever the Dial says of them together."""
    async with house(tmp_path, destination=DESTINATIONS, handoff=PARALLEL) as home:
        call_uuid = await home.call(
            sip={"declines": True, "answers_after_s": 0.3}, phone={"busy": True}
        )
        held = await transferred(home, call_uuid)
    assert held.ending is not None
    assert Outcome.RETURNED is held.ending.outcome
    assert [Reason.DECLINED, Reason.BUSY] == [one.reason for one in held.attempts]
