"""The sound the emulator makes and measures."""

from __future__ import annotations

from array import array

import pytest

from escalate.emulator import audio, speech
from escalate.emulator.ear import Ear
from escalate.emulator.playout import Buffer


@pytest.mark.parametrize(
    ("sample", "code"), [(0, 0xFF), (32767, 0x80), (-32768, 0x00), (8, 0xFE), (-9, 0x7E)]
)
def test_mu_law_is_that_of_g711(sample: int, code: int) -> None:
    """The codes of silence, of full scale and of the smallest steps."""
    assert bytes([code]) == audio.encode(array("h", [sample]))


def test_every_code_survives_a_round_trip() -> None:
    """Decoding and encoding again changes nothing but the second zero."""
    codes = bytes(code for code in range(256) if code != 0x7F)
    assert codes == audio.encode(audio.decode(codes))


@pytest.mark.parametrize("rate", [8000, 16000, 24000])
def test_linear_audio_keeps_its_length(rate: int) -> None:
    """There and back again at every rate is as long and as loud as before."""
    tone = audio.tone(0.1)
    linear = audio.to_l16(tone, rate)
    back = audio.from_l16(linear, rate)
    assert (0.1 * rate * 2, len(tone)) == (len(linear), len(back))
    assert max(audio.decode(tone)) == pytest.approx(max(audio.decode(back)), rel=0.1)


def test_wav_files_are_read_and_written() -> None:
    """What is no 16-bit mono WAV file is a ValueError."""
    tone = audio.tone(0.1)
    assert tone == audio.read_wav(audio.write_wav(tone))
    with pytest.raises(ValueError, match="not a WAV"):
        audio.read_wav(b"RIFF")


def test_tone_bursts_stand_in_for_speech() -> None:
    """One audible burst a word, with a pause after it."""
    frames = audio.frames(speech.bursts("two words"))
    audible = "".join("x" if audio.is_audible(frame) else "." for frame in frames)
    assert 2 == len([burst for burst in audible.split(".") if burst])


def test_an_ear_hears_one_span_in_spite_of_short_pauses() -> None:
    """Half a second of silence does not end what the bot says, a second does."""
    events: list[tuple[str, object]] = []
    ear = Ear(lambda kind, **fields: events.append((kind, fields.get("ms"))), 0.0)
    loud, quiet = audio.tone(0.02), audio.SILENT_FRAME
    script = [loud] * 10 + [quiet] * 25 + [loud] * 10 + [quiet] * 50
    for index, frame in enumerate(script):
        ear.hear("bot", frame, index * 0.02)
    assert [("heard.started", None), ("heard.ended", 900)] == events


def test_sounds_heard_at_once_are_mixed() -> None:
    """Two tones at the same time are louder than one in the recording."""
    ear = Ear(lambda *_, **__: None, 0.0)
    tone = audio.tone(0.02)
    ear.hear("bot", tone, 0.0)
    ear.hear("speak", tone, 0.0)
    both = audio.decode(audio.read_wav(ear.wav()))
    assert 2 * max(audio.decode(tone)) == pytest.approx(max(both), rel=0.05)
    assert len(tone) == len(both)


def test_the_buffer_is_played_in_order_and_has_an_end() -> None:
    """Frames, checkpoints after the audio before them, and no more than a minute."""
    buffer = Buffer()
    buffer.mark("first")
    assert buffer.add(bytes(100))
    buffer.mark("second")
    assert buffer.add(bytes(100))
    assert ((["first"], 160), (["second"], 40), ([], 0)) == tuple(
        (reached, len(frame)) for reached, frame in (buffer.take() for _ in range(3))
    )
    assert not buffer.add(bytes(60 * audio.RATE + 1))
