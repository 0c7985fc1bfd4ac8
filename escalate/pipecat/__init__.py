"""The adapter for Pipecat: two processors and a tool, and no policy.

call = board.call(call_uuid)
watch = EscalationProcessor(call, transport=transport)
tools = [watch.transfer_to_human]
pipeline = Pipeline([transport.input(), stt, watch, user_aggregator, watch.gate, llm, ...])

With a speech-to-speech model, whose transcripts pass no recogniser, and a TTS service to speak what
is ours to say:

pipeline = Pipeline([transport.input(), user_aggregator, watch.gate, model, watch, tts, ...])
"""

from escalate.pipecat.gate import EscalationGate
from escalate.pipecat.judging import judged_by
from escalate.pipecat.processor import EscalationProcessor

__all__ = ["EscalationGate", "EscalationProcessor", "judged_by"]
