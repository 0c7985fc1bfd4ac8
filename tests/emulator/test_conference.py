"""The room in which caller and human meet."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from escalate.emulator.client import LocalPlivo

from .harness import Application, kinds

HUMAN = "sip:human@example.com"
WAIT = "<Wait length='60'/>"
ROOM = "room-7f3a"


def conference(room: str = ROOM, **attributes: str) -> str:
    """Return a Conference element."""
    written = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<Conference{written}>{room}</Conference>"


class Party:
    """A caller and a human, and the documents they run."""

    def __init__(self, plivo: LocalPlivo, app: Application, api: httpx.AsyncClient) -> None:
        self.plivo, self.app, self.api = plivo, app, api

    async def caller(self, *elements: str, **more: Any) -> str:
        """Let somebody call; returns once he is in a room."""
        self.app.answers("answer", *(elements or (conference(),)))
        call = await self.plivo.call(**more)
        await self.plivo.wait_for("room.entered", call)
        return call

    async def human(self, *elements: str, **phone: Any) -> str:
        """Call the human; returns once he is in a room."""
        call = await self.fire(*elements, **phone)
        await self.plivo.wait_for("room.entered", call)
        return call

    async def fire(self, *elements: str, **phone: Any) -> str:
        """Call the human."""
        await self.plivo.phones({HUMAN: {"answers_after_s": 0, **phone}})
        answer_url = self.app.answers("human", *(elements or (conference(),)))
        body = {"from": "14155550100", "to": HUMAN, "answer_url": answer_url}
        return str((await self.api.post("/Call/", json=body)).json()["request_uuid"])

    async def left(self, call: str) -> str:
        """Wait until a call has left its room; returns why."""
        return str((await self.plivo.wait_for("room.left", call))["why"])


@pytest.fixture
def party(plivo: LocalPlivo, app: Application, api: httpx.AsyncClient) -> Party:
    """A caller and a human."""
    return Party(plivo, app, api)


async def test_caller_and_human_hear_one_another(party: Party, plivo: LocalPlivo) -> None:
    """Each has the other's words in his ear and not his own, and the log says who is with whom."""
    human = await party.human(conference(startConferenceOnEnter="true"))
    await plivo.wait_for("heard.started", human, source="play")
    caller = await party.caller()
    await plivo.say(caller, [{"at": 0.1, "text": "Hello"}])
    bridged = await plivo.wait_for("leg.bridged", caller)
    await plivo.wait_for("heard.started", caller, source="human")
    await plivo.wait_for("heard.ended", human, source="caller")
    began = [
        [event["source"] for event in await plivo.events(call) if event["kind"] == "heard.started"]
        for call in (caller, human)
    ]
    # The human was alone at first, and his music has not come back.
    assert [["human"], ["play", "caller"]] == began
    assert (human, HUMAN, ROOM) == (bridged["leg"], bridged["to"], bridged["room"])
    assert HUMAN == (await plivo.summary(caller))["bridged_with"]


async def test_a_member_hears_nothing_of_himself_nor_of_another_room(
    party: Party, plivo: LocalPlivo, api: httpx.AsyncClient
) -> None:
    """Who is alone in a room with music hears the music alone."""
    music = party.app.answers("music", WAIT)
    await party.human()
    caller = await party.caller(
        conference("another", waitSound=music), says=[{"at": 0.1, "text": "Anybody there?"}]
    )
    await plivo.wait_for("caller.says", caller)
    await plivo.wait_for("fetch", caller, what="wait-sound")
    listed = (await api.get("/Conference/")).json()["conferences"]
    assert {ROOM, "another"} == set(listed)
    assert [] == kinds(await plivo.events(caller), "heard.started", "leg.bridged")


