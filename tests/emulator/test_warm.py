"""A warm handoff as Plivo's pages describe it, each side by its own documents."""

from __future__ import annotations

import httpx

from escalate.emulator.client import LocalPlivo

from .harness import Application, Bot, kinds

HUMAN = "sip:human@example.com"
YES = "yes, put them through"


async def test_a_human_accepts_and_meets_the_caller(
    plivo: LocalPlivo, app: Application, bot: Bot, api: httpx.AsyncClient
) -> None:
    """The caller is with the bot until the human has accepted, then with the human alone."""
    stay = "<Conference stayAlone='false' endConferenceOnExit='true'>room-1</Conference>"
    question = (
        f"<GetInput action='{app.url('accepted')}' inputType='dtmf speech'>"
        "<Speak>A caller asks for you.</Speak></GetInput>"
    )
    entered = app.says("entered", "")
    app.answers("answer", bot.stream(keepCallAlive="true"))
    app.answers("human", question)
    app.answers("accepted", f"<Conference callbackUrl='{entered}'>room-1</Conference>", "<Hangup/>")
    app.answers("moved", stay)
    caller = await plivo.call(
        phones={HUMAN: {"answers_after_s": 0, "says_back": YES, "listens": True}}
    )
    line = await bot.line()
    made = {"from": "14155550100", "to": HUMAN, "answer_url": app.url("human")}
    reply = await api.post(
        "/Call/", json={**made, "parent_call_uuid": caller, "error_if_parent_not_found": True}
    )
    human = reply.json()["request_uuid"]
    assert YES == (await app.request("accepted")).params["Speech"]
    assert ("enter", human) == (
        (await app.request("entered")).params["ConferenceAction"],
        (await app.request("entered")).params["CallUUID"],
    )
    assert [] == kinds(await plivo.events(caller), "leg.bridged", "stream.closed")
    await api.post(f"/Call/{caller}/", json={"aleg_url": app.url("moved")})
    await line.hang_up()
    await plivo.wait_for("heard.started", caller, source="human")
    await plivo.hang_up(caller)
    ended = await plivo.wait_for("call.ended", human)
    assert (4000, "Answer XML") == (ended["code"], ended["source"])
    wanted = ("stream.closed", "leg.bridged", "leg.unbridged", "room.left", "call.ended")
    assert list(wanted) == kinds(await plivo.events(caller), *wanted)
