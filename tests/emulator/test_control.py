"""The control API: the log, the caller, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from escalate.emulator import audio
from escalate.emulator.client import EmulatorError, LocalPlivo

from .harness import AUTH_TOKEN, Application

SECRET = "correct-horse-battery"
QUEUE = "sip:queue@example.com"


async def test_no_secret_is_in_the_log(
    plivo: LocalPlivo, app: Application, api: httpx.AsyncClient
) -> None:
    """Neither a password of the XML, of a phone or of a body, nor the account's token."""
    queue = "sip:queue@example.com"
    target = f"<User sipAuthUsername='queue' sipAuthPassword='{SECRET}'>{queue}</User>"
    app.answers("answer", f"<Dial>{target}</Dial>")
    challenge = {"username": "queue", "password": SECRET}
    await plivo.phones({queue: {"challenge": challenge}})
    call = await plivo.call(phones={queue: {"challenge": challenge}})
    await plivo.wait_for("leg.bridged", call)
    body = {
        "sip_auth_password": "another-secret",
        "aleg_url": f"http://u:pass-word@x/{AUTH_TOKEN}?token=abcd",
    }
    await api.post(f"/Call/{call}/", json=body)
    async with httpx.AsyncClient(trust_env=False) as client:
        lines = (await client.get(f"{plivo.base_url}/emulator/log.jsonl")).text
    log = [json.loads(line) for line in lines.splitlines()]
    assert "***" in lines
    assert {"rest", "phones", "xml.step"} <= {event["kind"] for event in log}
    for secret in (SECRET, "another-secret", AUTH_TOKEN, "pass-word", "abcd"):
        assert secret not in lines


async def test_the_log_can_be_waited_on(plivo: LocalPlivo, app: Application) -> None:
    """Events are numbered upwards; a wait ends with the next event or with nothing."""
    app.answers("answer", "<Wait length='60'/>")
    call = await plivo.call()
    await plivo.wait_for("xml.step", call)
    seen = await plivo.events(call)
    last = seen[-1]["seq"]
    assert sorted(event["seq"] for event in seen) == [event["seq"] for event in seen]
    assert [] == await plivo.events(call, after=last, wait_s=0.05)
    await plivo.hang_up(call)
    assert "call.ended" in {e["kind"] for e in await plivo.events(call, after=last, wait_s=5)}


async def test_a_wait_that_fails_says_what_happened_instead(
    plivo: LocalPlivo, app: Application
) -> None:
    """The client's time-out lists the kinds of events there were."""
    app.answers("answer", "<Wait length='60'/>")
    call = await plivo.call()
    await plivo.wait_for("xml.step", call)
    with pytest.raises(TimeoutError, match=r"no leg\.bridged.*call\.answered"):
        await plivo.wait_for("leg.bridged", call, timeout_s=0.1)


async def test_the_caller_speaks_after_the_answer(plivo: LocalPlivo, app: Application) -> None:
    """Lines are logged when they begin; one that would overlap waits for the one before."""
    app.answers("answer", "<Wait length='60'/>")
    says = [{"at": 0, "text": "one", "seconds": 0.3}, {"at": 0.1, "text": "two", "seconds": 0.1}]
    call = await plivo.call(says=says)
    answered = await plivo.wait_for("call.answered", call)
    one = await plivo.wait_for("caller.says", call, text="one")
    two = await plivo.wait_for("caller.says", call, text="two")
    assert 0.0 == pytest.approx(one["at"] - answered["at"], abs=0.1)
    assert 0.3 == pytest.approx(two["at"] - one["at"], abs=0.1)


async def test_speech_takes_as_long_as_it_sounds(plivo: LocalPlivo, app: Application) -> None:
    """Speak is heard to its end, in real time, before the next element."""
    app.answers("answer", "<Speak>Good morning.</Speak>", "<Wait length='60'/>")
    call = await plivo.call()
    heard = await plivo.wait_for("heard.ended", call, source="speak")
    events = {
        event["element"]: event["at"]
        for event in await plivo.events(call)
        if event["kind"] == "xml.step"
    }
    await plivo.wait_for("xml.step", call, element="Wait")
    assert "Good morning." == heard["text"]
    assert heard["ms"] > 400
    assert heard["at"] - events["Speak"] >= heard["ms"] / 1000 - 0.05


async def test_the_caller_can_say_more_later(plivo: LocalPlivo, app: Application) -> None:
    """Lines that come during the call count from the moment they come."""
    app.answers("answer", "<Wait length='60'/>")
    call = await plivo.call()
    with pytest.raises(EmulatorError, match="404"):
        await plivo.say("no-such-call", [{"at": 0, "text": "hello"}])
    await plivo.wait_for("call.answered", call)
    before = (await plivo.events(call))[-1]["at"]
    await plivo.say(call, [{"at": 0.1, "text": "one more thing", "seconds": 0.2}])
    said = await plivo.wait_for("caller.says", call)
    assert ("one more thing", True) == (said["text"], 0.1 <= said["at"] - before < 1)


