"""What goes over the media WebSocket, and what the caller hears of it."""

from __future__ import annotations

import base64
import io
import wave
from itertools import pairwise

import pytest

from escalate.emulator import audio
from escalate.emulator.client import LocalPlivo

from .harness import AUTH_ID, Application, Bot, Line


@pytest.fixture
def keep(bot: Bot, app: Application) -> str:
    """The answer: a bidirectional stream that holds the document, then a long wait."""
    app.answers("answer", bot.stream(keepCallAlive="true"), "<Wait length='60'/>")
    return "keepCallAlive"


async def begin(plivo: LocalPlivo, bot: Bot, *says: dict[str, object]) -> tuple[str, Line]:
    """Make a call and return it with the line it opens."""
    call = await plivo.call(says=says)
    return call, await bot.line()


@pytest.mark.usefixtures("keep")
async def test_the_start_event_has_plivos_keys(plivo: LocalPlivo, bot: Bot) -> None:
    """Call, stream and account ids stand where Plivo's reference puts them."""
    call, line = await begin(plivo, bot)
    opened = await plivo.wait_for("stream.opened", call)
    assert {
        "event": "start",
        "sequenceNumber": 0,
        "start": {
            "callId": call,
            "streamId": opened["stream_id"],
            "accountId": AUTH_ID,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000},
        },
        "extra_headers": "{}",
    } == line.start


@pytest.mark.usefixtures("keep")
async def test_the_upgrade_is_signed(plivo: LocalPlivo, bot: Bot) -> None:
    """The request carries a V3 signature that verifies for the socket's URL."""
    _, line = await begin(plivo, bot)
    assert line.signed


@pytest.mark.usefixtures("keep")
async def test_the_caller_is_heard_in_frames_of_20_ms(plivo: LocalPlivo, bot: Bot) -> None:
    """Frames come numbered, 160 bytes each, silent until the caller speaks."""
    call, line = await begin(plivo, bot, {"at": 0.2, "text": "hello there", "seconds": 0.6})
    await line.next("media", 50)
    media = [m["media"] for m in line.messages if m["event"] == "media"]
    frames = [base64.b64decode(frame["payload"]) for frame in media]
    assert {160} == {len(frame) for frame in frames}
    assert list(range(1, len(media) + 1)) == [frame["chunk"] for frame in media]
    audible = [index for index, frame in enumerate(frames) if audio.is_audible(frame)]
    assert 8 <= audible[0] <= 20
    assert "hello there" == (await plivo.wait_for("caller.says", call))["text"]


@pytest.mark.usefixtures("keep")
async def test_frames_keep_time(plivo: LocalPlivo, bot: Bot) -> None:
    """A second of audio takes a second, however late single frames may be."""
    _, line = await begin(plivo, bot)
    last = await line.next("media", 51)
    first = await line.next("media", 1)
    lasted = int(last["media"]["timestamp"]) - int(first["media"]["timestamp"])
    assert 930 <= lasted <= 1150


@pytest.mark.usefixtures("keep")
async def test_a_checkpoint_is_reported_when_the_audio_before_it_was_played(
    plivo: LocalPlivo, bot: Bot
) -> None:
    """A playedStream comes after 300 ms of sound, which the caller has then heard."""
    call, line = await begin(plivo, bot)
    await line.play(0.3)
    await line.send({"event": "checkpoint", "streamId": "x", "name": "end"})
    played = await line.next("playedStream")
    assert "end" == played["name"]
    await line.hang_up()
    heard = await plivo.wait_for("heard.ended", call, source="bot")
    closed = await plivo.wait_for("stream.closed", call)
    assert (300, 0) == (heard["ms"], closed["unplayed_ms"])


@pytest.mark.usefixtures("keep")
async def test_what_a_closed_socket_cuts_off_is_counted(plivo: LocalPlivo, bot: Bot) -> None:
    """Heard and unplayed milliseconds add up to what the bot sent."""
    call, line = await begin(plivo, bot)
    await line.play(3)
    started = await plivo.wait_for("heard.started", call, source="bot")
    await line.next("media", 15)
    await line.hang_up()
    closed = await plivo.wait_for("stream.closed", call, by="app")
    heard = await plivo.wait_for("heard.ended", call, after=started["seq"])
    assert 3000 == pytest.approx(heard["ms"] + closed["unplayed_ms"], abs=1)
    assert closed["unplayed_ms"] > 2000


@pytest.mark.usefixtures("keep")
async def test_cleared_audio_is_not_heard(plivo: LocalPlivo, bot: Bot) -> None:
    """A clearAudio empties the buffer, is counted and confirmed; checkpoints in it are lost."""
    call, line = await begin(plivo, bot)
    await line.play(2)
    await line.send({"event": "checkpoint", "name": "never"})
    await plivo.wait_for("heard.started", call, source="bot")
    await line.send({"event": "clearAudio", "streamId": "x"})
    await line.next("clearedAudio")
    await line.send({"event": "checkpoint", "name": "after"})
    played = await line.next("playedStream")
    cleared = await plivo.wait_for("stream.cleared", call)
    assert "after" == played["name"]
    assert 1000 < cleared["dropped_ms"] <= 2000


