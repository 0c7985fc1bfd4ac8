"""Whether the application's answer document lets a caller be moved, and keeps him."""

from __future__ import annotations

import uuid
from typing import Final

from pydantic import ValidationError

from escalate.doctor.findings import Bench, Finding, NoAnswer
from escalate.doctor.signing import post
from escalate.errors import ConfigurationError
from escalate.plivo.xml import Dial, Redirect, Response, Stream, parse

_DOCUMENT: Final = "answer document"
_EXAMPLE: Final = "add <Redirect> behind the Stream, to where the caller goes on"


async def check_answer_document(bench: Bench) -> Finding:
    """Fetch the document as Plivo does for an incoming call, and judge it.

    Our own route is told afterwards that the call has ended, so that nothing of it stays.
    """
    base = bench.settings.public_url
    url = bench.answer_url or f"{base}/answer"
    call = {"CallUUID": str(uuid.uuid4()), "From": "14155550100", "To": "14155550101"}
    begun = {**call, "CallStatus": "in-progress", "Direction": "inbound", "Event": "StartApp"}
    try:
        reply = await post(bench, url, begun)
        if bench.answer_url is None:
            ended = {**call, "CallStatus": "completed", "Event": "Hangup"}
            await post(bench, f"{base}/hangup", ended)
    except NoAnswer as error:
        return Finding.problem(
            _DOCUMENT, f"cannot be fetched: {error}", "see the public URL, or --answer-url"
        )
    if reply.status_code != 200:
        return Finding.problem(
            _DOCUMENT,
            f"is answered {reply.status_code}",
            "answer POST with 200 and XML: Plivo ends the call otherwise (7011)",
        )
    return judge_document(reply.text)


def judge_document(text: str) -> Finding:
    """Whether a caller in this document can be moved, and goes on when his stream ends."""
    try:
        document = parse(text)
    except ConfigurationError as error:
        return Finding.problem(_DOCUMENT, f"Plivo would end the call (8011): {error}", "mend it")
    except ValidationError as error:
        # Place and message only: the input may be a password.
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return Finding.problem(
            _DOCUMENT, f"Plivo would refuse {error.title}.{where}: {first['msg']}", "mend it"
        )
    for place, step in enumerate(document.children):
        if isinstance(step, Stream):
            return _judge_stream(step, is_last=place == len(document.children) - 1)
    return _judge_without_stream(document)


def _judge_stream(stream: Stream, *, is_last: bool) -> Finding:
    if not stream.bidirectional:
        return Finding.problem(
            _DOCUMENT, "the bot cannot speak: Stream is one-way", 'set bidirectional="true"'
        )
    if not stream.keep_call_alive and is_last:
        return Finding.problem(
            _DOCUMENT,
            "the call ends within seconds: Stream does not keep it alive, and nothing follows",
            f'set keepCallAlive="true", and {_EXAMPLE}',
        )
    if not stream.keep_call_alive:
        return Finding.warning(
            _DOCUMENT,
            "what follows the Stream runs at once, beside it",
            'set keepCallAlive="true", so that it runs when the stream has ended',
        )
    if is_last:
        return Finding.problem(
            _DOCUMENT,
            "nothing follows the Stream: the call ends with it (4010), also when it only broke",
            _EXAMPLE,
        )
    return Finding.ok(_DOCUMENT, "the stream keeps the call, and the caller goes on behind it")


def _judge_without_stream(document: Response) -> Finding:
    last = document.children[-1]
    if isinstance(last, Redirect) and "again=" in last.url:
        return Finding.problem(
            _DOCUMENT,
            "our route only holds the line, because it could not do better",
            "see the signature and the store",
        )
    dials = [step for step in document.children if isinstance(step, Dial)]
    if not dials:
        return Finding.problem(
            _DOCUMENT, "leads to no bot: there is neither Stream nor Dial in it", "add <Stream>"
        )
    if dials[-1].action is None:
        return Finding.warning(
            _DOCUMENT,
            "nobody is told when the bot's leg ends: Dial has no action",
            "give Dial an action that answers what comes next",
        )
    return Finding.ok(_DOCUMENT, "dials the bot, and asks what comes next when its leg ends")
