"""Scripted SIP telephones: what a script says goes over the wire, and comes out as it must."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final, NamedTuple

import httpx

from escalate.emulator.client import LocalPlivo
from tests.emulator.harness import AUTH_ID, AUTH_TOKEN, Application, kinds

from .peers import PATIENCE_S

DESK: Final = "sip:queue-1@cc.example.com"
RIGHT: Final = {"username": "queue1", "password": "s3cret-of-the-queue"}
DEMANDS: Final = {"challenge": RIGHT, "answers_after_s": 0.1}
OTHER: Final = {"challenge": {**RIGHT, "password": "changed-since"}}
CHALLENGE: Final = ["INVITE", "407", "ACK", "INVITE"]


class Row(NamedTuple):
    """A telephone, Plivo's code and DialStatus for a call to it, and the SIP that led there."""

    phone: dict[str, Any]
    code: int
    status: str
    said: list[str]


ROWS: Final = {
    "answers": Row(
        DEMANDS,
        6000,
        "completed",
        [*CHALLENGE, "100", "180", "200", "ACK", "BYE", "200"],
    ),
    "hangs up": Row(
        {"answers_after_s": 0, "talks_s": 0.1},
        4000,
        "completed",
        ["INVITE", "100", "180", "200", "ACK", "BYE", "200"],
    ),
    "busy": Row({**DEMANDS, "busy": True}, 3010, "busy", [*CHALLENGE, "100", "486", "ACK"]),
    "declines": Row(
        {**DEMANDS, "declines": True}, 3110, "failed", [*CHALLENGE, "100", "180", "603", "ACK"]
    ),
    "rings": Row(
        {**DEMANDS, "answers_after_s": None},
        3000,
        "no-answer",
        [*CHALLENGE, "100", "180", "CANCEL", "200", "487", "ACK"],
    ),
    "wrong password": Row({**DEMANDS, **OTHER}, 4240, "failed", [*CHALLENGE, "407", "ACK"]),
    "silent": Row({**DEMANDS, "silent_after_challenge": True}, 4250, "timeout", CHALLENGE),
    "not registered": Row({"unregistered": True}, 2020, "failed", []),
}


def dial(**attributes: str) -> str:
    """The document that dials the desk with its credentials."""
    given = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    user = f"sipAuthUsername='{RIGHT['username']}' sipAuthPassword='{RIGHT['password']}'"
    return f"<Dial {given}><User {user}>{DESK}</User></Dial>"


def said(events: list[dict[str, Any]]) -> list[str]:
    """The SIP messages of a log, by method or status; one that is sent again counts once."""
    told: list[str] = []
    for event in events:
        if event["kind"].startswith("sip."):
            first, second, *_ = event["line"].split()
            word = second if first == "SIP/2.0" else first
            told += [] if told[-1:] == [word] == ["INVITE"] else [word]
    return told


async def test_what_a_telephone_does_is_said_in_sip_and_told_in_plivos_words(
    plivo: LocalPlivo, app: Application
) -> None:
    """Whoever looks on sees each message of it, and no secret."""
    results = await asyncio.gather(
        *(called(plivo, app, row, f"row{number}") for number, row in enumerate(ROWS.values()))
    )
    wanted = {name: (row.code, row.status, row.said) for name, row in ROWS.items()}
    assert wanted == dict(zip(ROWS, results, strict=True))
    log = json.dumps(await plivo.events())
    assert "response=***" in log and RIGHT["password"] not in log and "changed-since" not in log


async def called(
    plivo: LocalPlivo, app: Application, row: Row, path: str
) -> tuple[int, str, list[str]]:
    """Let somebody be connected to the telephone, and return what became of it."""
    ended = app.answers(f"{path}-ended", "<Hangup/>")
    answer = app.answers(path, dial(action=ended, timeout="4", timeLimit="1"))
    call = await plivo.call(answer_url=answer, phones={DESK: row.phone})
    told = (await app.request(f"{path}-ended")).params
    # A goodbye is answered, and a refusal acknowledged, after the leg is over for Plivo.
    last = row.said[-1:]
    async with asyncio.timeout(PATIENCE_S):
        async for _ in plivo.follow(call):
            if said(events := await plivo.events(call))[-1:] == last:
                break
    return int(told["HangupCauseCode"]), told["DialStatus"], said(events)


