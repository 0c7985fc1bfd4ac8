"""One of Pipecat's classifiers gives a second opinion."""

from __future__ import annotations

import json
from typing import Any

import pytest

from escalate.demo.services import ScriptedLLM
from escalate.pipecat import judged_by
from escalate.values import Trigger
from tests.desk import ANNOUNCEMENT

from .bench import Desk
from .test_signals import trigger_of

llm = pytest.importorskip("pipecat.classifiers.llm.classifier", reason="they came with 1.12")

COMPLAINT = "this leads us nowhere at all"


class OneShot(ScriptedLLM):
    """A model that answers a question outside of the conversation."""

    def __init__(self, reply: str) -> None:
        super().__init__()
        self.reply = reply
        self.questions: list[str] = []

    async def run_inference(self, context: Any, *_: Any, **__: Any) -> str:
        self.questions.append(str(context.get_messages()[0]["content"]))
        return self.reply


def says(probability: float) -> str:
    return json.dumps({"needs_human": {"probability": probability}})


async def test_its_yes_gets_the_caller_a_human(desk: Desk) -> None:
    """It is asked about the conversation, in the caller's words, when no rule sees a reason."""
    model = OneShot(says(0.9))
    desk.board.predicates["judge"] = judged_by(llm.LLMClassifier(llm=model))
    call_uuid, talk = await desk.call()
    await talk.ears.hear(COMPLAINT)
    await desk.plivo.wait_for("leg.bridged", call_uuid)

    assert Trigger.PREDICATE is await trigger_of(desk, call_uuid)
    assert [ANNOUNCEMENT] == [line for line in talk.voice.said if line == ANNOUNCEMENT]
    assert COMPLAINT in model.questions[0]
    assert "Does the caller need a human" in model.questions[0]


@pytest.mark.parametrize("reply", [says(0.6), "I cannot say: " + COMPLAINT])
async def test_without_a_sure_yes_the_bot_goes_on(
    desk: Desk, reply: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An unsure answer and none at all count as no, and what the model wrote is not logged."""
    model = OneShot(reply)
    judge = judged_by(llm.LLMClassifier(llm=model))
    verdicts: list[bool] = []

    async def asked(conversation: Any) -> bool:
        verdicts.append(await judge(conversation))
        return verdicts[-1]

    desk.board.predicates["judge"] = asked
    _, talk = await desk.call()
    await talk.ears.hear(COMPLAINT)
    await talk.says("Yes of course.")
    await talk.tape.until(lambda: verdicts)

    assert [False] == verdicts
    assert not talk.call.is_escalating
    assert COMPLAINT not in caplog.text