@pytest.mark.usefixtures("keep")
async def test_keys_of_the_caller_are_events(plivo: LocalPlivo, bot: Bot) -> None:
    """Each key is one dtmf event, in order."""
    call, line = await begin(plivo, bot)
    await plivo.press(call, "5#")
    digits = [(await line.next("dtmf", nth))["dtmf"]["digit"] for nth in (1, 2)]
    assert ["5", "#"] == digits


@pytest.mark.usefixtures("keep")
@pytest.mark.parametrize(
    "message",
    [
        "not json",
        "[]",
        '{"event": "dance"}',
        '{"event": "checkpoint"}',
        '{"event": "playAudio"}',
        '{"event": "playAudio", "media": {"contentType": "audio/x-mulaw;rate=8000",'
        ' "sampleRate": 8000, "payload": "AAAA"}}',
        '{"event": "playAudio", "media": {"contentType": "audio/x-mulaw",'
        ' "sampleRate": 8000, "payload": "not base64"}}',
    ],
)
async def test_messages_plivo_cannot_read_are_ignored_and_logged(
    plivo: LocalPlivo, bot: Bot, message: str
) -> None:
    """A bad message changes nothing, and the log says what was wrong with it."""
    call, line = await begin(plivo, bot)
    await line.send(message)
    assert (await plivo.wait_for("stream.ignored", call))["reason"]
    assert (await plivo.summary(call))["streaming"]


async def test_a_one_way_stream_plays_nothing(
    plivo: LocalPlivo, app: Application, bot: Bot
) -> None:
    """Without bidirectional, playAudio is ignored."""
    app.answers("answer", bot.stream(keepCallAlive="true", bidirectional="false"))
    call, line = await begin(plivo, bot)
    await line.play(0.1)
    assert "bidirectional" in (await plivo.wait_for("stream.ignored", call))["reason"]


@pytest.mark.parametrize("rate", [8000, 16000, 24000])
async def test_linear_audio_has_the_rate_that_was_asked_for(
    plivo: LocalPlivo, app: Application, bot: Bot, rate: int
) -> None:
    """20 ms of 16-bit samples per frame, and the start event says so."""
    app.answers("answer", bot.stream(keepCallAlive="true", contentType=f"audio/x-l16;rate={rate}"))
    _, line = await begin(plivo, bot)
    payload = base64.b64decode((await line.next("media"))["media"]["payload"])
    assert {"encoding": "audio/x-l16", "sampleRate": rate} == line.start["start"]["mediaFormat"]
    assert rate * 2 // 50 == len(payload)


async def test_status_callbacks_tell_start_and_stop(
    plivo: LocalPlivo, app: Application, bot: Bot
) -> None:
    """Both are signed, and name call and stream."""
    status = app.says("status", "")
    app.answers("answer", bot.stream(keepCallAlive="true", statusCallbackUrl=status))
    call, line = await begin(plivo, bot)
    await line.hang_up()
    told = [await app.request("status", nth) for nth in (1, 2)]
    assert ["StartStream", "StopStream"] == [request.params["Event"] for request in told]
    assert {(call, line.start["start"]["streamId"], True)} == {
        (request.params["CallUUID"], request.params["StreamID"], request.signed) for request in told
    }


async def test_extra_headers_come_with_the_start(
    plivo: LocalPlivo, app: Application, bot: Bot
) -> None:
    """They are a JSON object in a string."""
    app.answers("answer", bot.stream(keepCallAlive="true", extraHeaders="tier=gold,lang=en"))
    _, line = await begin(plivo, bot)
    assert '{"tier": "gold", "lang": "en"}' == line.start["extra_headers"]


@pytest.mark.usefixtures("keep")
async def test_the_recording_has_the_sound_where_the_caller_heard_it(
    plivo: LocalPlivo, bot: Bot
) -> None:
    """heard.wav is as long as the call, with half a second of tone in it."""
    call, line = await begin(plivo, bot)
    await line.next("media", 10)
    await line.play(0.5)
    await plivo.wait_for("heard.ended", call, source="bot")
    with wave.open(io.BytesIO(await plivo.heard(call))) as file:
        sound = audio.read_wav(await plivo.heard(call))
        assert (8000, 1) == (file.getframerate(), file.getnchannels())
    audible = [at for at, frame in enumerate(audio.frames(sound)) if audio.is_audible(frame)]
    assert 25 <= len(audible) <= 27
    assert {1} == {b - a for a, b in pairwise(audible)}
    assert audible[0] >= 9


async def test_a_call_that_ends_closes_the_socket(
    plivo: LocalPlivo, app: Application, bot: Bot
) -> None:
    """When the caller hangs up, the stream is closed on his behalf."""
    app.answers("answer", bot.stream(keepCallAlive="true"))
    call, line = await begin(plivo, bot)
    await plivo.hang_up(call)
    await line.closed.wait()
    assert "caller" == (await plivo.wait_for("stream.closed", call))["by"]
    ended = await plivo.wait_for("call.ended", call)
    assert (4000, "Caller") == (ended["code"], ended["source"])


@pytest.mark.usefixtures("keep")
async def test_a_socket_is_broken_on_demand(plivo: LocalPlivo, bot: Bot) -> None:
    """drop-stream leaves the bot without a closing handshake."""
    call, line = await begin(plivo, bot)
    await plivo.drop_stream(call)
    await line.closed.wait()
    assert line.socket.protocol.close_rcvd is None
    assert "abort" == (await plivo.wait_for("stream.closed", call))["by"]
