"""How a Dial ends, and what the application is told of it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from escalate.emulator.client import LocalPlivo
from tests.nursery import local_plivo

from .harness import AUTH_ID, AUTH_TOKEN, Application, kinds

QUEUE = "sip:queue@example.com"
RIGHT = {"username": "queue", "password": "password1"}
CREDENTIALS = {"sipAuthUsername": "queue", "sipAuthPassword": "password1"}
STAYS = {"answers_after_s": 0.05}
WAIT = "<Wait length='60'/>"


def user(address: str = QUEUE, **attributes: str) -> str:
    """Return a User element."""
    written = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<User{written}>{address}</User>"


def dial(app: Application, *targets: str, action: bool = True, **attributes: str) -> str:
    """Return a Dial element; its action answers with a wait."""
    given = {"timeout": "10", **attributes}
    if action:
        given["action"] = app.answers("action", WAIT)
    written = "".join(f' {key}="{value}"' for key, value in given.items())
    return f"<Dial{written}>{''.join(targets or (user(),))}</Dial>"


@pytest.mark.parametrize(
    ("phone", "credentials", "code", "status", "cause", "rang"),
    [
        ({"busy": True}, {}, 3010, "busy", "USER_BUSY", "false"),
        ({"declines": True, **STAYS}, {}, 3110, "failed", "CALL_REJECTED", "true"),
        ({"answers_after_s": None}, {}, 3000, "no-answer", "NO_ANSWER", "true"),
        ({"unregistered": True}, {}, 2020, "failed", "USER_NOT_REGISTERED", "false"),
        ({"challenge": RIGHT}, {}, 4240, "failed", "sip_auth_failed", "false"),
        (
            {"challenge": {**RIGHT, "password": "password2"}},
            CREDENTIALS,
            *(4240, "failed", "sip_auth_failed", "false"),
        ),
        (
            {"challenge": RIGHT, "silent_after_challenge": True},
            CREDENTIALS,
            *(4250, "timeout", "sip_auth_timeout", "false"),
        ),
        (
            {"challenge": RIGHT, **STAYS, "talks_s": 0},
            CREDENTIALS,
            4000,
            "completed",
            "NORMAL_CLEARING",
            "true",
        ),
        ({"answers_after_s": 0, "talks_s": 0}, {}, 4000, "completed", "NORMAL_CLEARING", "true"),
    ],
)
async def test_every_ending_has_its_cause(
    plivo: LocalPlivo,
    app: Application,
    phone: dict[str, Any],
    credentials: dict[str, str],
    code: int,
    status: str,
    cause: str,
    rang: str,
) -> None:
    """The action is told in Plivo's words; the caller stays and its document is carried out."""
    app.answers("answer", dial(app, user(**credentials), timeout="1"))
    call = await plivo.call(phones={QUEUE: phone})
    told = (await app.request("action")).params
    ended = await plivo.wait_for("leg.ended", call)
    assert (status, cause, rang) == (
        told["DialStatus"],
        told["DialHangupCause"],
        told["DialRingStatus"],
    )
    assert (code, status, str(code)) == (
        ended["code"],
        ended["dial_status"],
        told["HangupCauseCode"],
    )
    assert (ended["leg"] if code == 4000 else "") == told["DialBLegUUID"]
    await plivo.wait_for("xml.step", call, element="Wait")


async def test_silence_after_the_challenge_is_4250_when_the_ring_time_is_over(
    server: Application,
) -> None:
    """However long the carrier itself would wait, for a Dial and for Make Call."""
    server.forget()
    async with local_plivo(auth_id=AUTH_ID, auth_token=AUTH_TOKEN) as plivo:
        await plivo.application(server.answers("answer", dial(server, timeout="1")))
        await plivo.phones({QUEUE: {"silent_after_challenge": True}})
        call = await plivo.call()
        url = f"{plivo.base_url}/v1/Account/{AUTH_ID}/Call/"
        body = {"from": "14155550100", "to": QUEUE, "answer_url": server.url("answer")}
        async with httpx.AsyncClient(auth=(AUTH_ID, AUTH_TOKEN), trust_env=False) as client:
            made = (await client.post(url, json={**body, "ring_timeout": 1})).json()["request_uuid"]
        ended = [await plivo.wait_for("leg.ended", leg) for leg in (call, made)]
    assert [(4250, "timeout")] * 2 == [(leg["code"], leg["dial_status"]) for leg in ended]


async def test_an_endpoint_that_does_not_challenge_does_not_need_the_credentials(
    plivo: LocalPlivo, app: Application
) -> None:
    """The call simply connects."""
    app.answers("answer", dial(app, user(**CREDENTIALS)))
    call = await plivo.call(phones={QUEUE: STAYS})
    await plivo.wait_for("leg.bridged", call)
    assert [] == kinds(await plivo.events(call), "leg.challenged")


