"""Pipecat's classifiers as judges of a conversation: a second opinion beside the rules."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from escalate.live_call import Predicate
from escalate.values import Said

if TYPE_CHECKING:
    from pipecat.classifiers.base_classifier import BaseClassifier

log = logging.getLogger("escalate")

NEEDS_HUMAN: Final = (
    "Does the caller need a human now, because he wants one or gets no further with the bot?"
)
_TURNS: Final = 20


def judged_by(
    classifier: BaseClassifier, *, question: str = NEEDS_HUMAN, at_least: float = 0.7
) -> Predicate:
    """Return a predicate for the switchboard: whether `classifier` answers the question with yes.

        Switchboard.from_settings(predicates={"judge": judged_by(LLMClassifier(llm=llm))})

    It is asked about the last turns, after each final transcript and beside everything else; a yes
    counts from a probability of `at_least` on, no answer counts as no. Classifiers came with
    Pipecat 1.12.
    """
    from pipecat.classifiers.base_classifier import ClassifierError, YesNoQuestion

    asked = {"needs_human": YesNoQuestion(instructions=question)}

    async def judge(conversation: Sequence[Said]) -> bool:
        turns = [{one.party.value: one.text} for one in conversation[-_TURNS:]]
        try:
            answer = await classifier.yes_no(turns, asked)
        except ClassifierError:
            # Its message may quote what was said.
            log.warning("%s gave no answer", type(classifier).__name__)
            return False
        return answer["needs_human"].probability >= at_least

    return judge
