"""The example with the services of providers, as far as they go without a network."""

from __future__ import annotations

import runpy
from typing import Any

import pytest
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_transport import TransportParams

from escalate.demo.stage import examples
from escalate.pipecat import EscalationProcessor
from escalate.pipecat.layout import check_as_set_up

from .bench import Desk, transport_without_a_socket

KEYS = ("DEEPGRAM_API_KEY", "OPENAI_API_KEY", "CARTESIA_API_KEY")


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the example makes when the keys are set."""
    for key in KEYS:
        monkeypatch.setenv(key, "none")
    return list(runpy.run_path(str(examples() / "services.py"))["services"]())


def test_with_keys_the_example_has_real_services_in_the_same_places(
    closed_desk: Desk, services: list[Any]
) -> None:
    """They stand in the order of the example, and the watch finds what it looks for in them."""
    stt, llm, tts = services
    watch = EscalationProcessor(
        closed_desk.board.call("nobody"), transport=transport_without_a_socket()
    )
    user, assistant = LLMContextAggregatorPair(LLMContext())
    ear = BaseInputTransport(TransportParams())
    pipeline = Pipeline([ear, stt, watch, user, watch.gate, llm, tts, assistant])

    assert not check_as_set_up(pipeline, watch, watch.gate)
    makers = [type(one).__module__.split(".")[2] for one in services]
    assert ["deepgram", "openai", "cartesia"] == makers


async def test_a_provider_is_offered_the_tool_in_its_own_form(
    closed_desk: Desk, services: list[Any]
) -> None:
    """With a description, what it must give, and the destinations it may name."""
    _, llm, _ = services
    transport = transport_without_a_socket()
    watch = EscalationProcessor(closed_desk.board.call("nobody"), transport=transport)
    context = LLMContext(tools=[watch.transfer_to_human])
    (tool,) = llm.get_llm_adapter().from_standard_tools(context.tools)

    function = tool["function"]
    assert "transfer_to_human" == function["name"]
    assert function["description"].startswith("Hand the caller over to a human colleague")
    assert ["reason"] == function["parameters"]["required"]
    assert "One of: support." in function["parameters"]["properties"]["destination"]["description"]
