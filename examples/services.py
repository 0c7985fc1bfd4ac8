"""Ears, mind and voice of the example bots: real services, or stand-ins when keys are missing."""

from __future__ import annotations

import os
from typing import Any

from loguru import logger
from pipecat.services.llm_service import LLMService
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService

from escalate.demo.services import ScriptedLLM, ScriptedSTT, SpokenTTS
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
    logger.warning("stand-in services: {} not set", ", ".join(MISSING))


def services() -> tuple[STTService, LLMService[Any], TTSService]:
    """Make the three services of one call."""
    if MISSING:
        return ScriptedSTT(script=SCRIPT), ScriptedLLM(), SpokenTTS()

    from pipecat.services.cartesia.tts import CartesiaTTSService
    from pipecat.services.deepgram.flux.stt import DeepgramFluxSTTService
    from pipecat.services.openai.llm import OpenAILLMService

    stt = DeepgramFluxSTTService(api_key=os.environ["DEEPGRAM_API_KEY"])
    llm = OpenAILLMService(
        api_key=os.environ["OPENAI_API_KEY"],
        settings=OpenAILLMService.Settings(model="gpt-4.1-mini", system_instruction=PERSONA),
    )
    tts = CartesiaTTSService(
        api_key=os.environ["CARTESIA_API_KEY"],
        settings=CartesiaTTSService.Settings(voice="71a7ad14-091c-4e8e-a314-022ece01c121"),
    )
    return stt, llm, tts