async def test_the_human_hangs_up_and_the_room_ends_with_him(
    party: Party, plivo: LocalPlivo
) -> None:
    """EndConferenceOnExit sends the caller to his own action, and he is still there."""
    app = party.app
    action = app.answers("action", WAIT)
    human = await party.fire(conference(endConferenceOnExit="true"), talks_s=0.2)
    caller = await party.caller(conference(action=action))
    told = (await app.request("action")).params
    entered = await plivo.wait_for("room.entered", caller)
    await plivo.wait_for("leg.unbridged", caller, leg=human, room=ROOM)
    assert (ROOM, entered["member"], caller) == (
        told["ConferenceName"],
        told["ConferenceMemberID"],
        told["CallUUID"],
    )
    assert ["hung up", "room ended"] == [await party.left(call) for call in (human, caller)]
    await plivo.wait_for("room.ended", room=ROOM)
    await plivo.wait_for("xml.step", caller, element="Wait")


async def test_the_caller_hangs_up_and_the_human_goes_on(party: Party, plivo: LocalPlivo) -> None:
    """Without endConferenceOnExit the others stay, unless they do not stay alone."""
    human = await party.human(conference(stayAlone="false"), WAIT)
    caller = await party.caller(conference(action=party.app.answers("action", WAIT)))
    await plivo.wait_for("leg.bridged", caller)
    await plivo.hang_up(caller)
    assert ["hung up", "left alone"] == [await party.left(call) for call in (caller, human)]
    await plivo.wait_for("xml.step", human, element="Wait")
    assert "completed" == (await party.app.request("action")).params["CallStatus"]


async def test_one_who_does_not_stay_alone_may_come_first(party: Party, plivo: LocalPlivo) -> None:
    """The caller waits for the human, however his attribute reads."""
    caller = await party.caller(conference(stayAlone="false", endConferenceOnExit="true"))
    await party.human()
    assert HUMAN == (await plivo.wait_for("leg.bridged", caller))["to"]


async def test_a_room_begins_with_the_first_starter(party: Party, plivo: LocalPlivo) -> None:
    """Until then its members hear music and not one another."""
    caller = await party.caller(conference(startConferenceOnEnter="false"))
    human = await party.human(conference(startConferenceOnEnter="false"), reacts_after_s=5)
    await plivo.wait_for("heard.started", caller, source="play")
    assert [] == kinds(await plivo.events(caller), "leg.bridged", "heard.ended")
    third = await party.human()
    bridged = [await plivo.wait_for("leg.bridged", caller, leg=leg) for leg in (human, third)]
    stopped = await plivo.wait_for("heard.ended", caller, source="play")
    assert stopped["seq"] < bridged[0]["seq"] < bridged[1]["seq"]


async def test_a_muted_member_hears_and_is_not_heard(party: Party, plivo: LocalPlivo) -> None:
    """A supervisor who listens in; the log names him as muted."""
    human = await party.human(conference(muted="true"))
    caller = await party.caller(says=[{"at": 0, "text": "Hello"}])
    await plivo.wait_for("heard.ended", human, source="caller")
    assert ["human"] == (await plivo.wait_for("leg.bridged", caller))["muted"]
    heard = [event["source"] for event in await plivo.events(caller) if "source" in event]
    assert "human" not in heard


async def test_entering_and_leaving_are_told_and_heard(party: Party, plivo: LocalPlivo) -> None:
    """The callback URL of a member hears of that member; everybody hears the beep."""
    app = party.app
    caller = await party.caller()
    element = conference(callbackUrl=app.says("event", ""), enterSound="beep:1", exitSound="beep:2")
    human = await party.human(element, hangs_up_after_s=0.2)
    told = [(await app.request("event", nth)).params for nth in (1, 2)]
    assert {("enter", human, ROOM), ("exit", human, ROOM)} == {
        (event["ConferenceAction"], event["CallUUID"], event["ConferenceName"]) for event in told
    }
    assert 1 == len({event["ConferenceMemberID"] for event in told})
    await plivo.wait_for("heard.ended", caller, source="room")


