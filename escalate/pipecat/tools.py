"""The model's own way to ask for a human: one tool, in each of the forms Pipecat takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pipecat.frames.frames import FunctionCallResultProperties
from pipecat.services.llm_service import FunctionCallParams

from escalate.live_call import LiveCall
from escalate.values import Trigger

Tool = Callable[..., Awaitable[None]]
FlowTool = Callable[..., Awaitable[tuple[dict[str, str], Any]]]


def tool_for(call: LiveCall) -> Tool:
    """Return the function for an `LLMContext`, described with the destinations it may name."""

    async def transfer_to_human(
        params: FunctionCallParams, reason: str, destination: str = ""
    ) -> None:
        status = _status(call)
        try:
            # The announcement is ours to make, so the model is not run on this result.
            await params.result_callback(
                {"status": status}, properties=FunctionCallResultProperties(run_llm=False)
            )
        finally:
            # The caller may talk on and so cancel this function, but not his transfer.
            _request(call, destination)

    transfer_to_human.__doc__ = _description(call)
    return transfer_to_human


def flow_tool_for(call: LiveCall) -> FlowTool:
    """Return the same for the `global_functions` of a Flow; the flow stays on its node."""

    async def transfer_to_human(
        flow_manager: Any, reason: str, destination: str = ""
    ) -> tuple[dict[str, str], Any]:
        # Here, where it has been imported already: a bot without a Flow does without.
        from pipecat.flows import NO_RESPONSE

        status = _status(call)
        _request(call, destination)
        return {"status": status}, NO_RESPONSE

    transfer_to_human.__doc__ = _description(call)
    return transfer_to_human


def _status(call: LiveCall) -> str:
    return "already connecting" if call.is_escalating else "connecting"


def _request(call: LiveCall, destination: str) -> None:
    call.request(Trigger.TOOL, "transfer_to_human", to=destination or None)


def _description(call: LiveCall) -> str:
    """What the model is told, in the form from which Pipecat makes a schema."""
    return f"""Hand the caller over to a human colleague, by telephone.

    Call this when the caller asks for a person, or when you cannot help him any further. Do not
    call it because he mentions a person, and do not announce it: the caller is told.

    Args:
        reason: What the caller needs, in one short sentence.
        destination: Whom to try first, if it matters. One of: {", ".join(call.destinations)}.
    """
