"""The three documents most voice bots need (Plivo "XML for voice agents", "Common patterns").

    render(agent_with_greeting(Speak(text="Hello!"), stream, afterwards=next_url))

Each keeps the caller in a document that goes on: a stream is kept alive and followed by a Redirect
to `afterwards`, where the application decides what comes next, and a Dial reports to its `action`.
"""

from __future__ import annotations

from escalate.plivo.xml.basic import Play, Redirect, Speak, Stream
from escalate.plivo.xml.dial import Dial, Number, User
from escalate.plivo.xml.document import Response
from escalate.plivo.xml.input import GetDigits


def agent_with_greeting(greeting: Speak | Play, stream: Stream, *, afterwards: str) -> Response:
    """Greet the caller, then stream him to the bot."""
    return Response(children=(greeting, *_streamed(stream, afterwards)))


def ivr_before_agent(
    menu: Speak | Play, stream: Stream, *, action: str, afterwards: str, timeout_s: int = 5
) -> Response:
    """Ask for one key, told to `action`; whoever presses none is streamed to the bot."""
    asked = GetDigits(children=(menu,), action=action, num_digits=1, timeout=timeout_s)
    return Response(children=(asked, *_streamed(stream, afterwards)))


def transfer_to_human(
    *humans: Number | User,
    action: str,
    announcement: Speak | Play | None = None,
    ring_s: int = 30,
    caller_id: str | None = None,
    music: str = "real",
) -> Response:
    """Tell the caller, then ring all `humans` at once; how it ended is told to `action`."""
    said = () if announcement is None else (announcement,)
    dial = Dial(
        children=humans, action=action, timeout=ring_s, caller_id=caller_id, dial_music=music
    )
    return Response(children=(*said, dial))


def _streamed(stream: Stream, afterwards: str) -> tuple[Stream, Redirect]:
    kept = stream.model_copy(update={"keep_call_alive": True})
    return kept, Redirect(url=afterwards)
