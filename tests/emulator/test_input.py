"""GetDigits and GetInput: what counts as an answer, and where it leads."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from escalate.emulator.client import LocalPlivo

from .harness import Application

HUMAN = "sip:human@example.com"
WAIT = "<Wait length='60'/>"
BRIEFING = "<Speak>Somebody asks for you. Press one or say yes.</Speak>"
YES = "yes, put them through"


def ask(app: Application, element: str, *prompts: str, **attributes: str) -> str:
    """Return a question whose action answers with a wait."""
    given = {"action": app.answers("action", WAIT), **attributes}
    written = "".join(f' {key}="{value}"' for key, value in given.items())
    return f"<{element}{written}>{''.join(prompts)}</{element}>"


async def fire(
    plivo: LocalPlivo, app: Application, api: httpx.AsyncClient, *elements: str, **phone: Any
) -> str:
    """Call the human, whose leg runs these elements."""
    await plivo.phones({HUMAN: {"answers_after_s": 0, "reacts_after_s": 0.1, **phone}})
    body = {"from": "14155550100", "to": HUMAN, "answer_url": app.answers("human", *elements)}
    return str((await api.post("/Call/", json=body)).json()["request_uuid"])


@pytest.mark.parametrize(
    ("attributes", "keys", "digits"),
    [
        ({"numDigits": "1"}, "12", "1"),
        ({}, "12#", "12"),
        ({"finishOnKey": "*"}, "1#*", "1#"),
        ({"finishOnKey": "none", "digitTimeout": "1"}, "1#", "1#"),
    ],
)
async def test_keys_are_collected_until_they_are_enough(
    plivo: LocalPlivo, app: Application, attributes: dict[str, str], keys: str, digits: str
) -> None:
    """A number of keys, a key that finishes or a pause makes an answer of them."""
    app.answers("answer", ask(app, "GetDigits", WAIT, **attributes))
    call = await plivo.call()
    await plivo.wait_for("xml.step", call)
    await plivo.press(call, keys)
    told = (await app.request("action")).params
    assert (digits, call) == (told["Digits"], told["CallUUID"])


async def test_a_key_ends_the_prompt(plivo: LocalPlivo, app: Application) -> None:
    """Nobody has to hear it out."""
    app.answers("answer", ask(app, "GetDigits", BRIEFING, WAIT, numDigits="1"))
    call = await plivo.call()
    await plivo.wait_for("heard.started", call, source="speak")
    await plivo.press(call, "1")
    heard = await plivo.wait_for("heard.ended", call, source="speak")
    assert heard["ms"] < 2000
    assert "1" == (await app.request("action")).params["Digits"]


async def test_without_an_answer_the_next_element_runs(plivo: LocalPlivo, app: Application) -> None:
    """The prompt is heard as often as retries says, then nothing is submitted."""
    question = ask(app, "GetDigits", "<Speak>Yes?</Speak>", timeout="1", retries="2")
    app.answers("answer", question, WAIT)
    call = await plivo.call()
    await plivo.wait_for("xml.step", call, element="Wait")
    heard = [event for event in await plivo.events(call) if event["kind"] == "heard.started"]
    assert (2, []) == (len(heard), app.requests("action"))


async def test_a_wrong_key_is_no_answer(plivo: LocalPlivo, app: Application) -> None:
    """The caller hears that, and is asked again."""
    question = ask(
        app,
        "GetDigits",
        "<Speak>Yes?</Speak>",
        numDigits="1",
        validDigits="12",
        retries="2",
        invalidDigitsSound=app.url("wrong"),
    )
    app.answers("answer", question)
    call = await plivo.call()
    await plivo.wait_for("heard.started", call, source="speak")
    await plivo.press(call, "9")
    refused = await plivo.wait_for("input.invalid", call)
    await plivo.wait_for("fetch", call, what="play")
    await plivo.wait_for("heard.started", call, source="speak", after=refused["seq"])
    await plivo.press(call, "2")
    assert ("9", "2") == (refused["digits"], (await app.request("action")).params["Digits"])


async def test_the_caller_answers_in_words(plivo: LocalPlivo, app: Application) -> None:
    """Speech is recognised, a prompt is interrupted by it, and keys are not listened to."""
    question = ask(
        app,
        "GetInput",
        BRIEFING,
        inputType="speech",
        interimSpeechResultsCallback=app.says("interim", ""),
    )
    app.answers("answer", question)
    call = await plivo.call()
    await plivo.wait_for("heard.started", call, source="speak")
    await plivo.press(call, "1")
    await plivo.say(call, [{"at": 0, "text": "to a person"}])
    told = (await app.request("action")).params
    assert ("speech", "to a person", "") == (told["InputType"], told["Speech"], told["Digits"])
    assert 0.5 < float(told["SpeechConfidenceScore"]) <= 1
    assert "to a person" == (await app.request("interim")).params["StableSpeech"]


@pytest.mark.parametrize(
    ("phone", "input_type", "digits", "speech"),
    [
        ({"presses": "1"}, "dtmf", "1", ""),
        ({"says_back": YES}, "speech", "", YES),
        ({"presses": ["", "2"], "says_back": ["", "not heard"]}, "dtmf", "2", ""),
    ],
)
async def test_a_human_answers_by_key_or_in_words(
    plivo: LocalPlivo,
    app: Application,
    api: httpx.AsyncClient,
    phone: dict[str, Any],
    input_type: str,
    digits: str,
    speech: str,
) -> None:
    """On the leg that the API made; who is silent at first is asked again."""
    first = ask(app, "GetDigits", timeout="1")
    question = ask(app, "GetInput", "<Speak>Yes?</Speak>", inputType="dtmf speech")
    silent_first = isinstance(phone.get("presses"), list)
    call = await fire(plivo, app, api, *[first] * silent_first, question, **phone)
    told = (await app.request("action")).params
    assert (input_type, digits, speech) == (told["InputType"], told["Digits"], told["Speech"])
    assert (call, "outbound") == (told["CallUUID"], told["Direction"])


async def test_a_human_may_hear_the_briefing_out(
    plivo: LocalPlivo, app: Application, api: httpx.AsyncClient
) -> None:
    """What is heard of it and when the key comes is in the log."""
    question = ask(app, "GetDigits", BRIEFING, numDigits="1")
    call = await fire(plivo, app, api, question, listens=True, presses="1")
    await app.request("action")
    heard = await plivo.wait_for("heard.ended", call, source="speak")
    pressed = await plivo.wait_for("leg.digit", call)
    assert (True, "Somebody" in heard["text"]) == (heard["seq"] < pressed["seq"], True)


async def test_a_machine_talks_into_the_question(
    plivo: LocalPlivo, app: Application, api: httpx.AsyncClient
) -> None:
    """Its greeting is recognised as speech like anybody's."""
    question = ask(app, "GetInput", "<Speak>Yes?</Speak>", inputType="dtmf speech")
    await fire(plivo, app, api, question, machine=True)
    assert "leave a message" in (await app.request("action")).params["Speech"]