async def test_a_sound_file_is_heard(plivo: LocalPlivo, app: Application) -> None:
    """As long as it is, as often as `loop` says."""
    app.sounds["tone.wav"] = audio.write_wav(audio.tone(0.2))
    app.answers("answer", f"<Play loop='2'>{app.url('tone.wav')}</Play>", "<Wait length='60'/>")
    call = await plivo.call()
    heard = await plivo.wait_for("heard.ended", call, source="play")
    assert (400, app.url("tone.wav")) == (heard["ms"], heard["text"])


async def test_a_broken_sound_file_is_passed_over(plivo: LocalPlivo, app: Application) -> None:
    """What is no WAV file is logged and takes no time."""
    app.says("noise.mp3", "ID3", media_type="audio/mpeg")
    app.answers("answer", f"<Play>{app.url('noise.mp3')}</Play>", "<Wait length='60'/>")
    call = await plivo.call()
    assert "not a WAV" in (await plivo.wait_for("play.unreadable", call))["reason"]
    await plivo.wait_for("xml.step", call, element="Wait")


async def test_forgetting_ends_calls_and_empties_the_log(
    plivo: LocalPlivo, app: Application
) -> None:
    """Numbers of events go on, so that nobody who follows the log misses one."""
    app.answers("answer", "<Wait length='60'/>")
    call = await plivo.call()
    last = (await plivo.wait_for("xml.step", call))["seq"]
    await plivo.forget()
    assert [] == await plivo.events()
    with pytest.raises(EmulatorError, match="404"):
        await plivo.summary(call)
    await plivo.application("http://127.0.0.1:1/answer")
    assert (await plivo.events())[0]["seq"] > last


async def test_a_forgotten_call_tells_nobody_anything(plivo: LocalPlivo, app: Application) -> None:
    """The application of the next test must not hear of the last one's Dial."""
    action = app.answers("action", "<Hangup/>")
    app.answers("answer", f"<Dial action='{action}'><User>sip:queue@example.com</User></Dial>")
    app.answers("second", "<Hangup/>")
    await plivo.phones({"*": {"answers_after_s": None}})
    await plivo.wait_for("leg.ringing", await plivo.call())
    await plivo.forget()
    call = await plivo.call(answer_url=app.url("second"))
    await plivo.wait_for("call.ended", call)
    assert ([], []) == (app.requests("action"), app.requests("hangup"))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("application", {"answer_url": "not a url"}),
        ("application", {"answer_url": "http://x/y", "anwser_method": "GET"}),
        ("phones", {"*": {"bussy": True}}),
        ("phones", {"*": {"presses": "x"}}),
        ("calls", {"from": "me", "to": "14155550100"}),
        ("calls", {"from": "14155550123", "to": "14155550100", "says": [{"text": "hi"}]}),
        ("faults", [{"match": {"kind": "sip"}, "do": "drop"}]),
    ],
)
async def test_a_wrong_control_request_is_refused(
    plivo: LocalPlivo, app: Application, path: str, body: Any
) -> None:
    """422 with the reason: a misspelt field must not pass for a default."""
    async with httpx.AsyncClient(trust_env=False) as client:
        reply = await client.post(f"{plivo.base_url}/emulator/{path}", json=body)
    assert (422, True) == (reply.status_code, bool(reply.json()["error"]))


async def test_a_call_needs_an_application(plivo: LocalPlivo) -> None:
    """Nobody owns the number, so nobody can answer."""
    with pytest.raises(EmulatorError, match="409"):
        await plivo.call()


async def test_what_is_asked_of_a_finished_call_is_not_found(
    plivo: LocalPlivo, app: Application
) -> None:
    """Hanging up, pressing keys or breaking the stream needs a live call."""
    app.answers("answer", "<Hangup/>")
    call = await plivo.call()
    await plivo.wait_for("call.ended", call)
    for ask in (plivo.hang_up(call), plivo.press(call, "1"), plivo.drop_stream(call)):
        with pytest.raises(EmulatorError, match="404"):
            await ask


async def test_somebody_does_at_a_telephone_what_its_script_does_not(
    plivo: LocalPlivo, app: Application
) -> None:
    """He picks up one that nobody would answer, hangs up, and rejects the next call."""
    app.answers("answer", f"<Dial><User>{QUEUE}</User></Dial><Wait length='60'/>")
    await plivo.phones({QUEUE: {"answers_after_s": None}})
    call = await plivo.call()
    await plivo.wait_for("leg.ringing", call)
    await plivo.hand(QUEUE, "pick_up")
    await plivo.wait_for("leg.bridged", call)
    await plivo.hand(QUEUE, "put_down")
    await plivo.wait_for("leg.ended", call, code=4000)
    again = await plivo.call()
    await plivo.wait_for("leg.ringing", again)
    await plivo.hand(QUEUE, "put_down")
    await plivo.wait_for("leg.ended", again, code=3110)
    with pytest.raises(EmulatorError, match="nobody calls this telephone"):
        await plivo.hand(QUEUE, "pick_up")
