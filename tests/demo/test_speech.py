from __future__ import annotations

import asyncio
import os
import shutil
import signal
from pathlib import Path

import pytest

pytest.importorskip("numpy", reason="both frameworks bring it along")

import numpy as np

from escalate.demo.speech import speak, tones

SENTENCE = "Your parcel left our warehouse yesterday."

with_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs espeak-ng")


def seconds(pcm: bytes, sample_rate: int) -> float:
    return len(pcm) / 2 / sample_rate


def loudness(pcm: bytes) -> float:
    return float(np.abs(np.frombuffer(pcm, dtype="<i2")).mean())


def replace_espeak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a program of ours where espeak-ng is looked for."""
    program = tmp_path / "espeak-ng"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)


@with_espeak
@pytest.mark.parametrize("sample_rate", [8000, 16000, 24000])
async def test_speech_is_audible_and_as_long_at_every_rate(sample_rate: int) -> None:
    """Six words take about two seconds, whatever rate the pipeline runs at."""
    pcm = await speak(SENTENCE, sample_rate)

    assert 1.3 < seconds(pcm, sample_rate) < 3.0
    assert loudness(pcm) > 500


@with_espeak
async def test_text_that_looks_like_an_option_is_spoken() -> None:
    """Words reach the synthesiser as words: nothing a caller or model says is a command."""
    assert loudness(await speak("--help", 8000)) > 500


async def test_without_espeak_tones_last_as_long_as_the_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without espeak-ng hears one tone per word."""
    monkeypatch.setenv("PATH", str(tmp_path))

    pcm = await speak(SENTENCE, 8000)

    assert tones(SENTENCE, 8000) == pcm
    assert seconds(pcm, 8000) == pytest.approx(6 * 60 / 170, abs=0.01)
    assert loudness(pcm) > 500


async def test_an_espeak_that_fails_is_replaced_by_tones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A synthesiser that says nothing does not make the bot mute."""
    replace_espeak(tmp_path, monkeypatch, "exit 1")

    assert tones(SENTENCE, 8000) == await speak(SENTENCE, 8000)


async def test_an_interrupted_synthesis_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the caller talks over the bot, the synthesiser ends with the task that waits for it."""
    started = tmp_path / "pid"
    os.mkfifo(started)
    replace_espeak(tmp_path, monkeypatch, f"echo $$ > {started}; exec sleep 30")

    speaking = asyncio.create_task(speak(SENTENCE, 8000))
    pid = int(await asyncio.to_thread(started.read_text))
    speaking.cancel()
    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await speaking

    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)


def test_even_no_words_are_audible() -> None:
    """A tone stands for text without a word in it, so that silence always means a fault."""
    assert seconds(tones("", 8000), 8000) == pytest.approx(60 / 170, abs=0.01)