async def test_an_action_without_redirect_only_hears_the_answer(
    plivo: LocalPlivo, app: Application
) -> None:
    """The document goes on, whatever is answered."""
    app.answers("answer", ask(app, "GetDigits", redirect="false", numDigits="1"), WAIT)
    app.says("action", "oops", status=500)
    call = await plivo.call()
    await plivo.wait_for("xml.step", call)
    await plivo.press(call, "5")
    assert "5" == (await app.request("action")).params["Digits"]
    await plivo.wait_for("xml.step", call, element="Wait")


async def test_a_finishing_key_alone_is_no_answer(plivo: LocalPlivo, app: Application) -> None:
    """The next element runs, as after silence."""
    app.answers("answer", ask(app, "GetDigits"), WAIT)
    call = await plivo.call()
    await plivo.wait_for("xml.step", call)
    await plivo.press(call, "#")
    await plivo.wait_for("xml.step", call, element="Wait")
    assert [] == app.requests("action")


async def test_silence_after_get_input_goes_on(plivo: LocalPlivo, app: Application) -> None:
    """Five seconds are the shortest time that Plivo allows."""
    app.answers("answer", ask(app, "GetInput", executionTimeout="5", inputType="speech"), WAIT)
    call = await plivo.call()
    asked = await plivo.wait_for("xml.step", call, element="GetInput")
    went_on = await plivo.wait_for("xml.step", call, element="Wait")
    assert (True, []) == (5 <= went_on["at"] - asked["at"] < 6, app.requests("action"))
