"""What the demonstration's assistant answers: the Corner Bookshop's orders line, by simple rules.

It stands where a language model would: the conversation goes in, one `Reply` comes out. Rules are
read from top to bottom and the first that matches what the caller said last decides. Nothing here
knows a framework.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Message = Mapping[str, Any]
"""One message of a conversation in the form of the OpenAI chat API."""

HasTool = Callable[[str], bool]
"""Whether the bot offers a tool of this name."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the assistant says and, when `tool` is set and offered, the function it then calls.

    `without_tool` is said instead when the bot does not offer that tool.
    """

    text: str = ""
    tool: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    without_tool: str = ""


GREETING: Final = Reply("Hello, this is the Corner Bookshop. How can I help you?")
STILL_HERE: Final = Reply("I am still here. How else can I help?")
NOBODY_FREE: Final = Reply("I am sorry, nobody is free just now. Can I help you instead?")
REPEAT: Final = Reply("I am sorry, could you repeat that?")
GOODBYE: Final = Reply(
    "Thank you for calling the Corner Bookshop. Goodbye!",
    tool="end_call",
    without_tool="Thank you for calling the Corner Bookshop. Goodbye!",
)
NO_HUMAN: Final = Reply("All right, we will sort it out together. What can I do for you?")
TO_HUMAN: Final = Reply(
    tool="transfer_to_human",
    arguments={"reason": "the caller asked for a person"},
    without_tool="I am sorry, I cannot put you through. But I will do what I can.",
)
COMPLAINT: Final = Reply(
    tool="transfer_to_human",
    arguments={"reason": "the caller wants money back"},
    without_tool="I am sorry to hear that. Please write to us, and we will put it right.",
)

_PERSON = r"(?:human|person|people|someone|somebody|agent|representative|operator|manager)"

RULES: Final[Sequence[tuple[str, Reply]]] = (
    (rf"(?:\bnot|n't|\bno need)\b.*\b{_PERSON}\b", NO_HUMAN),
    (rf"\b{_PERSON}\b.*\bnever mind\b", NO_HUMAN),
    (rf"\b{_PERSON}\b", TO_HUMAN),
    (r"\b(?:refund|money back|damaged|charged|complain\w*)\b", COMPLAINT),
    (r"\b(?:bye|goodbye|that is all|that's all|nothing else|have a \w+ day)\b", GOODBYE),
    (
        r"\b(?:where|when|status|late|arrive\w*|deliver\w*|parcel|package)\b|how long",
        Reply(
            "Your parcel left our warehouse yesterday. It should reach you before noon tomorrow."
        ),
    ),
    (
        r"\b(?:open|close|hours|saturday|sunday)\b",
        Reply("We are open from nine to six, Monday to Saturday."),
    ),
    (r"\b(?:online|website|app)\b", Reply("On our website you find that under your account.")),
    (r"\baddress\b", Reply("I can change the address for you. What is the new one?")),
    (r"\b(?:price|cost|rate|how much)\b", Reply("That is twelve dollars at the moment.")),
    (r"never ?mind", Reply("No problem. What else can I do for you?")),
    (r"^(?:no|nope|not now)\b", Reply("All right. Is there anything else?")),
    (r"\bcancel\b", Reply("I have cancelled it. Is there anything else?")),
    (r"\b(?:order|buy|book)\b", Reply("Gladly. I have put that on your order. Anything else?")),
    (r"\b(?:thanks|thank you)\b", Reply("You are welcome. Is there anything else?")),
    (r"^(?:yes|yeah|sure|ok|okay|right)\b", Reply("Very good, I have noted that.")),
    (r"^(?:hi|hello|good (?:morning|afternoon|evening))\b", Reply("Hello! How can I help you?")),
)


def answer(messages: Sequence[Message], has_tool: HasTool) -> Reply:
    """The assistant's next reply in a conversation."""
    last = messages[-1] if messages else {"role": "developer"}
    if last["role"] == "user":
        reply = to_caller(text_of(last))
    elif last["role"] == "tool":
        reply = NOBODY_FREE
    else:
        reply = to_developer(text_of(last), greeted=any(m["role"] == "assistant" for m in messages))
    if reply.tool and not has_tool(reply.tool):
        return Reply(reply.without_tool)
    return reply


def to_caller(words: str) -> Reply:
    """The reply to what the caller said."""
    spoken = words.lower().replace("\u2019", "'").strip()
    return next((reply for pattern, reply in RULES if re.search(pattern, spoken)), REPEAT)


def to_developer(instruction: str, *, greeted: bool) -> Reply:
    """The reply to an instruction of the program itself rather than to the caller."""
    if not greeted:
        return GREETING
    return REPEAT if "repeat" in instruction else STILL_HERE


def text_of(message: Message) -> str:
    """The words of a message, whose content is a string or a list of parts."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(str(part.get("text", "")) for part in content)
