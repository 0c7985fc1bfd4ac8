"""Ears, mind and voice of the LiveKit examples: real services, or stand-ins without keys."""

from __future__ import annotations

import logging
import os
from typing import Any

from livekit.agents import llm, stt, tts

from escalate.demo.livekit_services import ScriptedLLM, ScriptedSTT, SpokenTTS
from escalate.demo.transcripts import script_from_env

PERSONA = (
    "You answer the orders line of the Corner Bookshop. Your words are spoken on the telephone: "
    "one or two short sentences, no lists, no emoji. When the caller has nothing more to ask, "
    "say goodbye and call end_call."
)

KEYS = ("DEEPGRAM_API_KEY", "OPENAI_API_KEY", "CARTESIA_API_KEY")
MISSING = [key for key in KEYS if not os.environ.get(key)]
SCRIPT = script_from_env()

if MISSING:
    logging.warning("stand-in services: %s not set", ", ".join(MISSING))


def services() -> tuple[stt.STT[Any], llm.LLM[Any], tts.TTS[Any]]:
    """Make the three services of one call."""
    if MISSING:
        return ScriptedSTT(script=SCRIPT), ScriptedLLM(), SpokenTTS()

    from livekit.plugins import cartesia, deepgram, openai

    # Flux says itself when the caller has ended his turn.
    ears = deepgram.STTv2(model="flux-general-en")
    return ears, openai.LLM(model="gpt-4.1-mini"), cartesia.TTS()
