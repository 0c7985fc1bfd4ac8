"""What the terminal shows of a call."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from escalate.demo.details import details
from escalate.demo.narrator import Narrator, Weight, Who
from escalate.demo.report import Attempt, Report
from escalate.demo.scenarios import DESTINATIONS, SIP_ADDRESS
from escalate.demo.timeline import Timeline

FETCH = {
    "seq": 9,
    "at": 5.0,
    "call": "c-1",
    "kind": "fetch",
    "what": "redirect",
    "method": "POST",
    "url": "http://127.0.0.1:1/next",
    "attempt": 1,
    "params": {"CallUUID": "c-1", "Event": "Redirect"},
    "status": 200,
    "xml": '<Response><Dial><User sipAuthPassword="***">sip:q@x.example</User></Dial></Response>',
}
REPORT = Report(
    scenario="bridged",
    outcome="connected",
    reason="completed",
    destination="support",
    attempts=(Attempt("support", None, None),),
    caller_connected_to="human",
    caller_lost=False,
    left_bot=True,
    last_words="",
    introduction=None,
    announcement_cut_ms=0,
    stages_ms={"announcement": 2380},
)


def event(kind: str, **more: Any) -> dict[str, Any]:
    return {"seq": 1, "at": 1.0, "call": "c-1", **more, "kind": kind}


def shown(*events: dict[str, Any], width: int = 80, **options: Any) -> str:
    """What a terminal of this width shows, without colours."""
    output = io.StringIO()
    timeline = Timeline(Console(file=output, width=width), DESTINATIONS, **options)
    for one in events:
        timeline.show(one)
    return output.getvalue()


def test_milestones_stand_out_without_colours() -> None:
    """The challenge and the bridge carry a mark, the ringing does not."""
    leg = {"leg": "a", "to": SIP_ADDRESS}
    lines = shown(
        event("leg.challenged", scheme=407, **leg),
        event("leg.ringing", **leg),
        event("leg.bridged", **leg),
    ).splitlines()

    assert [">", " ", ">"] == [line[14] for line in lines]
    assert "407: support demands digest credentials" in lines[0]
    assert "caller and human (support) are connected" in lines[2]


def test_a_long_sentence_is_wrapped_under_itself() -> None:
    """At 60 columns no line is longer than the terminal, and the columns stay clean."""
    text = shown(event("caller.says", text="well " * 30, seconds=9.0), width=60)

    first, *rest = text.splitlines()
    assert max(len(line.rstrip()) for line in [first, *rest]) <= 60
    assert rest
    assert not "".join(line[:15] for line in rest).strip()


def test_a_human_who_is_called_first_is_told_apart_from_the_caller() -> None:
    """What Plivo says is said to him, what he answers stands out, his end is told once."""
    his: dict[str, Any] = {"call": "h-1", "leg": "h-1", "to": SIP_ADDRESS}
    lines = shown(
        event("call.started", parent="c-1", **his),
        event("leg.dialed", **his),
        event("heard.started", source="speak", text="Take it?", **his),
        event("leg.says", text="yes please", **his),
        event("leg.digit", digit="1", **his),
        event("room.entered", room="r", **his),
        event("room.entered", room="r"),
        event("leg.says", text="hello", **his),
        event("leg.ended", cause="Normal Hangup", code=4000, **his),
        event("call.ended", cause="Normal Hangup", code=4000, source="Callee", **his),
    ).splitlines()

    assert [
        f"Plivo    dials support at {SIP_ADDRESS}",
        'Plivo    says to support: "Take it?"',
        'human  > support: "yes please"',
        "human  > support presses 1",
        "human    support waits in a room for the caller",
        "caller   goes into the room",
        "human    support: Normal Hangup (4000)",
    ] == [line[7:].rstrip() for line in lines]


def test_a_request_to_hang_up_is_trouble() -> None:
    """It is the one request that loses a caller; other requests are quiet."""
    path = "/v1/Account/MA/Call/c-1/"
    hang_up = event("rest", method="DELETE", path=path, status=204)
    transfer = event("rest", method="POST", path=path, status=202)

    told = [Narrator(DESTINATIONS).tell(one) for one in (hang_up, transfer)]

    assert [(Who.BOT, Weight.TROUBLE), (Who.APP, Weight.QUIET)] == [
        (one.who, one.weight) for one in told if one
    ]


def test_a_bot_that_leaves_in_the_middle_of_a_word_is_trouble() -> None:
    """The sentence says how much was cut off."""
    narrator = Narrator(DESTINATIONS)
    narrator.tell(event("heard.started", source="bot"))
    narrator.tell(event("heard.ended", source="bot", ms=1500))
    told = narrator.tell(event("stream.closed", by="app", unplayed_ms=320))

    assert told is not None
    assert Weight.TROUBLE == told.weight
    assert "last words took 1.5 s, 320 ms of it cut off" in told.text


def test_what_nobody_needs_to_see_is_not_told() -> None:
    """An unknown kind and a callback without a document pass in silence."""
    assert "" == shown(event("brand.new"), {**FETCH, "xml": None} | {"kind": "leg.hears"})


def test_a_document_is_shown_in_one_line_and_with_verbose_in_full() -> None:
    """Secrets are masked by the local Plivo already; what every callback repeats is left out."""
    assert "answers: <Dial User>" in shown(FETCH)
    assert "sipAuthPassword" not in shown(FETCH)

    verbose = shown(FETCH, verbose=True)
    assert '      <User sipAuthPassword="***">sip:q@x.example</User>' in verbose
    assert "Event=Redirect" in verbose
    assert "CallUUID" not in verbose


def test_a_request_is_shown_with_its_answer() -> None:
    """Method, path and body, then status and body."""
    request = event(
        "rest",
        method="POST",
        path="/v1/Account/MA/Call/c-1/",
        body={"legs": "aleg"},
        status=202,
        response={"message": "call transferred"},
    )

    assert "POST /v1/Account/MA/Call/c-1/ legs=aleg\n202 message=call transferred" == details(
        request
    )


def test_an_application_that_cannot_be_reached_is_trouble() -> None:
    """Every try is shown with its reason."""
    failed = {key: value for key, value in FETCH.items() if key not in ("status", "xml")}

    assert "! redirect: no answer (refused)" in shown({**failed, "error": "refused"})


def test_the_result_says_what_should_have_been() -> None:
    """A good result says so; a bad one lists what differs."""
    output = io.StringIO()
    timeline = Timeline(Console(file=output, width=80), DESTINATIONS)
    timeline.finish(REPORT, [])
    good = output.getvalue()
    timeline.finish(REPORT, ["outcome is connected, must be lost"])

    assert "The caller was connected to a human: support." in good
    assert "It came out as it must." in good
    assert "outcome is connected, must be lost" in output.getvalue()[len(good) :]
