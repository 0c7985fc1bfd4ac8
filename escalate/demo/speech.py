"""Speech without a network: espeak-ng when it is installed, tones otherwise.

Audio is 16-bit signed mono PCM. Tones are not words, but they are audible, and they last as long
as the words would: whoever times a call hears the same call on both kinds of machine.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

logger = logging.getLogger("escalate")

WORDS_PER_MINUTE = 170
SYNTHESIS_TIMEOUT_S = 10.0

# Canonical RIFF header, as espeak-ng writes it: the sample rate stands at byte 24.
_WAV_HEADER_BYTES = 44

# Each word has its own, so that a sentence is no fault on the line and two can be told apart.
_TONES_HZ: Sequence[float] = (330.0, 294.0, 262.0, 247.0)


async def speak(text: str, sample_rate: int) -> bytes:
    """`text` as PCM at `sample_rate`: spoken by espeak-ng, or as tones when it cannot."""
    espeak = shutil.which("espeak-ng")
    if espeak is None:
        return tones(text, sample_rate)
    wav = await _run(espeak, text)
    if len(wav) <= _WAV_HEADER_BYTES:
        logger.warning("espeak-ng said nothing; a tone stands in for %d characters", len(text))
        return tones(text, sample_rate)
    spoken_rate = int.from_bytes(wav[24:28], "little")
    samples = np.frombuffer(wav[_WAV_HEADER_BYTES:], "<i2", len(wav) // 2 - _WAV_HEADER_BYTES // 2)
    return _resampled(samples, spoken_rate, sample_rate).astype("<i2").tobytes()


def _resampled(samples: npt.NDArray[np.int16], rate: int, to_rate: int) -> npt.NDArray[np.float64]:
    """The same sound at another rate; each sample is the average of those it stands for."""
    width = max(1, round(rate / to_rate))
    smooth = np.convolve(samples, np.full(width, 1 / width), "same")
    wanted = np.arange(len(samples) * to_rate // rate) * (rate / to_rate)
    found: npt.NDArray[np.float64] = np.interp(wanted, np.arange(len(samples)), smooth)
    return found


async def _run(espeak: str, text: str) -> bytes:
    """What espeak-ng writes for `text`; nothing when it fails or takes too long."""
    process = await asyncio.create_subprocess_exec(
        espeak,
        "-v",
        "en-us",
        "-s",
        str(WORDS_PER_MINUTE),
        "--stdin",
        "--stdout",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        wav, _ = await asyncio.wait_for(process.communicate(text.encode()), SYNTHESIS_TIMEOUT_S)
        return wav
    except TimeoutError:
        return b""
    finally:
        # An interrupted bot cancels the synthesis; the process must not outlive it.
        if process.returncode is None:
            process.kill()
            await process.wait()


def tones(text: str, sample_rate: int) -> bytes:
    """One short tone per word, at speaking pace; the same word always sounds the same."""
    length = round(sample_rate * 60 / WORDS_PER_MINUTE)
    pitches = [sum(word.encode()) % len(_TONES_HZ) for word in text.split() or [""]]
    melody = [_tone(_TONES_HZ[pitch], length, sample_rate) for pitch in pitches]
    return np.concatenate(melody).astype("<i2").tobytes()


def _tone(hertz: float, length: int, sample_rate: int) -> npt.NDArray[np.float64]:
    """A tone that fades in and out, with the last quarter of `length` silent."""
    sounding = length * 3 // 4
    time_s = np.arange(sounding) / sample_rate
    envelope = np.minimum(1.0, np.minimum(time_s, time_s[::-1]) / 0.02)
    return np.pad(6000.0 * np.sin(2 * np.pi * hertz * time_s) * envelope, (0, length - sounding))
