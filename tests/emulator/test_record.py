"""Record, and the small elements: sound before the answer, and keys."""

from __future__ import annotations

import httpx
import pytest

from escalate.emulator import audio
from escalate.emulator.client import LocalPlivo

from .harness import Application, kinds

WAIT = "<Wait length='60'/>"


def record(app: Application, **attributes: str) -> str:
    """Return a Record element without a beep; its action answers with a wait."""
    given = {"action": app.answers("action", WAIT), "playBeep": "false", **attributes}
    written = "".join(f' {key}="{value}"' for key, value in given.items())
    return f"<Record{written}/>"


async def fetched(url: str) -> bytes:
    """Return the sound of a file, as mu-law."""
    async with httpx.AsyncClient(trust_env=False) as client:
        reply = await client.get(url)
    assert (200, "audio/wav") == (reply.status_code, reply.headers["content-type"])
    return audio.read_wav(reply.content)


async def test_a_message_is_kept_until_a_key_finishes_it(
    plivo: LocalPlivo, app: Application
) -> None:
    """The file holds what the caller said, and action and callback are told where it is."""
    app.answers("answer", record(app, callbackUrl=app.says("kept", "")))
    call = await plivo.call()
    await plivo.wait_for("record.started", call)
    lines = [("Call me back", 0.4), ("Bye", 0.1)]
    await plivo.say(call, [{"at": 0, "text": text, "seconds": s} for text, s in lines])
    await plivo.wait_for("caller.says", call, text="Bye")
    await plivo.press(call, "5#")
    told, kept = (await app.request("action")).params, (await app.request("kept")).params
    sound = await fetched(told["RecordUrl"])
    assert ("5#", told["RecordingID"]) == (told["Digits"], kept["RecordingID"])
    assert int(told["RecordingDurationMs"]) == audio.milliseconds(len(sound))
    assert int(told["RecordingDurationMs"]) == int(told["RecordingEndMs"]) - int(
        told["RecordingStartMs"]
    )
    assert any(audio.is_audible(frame) for frame in audio.frames(sound))


@pytest.mark.parametrize(
    ("attributes", "why"), [({"timeout": "1"}, "silence"), ({"maxLength": "1"}, "max length")]
)
async def test_silence_or_length_ends_a_message(
    plivo: LocalPlivo, app: Application, attributes: dict[str, str], why: str
) -> None:
    """Then the caller's document goes on where the action leads."""
    app.answers("answer", record(app, **attributes))
    call = await plivo.call()
    assert why == (await plivo.wait_for("record.ended", call))["why"]
    assert "1" == (await app.request("action")).params["RecordingDuration"]
    await plivo.wait_for("xml.step", call, element="Wait")


async def test_silence_counts_from_the_last_word(plivo: LocalPlivo, app: Application) -> None:
    """Whoever speaks is not cut off."""
    app.answers("answer", record(app, timeout="1"))
    await plivo.call(says=[{"at": 0, "text": "Please call me back", "seconds": 0.8}])
    lasted_ms = int((await app.request("action")).params["RecordingDurationMs"])
    assert 1500 < lasted_ms < 2100


async def test_who_hangs_up_leaves_his_message(plivo: LocalPlivo, app: Application) -> None:
    """A completed voicemail mostly ends this way."""
    app.answers("answer", record(app, playBeep="true"))
    call = await plivo.call()
    await plivo.wait_for("record.started", call)
    await plivo.say(call, [{"at": 0, "text": "Hello", "seconds": 0.2}])
    await plivo.wait_for("caller.says", call)
    await plivo.hang_up(call)
    told = (await app.request("action")).params
    ended = await plivo.wait_for("record.ended", call)
    assert ("completed", "hung up") == (told["CallStatus"], ended["why"])
    assert told["RecordUrl"] == ended["url"]
    assert ["play"] == [
        event["source"] for event in await plivo.events(call) if event["kind"] == "heard.started"
    ]


async def test_who_is_transferred_leaves_it_to_the_callback(
    plivo: LocalPlivo, app: Application, api: httpx.AsyncClient
) -> None:
    """The action is not asked: another document has taken its place."""
    app.answers("answer", record(app, callbackUrl=app.says("kept", "")))
    call = await plivo.call()
    await plivo.wait_for("record.started", call)
    await api.post(f"/Call/{call}/", json={"aleg_url": app.answers("moved", WAIT)})
    await app.request("moved")
    assert "RecordUrl" in (await app.request("kept")).params
    assert ("transferred", []) == (
        (await plivo.wait_for("record.ended", call))["why"],
        app.requests("action"),
    )


async def test_a_session_is_recorded_beside_the_document(
    plivo: LocalPlivo, app: Application
) -> None:
    """The action hears at once that it goes on; the callback gets both sides in the end."""
    element = record(app, recordSession="true", redirect="false", callbackUrl=app.says("kept", ""))
    app.answers("answer", element, "<Speak>One moment</Speak>")
    call = await plivo.call()
    told, kept = (await app.request("action")).params, (await app.request("kept")).params
    assert {"-1"} == {told[key] for key in ("RecordingDuration", "RecordingDurationMs")}
    sound = await fetched(kept["RecordUrl"])
    assert int(kept["RecordingDurationMs"]) == audio.milliseconds(len(sound)) > 0
    assert any(audio.is_audible(frame) for frame in audio.frames(sound))
    await plivo.wait_for("call.ended", call)


async def test_sound_before_the_answer(plivo: LocalPlivo, app: Application) -> None:
    """PreAnswer is heard while the call still rings."""
    app.answers("answer", "<PreAnswer><Speak>One moment</Speak></PreAnswer>", WAIT)
    call = await plivo.call()
    await plivo.wait_for("xml.step", call, element="Wait")
    order = ("heard.started", "heard.ended", "call.answered")
    assert list(order) == kinds(await plivo.events(call), *order)


async def test_keys_are_played_to_the_caller(plivo: LocalPlivo, app: Application) -> None:
    """One after the other, with pauses where `w` stands, unless async."""
    app.answers("answer", "<DTMF>1w2</DTMF>", "<DTMF async='true'>3WWWW4</DTMF>", WAIT)
    call = await plivo.call()
    await plivo.wait_for("xml.step", call, element="Wait")
    await plivo.wait_for("heard.digits", call, digits="3")
    heard = [event for event in await plivo.events(call) if event["kind"] == "heard.digits"]
    assert ["1", "2", "3"] == [event["digits"] for event in heard]
    assert 0.6 < heard[1]["at"] - heard[0]["at"] < 1.2