async def test_a_bridged_caller_hears_the_human_and_is_told_about(
    plivo: LocalPlivo, app: Application
) -> None:
    """Ringing, answer, bridge and the human's voice, and the callback's events in the end."""
    app.answers("answer", dial(app, callbackUrl=app.says("event", "")))
    call = await plivo.call(phones={QUEUE: {**STAYS, "talks_s": 0.3}})
    await app.request("action")
    told = [(await app.request("event", nth)).params for nth in (1, 2, 3)]
    await plivo.wait_for("heard.ended", call, source="human")
    assert [
        "leg.dialed",
        "leg.ringing",
        "leg.answered",
        "leg.bridged",
        "leg.unbridged",
        "leg.ended",
    ] == [kind for kind in kinds(await plivo.events(call)) if kind.startswith("leg.")]
    assert {"answer", "connected", "hangup"} == {event["DialAction"] for event in told}
    assert [QUEUE] == (await plivo.summary(call))["was_bridged_with"]


async def test_all_ring_and_the_first_to_answer_wins(plivo: LocalPlivo, app: Application) -> None:
    """The others end with 9000 Lost Race."""
    app.answers("answer", dial(app, user("sip:slow@example.com"), user("sip:fast@example.com")))
    phones = {"sip:slow@example.com": {"answers_after_s": 5}, "sip:fast@example.com": STAYS}
    call = await plivo.call(phones=phones)
    assert "sip:fast@example.com" == (await plivo.wait_for("leg.bridged", call))["to"]
    lost = await plivo.wait_for("leg.ended", call, to="sip:slow@example.com")
    assert (9000, "Lost Race") == (lost["code"], lost["cause"])


async def test_a_caller_who_hangs_up_stops_the_ringing(plivo: LocalPlivo, app: Application) -> None:
    """The leg is cancelled at once, and the action hears of it."""
    app.answers("answer", dial(app))
    call = await plivo.call(
        phones={QUEUE: {"answers_after_s": None}}, hangs_up={"after": "leg.ringing", "delay_s": 0.1}
    )
    ended = await plivo.wait_for("call.ended", call)
    leg = await plivo.wait_for("leg.ended", call)
    assert ("Caller", 1000, "cancel") == (ended["source"], leg["code"], leg["dial_status"])
    assert "cancel" == (await app.request("action")).params["DialStatus"]
    assert "ORIGINATOR_CANCEL" == (await app.request("action")).params["DialHangupCause"]


async def test_a_caller_who_hangs_up_frees_the_human(plivo: LocalPlivo, app: Application) -> None:
    """The bridged leg ends with the caller, as a normal hang-up."""
    app.answers("answer", dial(app))
    call = await plivo.call(phones={QUEUE: STAYS}, hangs_up={"after": "leg.bridged"})
    await plivo.wait_for("call.ended", call)
    assert (4000, "ended") == (
        (await plivo.wait_for("leg.ended", call))["code"],
        (await plivo.summary(call))["legs"][0]["state"],
    )


async def test_a_caller_moved_by_rest_leaves_the_human(
    plivo: LocalPlivo, app: Application, api: httpx.AsyncClient
) -> None:
    """A transfer out of a bridge ends the leg, runs the new document and skips the action."""
    app.answers("answer", dial(app))
    app.answers("moved", WAIT)
    call = await plivo.call(phones={QUEUE: STAYS})
    await plivo.wait_for("leg.bridged", call)
    await api.post(f"/Call/{call}/", json={"aleg_url": app.url("moved")})
    await app.request("moved")
    await plivo.wait_for("leg.ended", call)
    assert [] == app.requests("action")


async def test_without_an_action_the_next_element_runs(plivo: LocalPlivo, app: Application) -> None:
    """Serial hunting: the second Dial comes after the first has failed."""
    app.answers(
        "answer", dial(app, action=False), dial(app, user("sip:b@example.com"), action=False), WAIT
    )
    call = await plivo.call(phones={QUEUE: {"busy": True}, "sip:b@example.com": {"busy": True}})
    await plivo.wait_for("xml.step", call, element="Wait")
    dialed = [event["to"] for event in await plivo.events(call) if event["kind"] == "leg.dialed"]
    assert [QUEUE, "sip:b@example.com"] == dialed


async def test_an_action_without_redirect_only_hears(plivo: LocalPlivo, app: Application) -> None:
    """With redirect=false even a broken reply leaves the document alone."""
    element = dial(app, redirect="false")
    app.says("action", "oops", status=500)
    app.answers("answer", element, WAIT)
    call = await plivo.call(phones={QUEUE: {"busy": True}})
    await app.request("action")
    await plivo.wait_for("xml.step", call, element="Wait")
    assert "in-progress" == (await plivo.summary(call))["state"]


