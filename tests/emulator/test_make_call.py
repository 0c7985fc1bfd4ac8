"""Calls made through the API: a leg that runs documents of its own."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from escalate.emulator.client import EmulatorError, LocalPlivo
from escalate.plivo.causes import CAUSES

from .harness import Application

QUEUE = "sip:queue@example.com"
RIGHT = {"username": "queue", "password": "password1"}
CREDENTIALS = {"sip_auth_username": "queue", "sip_auth_password": "password1"}
WAIT = "<Wait length='60'/>"


def body(app: Application, **more: Any) -> dict[str, Any]:
    """Return the body of a Make Call to the queue."""
    urls = {"answer_url": app.url("agent"), "hangup_url": app.url("gone")}
    return {"from": "14155550100", "to": QUEUE, **urls, **more}


async def fire(api: httpx.AsyncClient, app: Application, **more: Any) -> str:
    """Make a call; returns its id."""
    app.says("gone", "")
    app.says("ring", "")
    reply = await api.post("/Call/", json=body(app, **more))
    assert 201 == reply.status_code, reply.text
    return str(reply.json()["request_uuid"])


async def test_whoever_answers_runs_the_answer_url(
    plivo: LocalPlivo, app: Application, api: httpx.AsyncClient
) -> None:
    """Ring URL, answer URL, a digest challenge passed, and the hang-up told in the end."""
    app.answers("agent", WAIT)
    await plivo.phones(
        {QUEUE: {"answers_after_s": 0.05, "challenge": RIGHT, "hangs_up_after_s": 0.2}}
    )
    call = await fire(api, app, ring_url=app.url("ring"), **CREDENTIALS)
    ring, agent = (await app.request("ring")).params, (await app.request("agent")).params
    gone = (await app.request("gone")).params
    assert ("Ring", "ringing", "outbound") == (
        ring["Event"],
        ring["CallStatus"],
        ring["Direction"],
    )
    assert ("StartApp", "in-progress", call, call) == (
        agent["Event"],
        agent["CallStatus"],
        agent["CallUUID"],
        agent["RequestUUID"],
    )
    assert ("4000", "Callee", "completed") == (
        gone["HangupCauseCode"],
        gone["HangupSource"],
        gone["CallStatus"],
    )
    assert 407 == (await plivo.wait_for("leg.challenged", call))["scheme"]


@pytest.mark.parametrize(
    ("phone", "more", "code", "status"),
    [
        ({"challenge": RIGHT}, {}, 4240, "failed"),
        ({"silent_after_challenge": True}, CREDENTIALS, 4250, "timeout"),
        ({"busy": True}, {}, 3010, "busy"),
        ({"declines": True, "answers_after_s": 0}, {}, 3110, "failed"),
        ({"unregistered": True}, {}, 2020, "failed"),
        ({"challenge": {**RIGHT, "password": "password2"}}, CREDENTIALS, 4240, "failed"),
        (
            {"machine": True, "answers_after_s": 0},
            {"machine_detection": "hangup"},
            9100,
            "completed",
        ),
        ({"answers_after_s": None}, {"ring_timeout": 1}, 6010, "no-answer"),
    ],
)
async def test_a_leg_that_fails_is_told_to_the_hangup_url(
    plivo: LocalPlivo,
    app: Application,
    api: httpx.AsyncClient,
    phone: dict[str, Any],
    more: dict[str, Any],
    code: int,
    status: str,
) -> None:
    """Its answer URL is never fetched."""
    await plivo.phones({QUEUE: phone})
    call = await fire(api, app, **more)
    gone = (await app.request("gone")).params
    assert (str(code), CAUSES[code], status) == (
        gone["HangupCauseCode"],
        gone["HangupCauseName"],
        gone["CallStatus"],
    )
    assert code == (await plivo.wait_for("leg.ended", call))["code"]
    assert [] == app.requests("agent")


async def test_a_ringing_leg_is_cancelled_and_an_answered_one_is_hung_up(
    plivo: LocalPlivo, app: Application, api: httpx.AsyncClient
) -> None:
    """DELETE Request until the answer, DELETE Call after it."""
    app.answers("agent", WAIT)
    await plivo.phones({QUEUE: {"answers_after_s": None}})
    ringing = await fire(api, app)
    await plivo.wait_for("leg.ringing", ringing)
    assert 204 == (await api.delete(f"/Request/{ringing}/")).status_code
    cancelled = await plivo.wait_for("call.ended", ringing)
    await plivo.phones({QUEUE: {"answers_after_s": 0}})
    answered = await fire(api, app)
    await plivo.wait_for("xml.step", answered)
    assert 404 == (await api.delete(f"/Request/{answered}/")).status_code
    assert 204 == (await api.delete(f"/Call/{answered}/")).status_code
    hung_up = await plivo.wait_for("call.ended", answered)
    assert [(1000, "API Request"), (4000, "API Request")] == [
        (ended["code"], ended["source"]) for ended in (cancelled, hung_up)
    ]


async def test_the_human_does_what_the_control_api_says(
    plivo: LocalPlivo, app: Application, api: httpx.AsyncClient
) -> None:
    """He declines while it rings, hangs up once he has answered, and speaks by his script."""
    app.answers("agent", WAIT)
    await plivo.phones({QUEUE: {"answers_after_s": None}})
    ringing = await fire(api, app)
    await plivo.wait_for("leg.ringing", ringing)
    await plivo.hang_up(ringing)
    await plivo.phones({QUEUE: {"answers_after_s": 0}})
    answered = await fire(api, app)
    await plivo.wait_for("xml.step", answered)
    with pytest.raises(EmulatorError, match="says_back"):
        await plivo.say(answered, [{"at": 0, "text": "Hello"}])
    await plivo.hang_up(answered)
    ends = [await plivo.wait_for("call.ended", call) for call in (ringing, answered)]
    assert [(3110, "Callee"), (4000, "Callee")] == [
        (ended["code"], ended["source"]) for ended in ends
    ]


async def test_every_ending_of_a_leg_is_in_its_log(
    plivo: LocalPlivo, app: Application, api: httpx.AsyncClient
) -> None:
    """The leg of a cancelled call ends with it, as one does that was answered."""
    app.answers("agent", WAIT)
    await plivo.phones({QUEUE: {"answers_after_s": None}})
    ringing = await fire(api, app)
    await plivo.wait_for("leg.ringing", ringing)
    await api.delete(f"/Request/{ringing}/")
    await plivo.phones({QUEUE: {"answers_after_s": 0, "hangs_up_after_s": 0}})
    answered = await fire(api, app)
    ends = [await plivo.wait_for("leg.ended", call) for call in (ringing, answered)]
    assert [(1000, "cancel"), (4000, "completed")] == [
        (ended["code"], ended["dial_status"]) for ended in ends
    ]


async def test_a_telephone_may_behave_otherwise_when_it_is_called_again(
    plivo: LocalPlivo, app: Application, api: httpx.AsyncClient
) -> None:
    """Busy at first, then it declines, and so from then on."""
    app.answers("agent", WAIT)
    declines = {"declines": True, "answers_after_s": 0}
    await plivo.phones({QUEUE: {"busy": True, "then": declines}})
    ended = [await plivo.wait_for("call.ended", await fire(api, app)) for _ in range(3)]
    assert [3010, 3110, 3110] == [one["code"] for one in ended]


@pytest.mark.parametrize("machine", [True, False])
async def test_whether_a_machine_answered_is_told_to_its_url(
    plivo: LocalPlivo, app: Application, api: httpx.AsyncClient, machine: bool
) -> None:
    """The document runs meanwhile; without the URL it waits, and is told itself."""
    app.answers("agent", WAIT)
    await plivo.phones({QUEUE: {"answers_after_s": 0, "machine": machine}})
    url = app.says("machine", "")
    beside = await fire(api, app, machine_detection="true", machine_detection_url=url)
    told = (await app.request("machine")).params
    ran, detected = [
        (await plivo.wait_for(kind, beside))["seq"] for kind in ("xml.step", "leg.detected")
    ]
    await fire(api, app, machine_detection="true")
    waited = (await app.request("agent", 2)).params
    assert ("MachineDetection", str(machine).lower()) == (told["Event"], told["Machine"])
    assert (True, str(machine).lower()) == (ran < detected, waited["Machine"])


async def test_a_parent_that_has_gone_is_no_parent(
    plivo: LocalPlivo, app: Application, api: httpx.AsyncClient
) -> None:
    """Nobody is called for a caller who has hung up, if that was asked for."""
    app.answers("answer", WAIT)
    caller = await plivo.call()
    await plivo.wait_for("xml.step", caller)
    await plivo.hang_up(caller)
    await plivo.wait_for("call.ended", caller)
    asked = body(app, parent_call_uuid=caller, error_if_parent_not_found=True)
    reply = await api.post("/Call/", json=asked)
    assert (404, "parent call not found") == (reply.status_code, reply.json()["error"])
    assert [] == [event for event in await plivo.events() if event["kind"] == "leg.dialed"]


async def test_a_leg_can_be_moved_and_dial_like_any_call(
    plivo: LocalPlivo, app: Application, api: httpx.AsyncClient
) -> None:
    """The transfer of an answered leg takes effect at once."""
    app.answers("agent", WAIT)
    app.answers("moved", "<Dial><User>sip:other@example.com</User></Dial>")
    await plivo.phones({"*": {"answers_after_s": 0}})
    call = await fire(api, app)
    await plivo.wait_for("xml.step", call)
    await api.post(f"/Call/{call}/", json={"aleg_url": app.url("moved")})
    assert "sip:other@example.com" == (await plivo.wait_for("leg.bridged", call))["to"]


async def test_a_number_is_called_with_a_number_of_the_account(
    plivo: LocalPlivo, app: Application, api: httpx.AsyncClient
) -> None:
    """Once the account's number is known, a stranger's is 3030; SIP takes any."""
    app.answers("answer", WAIT)
    app.answers("agent", "<Hangup/>")
    await plivo.call(to="14155550100")
    codes = []
    for to in ("14155550177", QUEUE):
        call = await fire(api, app, **{"from": "14155550999", "to": to})
        codes.append((await plivo.wait_for("call.ended", call))["code"])
    assert [3030, 4000] == codes


@pytest.mark.parametrize(
    ("more", "status", "error"),
    [
        ({"answer_url": None}, 400, "answer_url"),
        ({"to": "queue"}, 400, "neither a number nor a SIP URI"),
        ({"to": "14155550177<14155550178"}, 400, "several destinations"),
        ({"sip_auth_username": "queue"}, 400, "given together"),
        ({**CREDENTIALS, "sip_auth_password": "short"}, 400, "8 to 128"),
        ({**CREDENTIALS, "to": "14155550177"}, 400, "need a SIP URI"),
        ({"hangup_on_ring": 5}, 501, "hangup_on_ring"),
        (
            {"parent_call_uuid": "none", "error_if_parent_not_found": True},
            *(404, "parent call not found"),
        ),
    ],
)
async def test_a_wrong_request_is_refused(
    app: Application, api: httpx.AsyncClient, more: dict[str, Any], status: int, error: str
) -> None:
    """The parameter is named, and nobody is called."""
    reply = await api.post("/Call/", json=body(app, **more))
    assert (status, True) == (reply.status_code, error in reply.json()["error"])
    assert [] == (await api.get("/Call/", params={"status": "live"})).json()["calls"]


async def test_a_missing_parameter_is_named_as_plivo_names_it(
    app: Application, api: httpx.AsyncClient
) -> None:
    """The answer URL is the one people forget."""
    given = body(app)
    del given["answer_url"]
    reply = await api.post("/Call/", json=given)
    assert (400, "answer_url parameter is missing") == (reply.status_code, reply.json()["error"])