async def test_the_star_key_leads_out_of_the_room(party: Party, plivo: LocalPlivo) -> None:
    """Only where hangupOnStar says so, and only out of the room; other keys are relayed."""
    await party.human(conference(hangupOnStar="false"))
    caller = await party.caller(conference(hangupOnStar="true"), WAIT)
    await plivo.press(caller, "1*")
    assert "pressed *" == await party.left(caller)
    await plivo.wait_for("xml.step", caller, element="Wait")
    assert "1" == (await plivo.wait_for("heard.digits"))["digits"]


async def test_a_full_room_lets_nobody_in(party: Party, plivo: LocalPlivo) -> None:
    """The document of whoever came too late goes on."""
    await party.human()
    party.app.answers("answer", conference(maxMembers="1"), WAIT)
    caller = await plivo.call()
    await plivo.wait_for("room.refused", caller)
    await plivo.wait_for("xml.step", caller, element="Wait")


async def test_a_room_lasts_as_long_as_its_time_limit(party: Party) -> None:
    """Everybody has to leave when the time of one of them is over."""
    human = await party.human()
    caller = await party.caller(conference(timeLimit="1"), WAIT)
    assert ["time limit", "room ended"] == [await party.left(call) for call in (caller, human)]


async def test_a_transfer_takes_a_member_out(
    party: Party, plivo: LocalPlivo, api: httpx.AsyncClient
) -> None:
    """The new document is fetched at once, and the room's action is not asked."""
    moved = party.app.answers("moved", WAIT)
    caller = await party.caller(conference(action=party.app.answers("action", WAIT)))
    await api.post(f"/Call/{caller}/", json={"aleg_url": moved})
    assert "transferred" == await party.left(caller)
    await party.app.request("moved")
    assert [] == party.app.requests("action")


async def test_the_conference_api_looks_kicks_and_hangs_up(
    party: Party, plivo: LocalPlivo, api: httpx.AsyncClient
) -> None:
    """A kicked member goes on with its document, a member hung up is gone, then the room is."""
    first = await party.human(conference(), WAIT)
    second = await party.human()
    third = await party.caller(conference(), WAIT)
    room = (await api.get(f"/Conference/{ROOM}/")).json()
    members = {member["call_uuid"]: member["member_id"] for member in room["members"]}
    assert ("3", {first, second, third}) == (room["conference_member_count"], set(members))
    path = f"/Conference/{ROOM}/Member"
    assert 202 == (await api.post(f"{path}/{members[first]}/Kick/")).status_code
    assert 204 == (await api.delete(f"{path}/{members[second]}/")).status_code
    assert ["kicked", "hung up"] == [await party.left(call) for call in (first, second)]
    assert 204 == (await api.delete(f"/Conference/{ROOM}/")).status_code
    assert "hung up" == await party.left(third)
    assert 404 == (await api.get(f"/Conference/{ROOM}/")).status_code
    assert 404 == (await api.post(f"{path}/{members[first]}/Kick/")).status_code


async def test_the_conference_api_lets_members_hear_something(
    party: Party, plivo: LocalPlivo, api: httpx.AsyncClient
) -> None:
    """All of them or one; text needs a voice that speaks its language."""
    human, caller = await party.human(), await party.caller()
    path = f"/Conference/{ROOM}/Member/all/Speak/"
    said = await api.post(path, json={"text": "You are connected.", "voice": "MAN"})
    assert (202, 2) == (said.status_code, len(said.json()["member_id"]))
    for leg in (human, caller):
        assert "You are connected." == (await plivo.wait_for("room.says", leg))["text"]
        await plivo.wait_for("heard.ended", leg, source="room")
    for wrong in ({"text": "Hallo", "language": "xx-XX"}, {"text": ""}):
        assert 400 == (await api.post(path, json=wrong)).status_code
    one = said.json()["member_id"][0]
    played = f"/Conference/{ROOM}/Member/{one}/Play/"
    assert 400 == (await api.post(played, json={"url": "no-url"})).status_code
    assert 404 == (await api.post("/Conference/none/Member/all/Speak/", json={})).status_code