async def test_a_caller_who_hangs_up_makes_the_telephone_stop_ringing(
    plivo: LocalPlivo, app: Application
) -> None:
    """By CANCEL, which is all that a telephone is told of it."""
    phone = {**DEMANDS, "answers_after_s": None}
    call = await plivo.call(answer_url=app.answers("answer", dial()), phones={DESK: phone})
    await plivo.wait_for("leg.ringing", call)
    await plivo.hang_up(call)
    await plivo.wait_for("sip.received", call, line="SIP/2.0 487 Request Terminated")
    assert "CANCEL" in said(await plivo.events(call))


async def make_call(plivo: LocalPlivo, order: dict[str, str]) -> None:
    """Have the account call somebody."""
    async with httpx.AsyncClient(auth=(AUTH_ID, AUTH_TOKEN)) as api:
        reply = await api.post(f"{plivo.base_url}/v1/Account/{AUTH_ID}/Call/", json=order)
    assert 201 == reply.status_code


async def test_caller_and_human_hear_one_another_over_rtp(
    plivo: LocalPlivo, app: Application
) -> None:
    """What is said at the telephone is heard by the caller, and its words are known."""
    call = await plivo.call(answer_url=app.answers("answer", dial()), phones={DESK: DEMANDS})
    heard = await plivo.wait_for("heard.started", call, source="human", timeout_s=PATIENCE_S)
    words = await plivo.wait_for("leg.says", call, timeout_s=PATIENCE_S)
    assert heard["seq"] < words["seq"] and "this is a person" in words["text"]


async def test_keys_at_the_telephone_are_sent_as_events_of_rtp(
    plivo: LocalPlivo, app: Application
) -> None:
    """By the script once he is asked, and by whoever does something at it meanwhile."""
    asks = app.answers("asks", "<Speak>Do you take the call?</Speak>")
    document = dial(confirmSound=asks, confirmKey="1")
    phone = {**DEMANDS, "presses": "2"}
    call = await plivo.call(answer_url=app.answers("answer", document), phones={DESK: phone})
    await plivo.wait_for("leg.digit", call, digit="2", timeout_s=PATIENCE_S)
    await plivo.hand(DESK, "press", digits="1")
    await plivo.wait_for("leg.bridged", call, timeout_s=PATIENCE_S)
    await plivo.hand(DESK, "put_down")
    await plivo.wait_for("leg.ended", call, code=4000, timeout_s=PATIENCE_S)
    assert "leg.unbridged" in kinds(await plivo.events(call))


async def test_a_human_at_the_telephone_answers_in_words(
    plivo: LocalPlivo, app: Application
) -> None:
    """Called by the API, he is asked and understood as at any other telephone."""
    answered = app.answers("answered", "<Hangup/>")
    question = "<Speak>Do you take the call?</Speak>"
    listens = f"<GetInput inputType='speech' action='{answered}'>{question}</GetInput>"
    phone = {**DEMANDS, "says_back": "yes please", "then": {**DEMANDS, "machine": True}}
    await plivo.phones({DESK: phone})
    order = {"from": "14155550100", "to": DESK, "answer_url": app.answers("answer", listens)}
    order |= {"sip_auth_username": RIGHT["username"], "sip_auth_password": RIGHT["password"]}
    await make_call(plivo, order)
    assert "yes please" == (await app.request("answered")).params["Speech"]
    await make_call(plivo, {**order, "machine_detection": "hangup"})
    await plivo.wait_for("leg.detected", machine=True, timeout_s=PATIENCE_S)
