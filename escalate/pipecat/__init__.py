"""The adapter for Pipecat: two processors and a tool, and no policy.

call = board.call(call_uuid)
watch = EscalationProcessor(call, transport=transport)
tools = [watch.transfer_to_human]
pipeline = Pipeline([transport.input(), stt, watch, user_aggregator, watch.gate, llm, ...])
"""

from escalate.pipecat.gate import EscalationGate
from escalate.pipecat.processor import EscalationProcessor

__all__ = ["EscalationGate", "EscalationProcessor"]