@pytest.mark.parametrize(
    ("presses", "code", "bridged"), [("1", 4000, True), ("29", 9110, False), ("", 9110, False)]
)
async def test_the_human_confirms_with_a_key(
    plivo: LocalPlivo, app: Application, presses: str, code: int, bridged: bool
) -> None:
    """Only the right key within the time bridges; the whisper is heard by the leg alone."""
    sound = app.answers("whisper", "<Speak>Caller waiting</Speak>")
    app.answers("answer", dial(app, confirmSound=sound, confirmKey="1", confirmTimeout="1"))
    call = await plivo.call(phones={QUEUE: {**STAYS, "presses": presses, "talks_s": 0}})
    ended = await plivo.wait_for("leg.ended", call)
    summary = await plivo.summary(call)
    assert (code, bridged) == (ended["code"], summary["was_bridged_with"] == [QUEUE])
    assert "Caller waiting" == (await plivo.wait_for("leg.hears", call))["text"]
    assert "speak" not in {span["source"] for span in summary["heard"]}


async def test_the_star_key_ends_the_conversation_and_not_the_call(
    plivo: LocalPlivo, app: Application
) -> None:
    """With hangupOnStar the key drops the human; the action is asked what comes next."""
    app.answers("answer", dial(app, hangupOnStar="true"))
    call = await plivo.call(phones={QUEUE: STAYS})
    await plivo.wait_for("leg.bridged", call)
    await plivo.press(call, "1*")
    assert "completed" == (await app.request("action")).params["DialStatus"]


async def test_talking_time_is_limited(plivo: LocalPlivo, app: Application) -> None:
    """The timeLimit ends the bridge, and the caller stays."""
    app.answers("answer", dial(app, timeLimit="1"))
    call = await plivo.call(phones={QUEUE: STAYS})
    assert 6000 == (await plivo.wait_for("leg.ended", call))["code"]
    await plivo.wait_for("xml.step", call, element="Wait")


@pytest.mark.parametrize(
    ("caller_id", "code"), [("14155550999", 3030), ("14155550100", 4000), ("+14155550100", 4000)]
)
async def test_a_caller_id_must_be_the_accounts_own(
    plivo: LocalPlivo, app: Application, caller_id: str, code: int
) -> None:
    """The called number may be shown, a stranger's may not."""
    app.answers("answer", dial(app, "<Number>14155550177</Number>", callerId=caller_id))
    call = await plivo.call(phones={"*": {**STAYS, "talks_s": 0}})
    assert code == (await plivo.wait_for("leg.ended", call))["code"]


async def test_the_caller_is_not_called_back_by_his_own_call(
    plivo: LocalPlivo, app: Application
) -> None:
    """A leg to the A leg's number is 2060 Loop Detected."""
    app.answers("answer", dial(app, "<Number>+14155550123</Number>"))
    call = await plivo.call()
    assert 2060 == (await plivo.wait_for("leg.ended", call))["code"]


async def test_a_number_rings_audibly_and_an_endpoint_does_not(
    plivo: LocalPlivo, app: Application
) -> None:
    """Without dialMusic the caller of a SIP endpoint hears silence, as Plivo's table warns."""
    number = dial(app, "<Number>14155550177</Number>", action=False, timeout="1")
    app.answers("answer", number, dial(app, action=False, timeout="1"), WAIT)
    call = await plivo.call(phones={"*": {"answers_after_s": None}})
    await plivo.wait_for("xml.step", call, element="Wait")
    events = await plivo.events(call)
    rings = [event["seq"] for event in events if event["kind"] == "heard.started"]
    second = [event["seq"] for event in events if event["kind"] == "leg.ringing"][1]
    assert (1, True) == (len(rings), rings[0] < second)


async def test_dial_music_plays_until_somebody_answers(plivo: LocalPlivo, app: Application) -> None:
    """The document of dialMusic is fetched and heard by the caller."""
    music = app.answers("music", "<Speak>Please hold</Speak>")
    app.answers("answer", dial(app, dialMusic=music))
    call = await plivo.call(phones={QUEUE: {"answers_after_s": 0.6, "talks_s": 0}})
    await plivo.wait_for("heard.started", call, source="play")
    await plivo.wait_for("heard.ended", call, source="play")
    await plivo.wait_for("leg.bridged", call)


async def test_headers_plivo_would_drop_are_dropped_and_named(
    plivo: LocalPlivo, app: Application
) -> None:
    """Letters and digits pass as X-PH-; dashes, reserved names and long values do not."""
    text = f"Ticket=12345,Customer-Id=7,PlivoX=1,ClientRegion=eu,Long={'9' * 121}"
    app.answers("answer", dial(app, user(sipHeaders="Skill=billing"), sipHeaders=text))
    call = await plivo.call(phones={QUEUE: STAYS})
    dialed = await plivo.wait_for("leg.dialed", call)
    assert {"X-PH-Ticket": "12345", "X-PH-Skill": "billing"} == dialed["headers"]
    assert ["Customer-Id", "PlivoX", "ClientRegion", "Long"] == dialed["dropped_headers"]
