from __future__ import annotations

import pytest

from escalate.demo import bookshop
from escalate.demo.bookshop import Reply, answer


def every_tool(name: str) -> bool:
    return True


def no_tool(name: str) -> bool:
    return False


def said(text: str) -> list[dict[str, object]]:
    return [{"role": "assistant", "content": "Hello"}, {"role": "user", "content": text}]


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("where is my parcel", "Your parcel left our warehouse yesterday."),
        ("are you open on Saturday", "We are open from nine to six"),
        ("I want to change my address", "I can change the address"),
        ("no thanks", "All right."),
        ("thank you", "You are welcome."),
        ("I do NOT want a human", "All right, we will sort it out together."),
        ("I don\u2019t need an agent", "All right, we will sort it out together."),
        ("a human please never mind", "All right, we will sort it out together."),
        ("blub", "I am sorry, could you repeat that?"),
    ],
)
def test_the_assistant_answers_what_was_said_last(words: str, reply: str) -> None:
    """A question gets its answer, a refusal is respected, and nonsense is asked back."""
    assert answer(said(words), every_tool).text.startswith(reply)


def test_a_farewell_ends_the_call() -> None:
    """The assistant says goodbye and calls the function that hangs up."""
    reply = answer(said("that is all, goodbye"), every_tool)

    assert reply.text.endswith("Goodbye!")
    assert "end_call" == reply.tool


def test_a_request_for_a_person_calls_the_tool() -> None:
    """Left to itself, the assistant hands the caller over by its tool and does not announce it."""
    reply = answer(said("can I talk to a person please"), every_tool)

    assert ("", "transfer_to_human") == (reply.text, reply.tool)


def test_a_bot_without_the_tool_says_that_it_cannot() -> None:
    """What the bot does not offer is never called; the caller hears so instead."""
    reply = answer(said("can I talk to a person please"), no_tool)

    assert reply.text.startswith("I am sorry, I cannot put you through.")
    assert reply.tool is None


def test_nothing_said_yet_is_greeted() -> None:
    """The first instruction, or none at all, is answered with the greeting."""
    assert bookshop.GREETING == answer([], no_tool)
    assert bookshop.GREETING == answer([{"role": "developer", "content": "Greet."}], no_tool)


def test_an_instruction_in_mid_call_is_not_a_greeting() -> None:
    """Asked to make the caller repeat, the assistant does; else it tells that it is still there."""
    before = said("where is my parcel")

    assert bookshop.REPEAT == answer(
        [*before, {"role": "developer", "content": "Ask them to repeat."}], no_tool
    )
    assert bookshop.STILL_HERE == answer(
        [*before, {"role": "developer", "content": "Nobody was free."}], no_tool
    )


def test_a_tool_that_came_back_means_that_nobody_was_free() -> None:
    """A transfer that ends in another run of the model has failed, and the caller is told."""
    assert bookshop.NOBODY_FREE == answer(
        [*said("a person please"), {"role": "tool", "content": '{"status": "no_answer"}'}], no_tool
    )


def test_content_in_parts_is_read_like_a_string() -> None:
    """A message may hold a list of parts, as vision models have it."""
    message = {"role": "user", "content": [{"type": "text", "text": "are you open on sunday"}]}

    assert Reply("We are open from nine to six, Monday to Saturday.") == answer([message], no_tool)
