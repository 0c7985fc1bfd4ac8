"""What the result says of a call, read from logs of the local Plivo cut down to what matters."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from escalate.demo.record import Belonging
from escalate.demo.report import Report, build_report
from escalate.demo.scenarios import DESTINATIONS, SCENARIOS, SIP_ADDRESS

Row = tuple[float, str, dict[str, Any]]

_ON_STREAM: list[Row] = [
    (0.0, "call.started", {"from": "14155550123", "to": "14155550100"}),
    (0.1, "call.answered", {}),
    (0.1, "xml.step", {"element": "Stream"}),
    (0.2, "stream.opened", {}),
    (0.8, "heard.started", {"source": "bot"}),
    (1.0, "caller.says", {"text": "a human please", "seconds": 1.0}),
    (1.4, "stream.cleared", {"dropped_ms": 40}),
    (2.1, "heard.ended", {"source": "bot", "ms": 600}),
]
_ANNOUNCED: list[Row] = [
    (2.4, "heard.started", {"source": "bot"}),
    (5.5, "heard.ended", {"source": "bot", "ms": 2400}),
]
_LEFT: list[Row] = [
    (5.5, "stream.closed", {"by": "app", "unplayed_ms": 0}),
    (5.5, "xml.step", {"element": "Redirect"}),
]
_DIALED: list[Row] = [
    (5.52, "xml.step", {"element": "Dial"}),
    (5.53, "leg.dialed", {"leg": "a", "to": SIP_ADDRESS}),
]
_BRIDGED: list[Row] = [
    (6.03, "leg.answered", {"leg": "a", "to": SIP_ADDRESS}),
    (6.04, "leg.bridged", {"leg": "a", "to": SIP_ADDRESS}),
]
_CONNECTED = [*_ON_STREAM, *_ANNOUNCED, *_LEFT, *_DIALED, *_BRIDGED]


def report(*rows: Row, until: float = 10.0) -> Report:
    """The report of a log made of these rows, which are about the caller's call by default."""
    numbers = count(1)
    events = [
        {"seq": next(numbers), "at": at, "call": "c-1", "kind": kind, **more}
        for at, kind, more in rows
    ]
    return build_report("bridged", events, DESTINATIONS, until=until)


def leg_ended(
    at: float, code: int, cause: str, *, leg: str = "a", to: str = SIP_ADDRESS, call: str = "c-1"
) -> Row:
    told = {"leg": leg, "to": to, "code": code, "cause": cause, "dial_status": "failed"}
    return at, "leg.ended", {**told, "call": call}


def call_ended(at: float, source: str, code: int = 4000) -> Row:
    return at, "call.ended", {"code": code, "cause": "...", "source": source, "duration_s": at}


def step(at: float, element: str) -> Row:
    return at, "xml.step", {"element": element}


def test_a_bridged_caller_is_connected_to_the_named_human() -> None:
    """An address becomes its configured name, and a leg that is up has no cause."""
    found = report(*_CONNECTED).as_dict()

    assert {
        "scenario": "bridged",
        "outcome": "connected",
        "reason": "completed",
        "destination": "support",
        "attempts": (
            {
                "destination": "support",
                "cause": None,
                "code": None,
                "answer": None,
                "abandoned": False,
            },
        ),
        "caller_connected_to": "human",
        "caller_lost": False,
        "left_bot": True,
        "last_words": "",
        "introduction": None,
        "announcement_cut_ms": 0,
        "stages_ms": {
            "asked_to_announcement": 400,
            "announcement": 2400,
            "released": 700,
            "dialed": 30,
            "answered": 500,
            "bridged": 10,
            "bridged_after_bot_left": 3960,
        },
    } == found
    assert [] == SCENARIOS["bridged"].must.unmet(report(*_CONNECTED))


def test_a_bridge_that_does_not_last_is_told_by_its_length() -> None:
    """Connected and cut at once is not what `bridged` must be."""
    cut = report(*_CONNECTED, (6.2, "leg.unbridged", {"leg": "a", "to": SIP_ADDRESS}))

    assert 160 == cut.stages_ms["bridged_after_bot_left"]
    assert SCENARIOS["bridged"].must.unmet(cut)


# --- a human who is called first, in a call of his own --------------------------------------------


def _called(at: float, *, leg: str = "h-1", to: str = SIP_ADDRESS) -> list[Row]:
    his: dict[str, Any] = {"call": leg, "leg": leg, "to": to}
    return [
        (at, "call.started", {"call": leg, "to": to, "parent": "c-1"}),
        (at, "leg.dialed", his),
        (at + 0.5, "leg.answered", his),
        (at + 0.6, "xml.step", {"call": leg, "element": "GetInput"}),
    ]


def _reply(at: float, digits: str, *, leg: str = "h-1") -> Row:
    told = {"call": leg, "what": "action", "params": {"Digits": digits, "Speech": ""}}
    return at, "fetch", told


def _dismissed(at: float, *, leg: str = "h-1", source: str = "Answer XML") -> list[Row]:
    return [
        (at, "xml.step", {"call": leg, "element": "Speak"}),
        (at + 2, "heard.ended", {"call": leg, "source": "speak", "ms": 1900}),
        (at + 2, "xml.step", {"call": leg, "element": "Hangup"}),
        leg_ended(at + 2, 4000, "Normal Hangup", leg=leg, call=leg),
        (at + 2, "call.ended", {"call": leg, "code": 4000, "source": source}),
    ]


_MET: list[Row] = [
    (7.0, "heard.started", {"source": "bot"}),
    (9.8, "heard.ended", {"source": "bot", "ms": 2800}),
    (10.0, "stream.closed", {"by": "app", "unplayed_ms": 0}),
    (10.1, "leg.bridged", {"leg": "h-1", "to": SIP_ADDRESS}),
]


def test_a_warm_handoff_is_read_from_two_calls() -> None:
    """What the human answered, how long it took, and what the caller heard after that."""
    found = report(*_ON_STREAM, *_called(2.5), _reply(6.0, "1"), *_MET, until=11.0)

    assert ("connected", "support", "1", 0) == (
        found.outcome,
        found.destination,
        found.attempts[0].answer,
        found.announcement_cut_ms,
    )
    assert {
        "dialed": 500,
        "answered": 500,
        "accepted": 3000,
        "accepted_to_announcement": 1000,
        "announcement": 2800,
        "released": 200,
        "bridged": 100,
        "bridged_after_bot_left": 900,
    } == found.stages_ms
    assert [] == SCENARIOS["warm"].must.unmet(found)


def test_what_the_bot_breaks_off_to_announce_a_human_is_no_cut_announcement() -> None:
    """It was talking when he accepted; only what is thrown away after that belongs to it."""
    talking = [*_ON_STREAM, *_called(2.5), (5.5, "heard.started", {"source": "bot"})]
    waits = [_reply(6.0, "1"), (6.1, "room.entered", {"call": "h-1"})]
    off = (6.2, "stream.cleared", {"dropped_ms": 900})
    cut = (8.0, "stream.cleared", {"dropped_ms": 300})

    assert [0, 300, 1200] == [
        report(*talking, *rows, *_MET[1:]).announcement_cut_ms
        for rows in ([*waits, off], [*waits, off, cut], [off, *waits, cut])
    ]


def test_a_human_who_gets_the_caller_without_an_answer_is_noticed() -> None:
    """Nobody may be given a caller unasked."""
    found = report(*_ON_STREAM, *_called(2.5), *_MET, until=11.0)

    assert ["answers is (None,), must be ('1',)"] == SCENARIOS["warm"].must.unmet(found)


def test_a_caller_whom_the_bot_keeps_while_a_human_declines_has_returned() -> None:
    """He has never left; the reason is the human's refusal, not the normal end of his leg."""
    found = report(*_ON_STREAM, *_called(2.5), _reply(4.0, "2"), *_dismissed(4.0))

    assert ("returned", "declined", False) == (found.outcome, found.reason, found.left_bot)
    assert ("2", 4000, False) == (
        found.attempts[0].answer,
        found.attempts[0].code,
        found.attempts[0].abandoned,
    )


def test_a_human_who_is_called_for_a_caller_who_has_gone_must_be_told() -> None:
    """Told and released is right; cut off, or left on the line, is not; he may leave himself."""
    gone = [*_ON_STREAM, *_called(2.5), call_ended(4.0, "Caller")]
    cut = [
        leg_ended(4.1, 4000, "Normal Hangup", leg="h-1", call="h-1"),
        (4.1, "call.ended", {"call": "h-1", "code": 4000, "source": "API Request"}),
    ]
    left = [cut[0], (4.1, "call.ended", {"call": "h-1", "code": 4000, "source": "Callee"})]

    assert [False, True, True, False] == [
        report(*gone, *rows).attempts[0].abandoned for rows in (_dismissed(4.1), cut, [], left)
    ]
    assert ["caller_left"] * 4 == [
        report(*gone, *rows).outcome for rows in (_dismissed(4.1), cut, [], left)
    ]


def test_the_log_of_a_caller_holds_the_calls_made_for_him_and_no_others() -> None:
    """By the parent the carrier was told, and by the number that a request was answered with."""
    ours = Belonging("c-1")
    told: list[dict[str, Any]] = [
        {"kind": "call.started", "call": "c-1"},
        {"kind": "call.started", "call": "h-1", "parent": "c-1"},
        {"kind": "rest", "call": None, "path": "/Call/", "response": {"request_uuid": "h-1"}},
        {"kind": "leg.digit", "call": "h-1"},
        {"kind": "call.started", "call": "h-2", "parent": "c-2"},
        {"kind": "rest", "call": None, "path": "/Call/", "response": {"request_uuid": "h-2"}},
        {"kind": "phones", "call": None},
    ]

    assert [True, True, True, True, False, False, False] == [ours.has(event) for event in told]


@pytest.mark.parametrize(
    ("source", "code", "reason"),
    [
        ("API Request", 4000, "api_request"),
        ("Answer XML", 4010, "our_document"),
        ("Error", 7012, "our_document"),
        ("Error", 8014, "our_document"),
        ("Plivo", 5010, "carrier_error"),
    ],
)
@pytest.mark.parametrize("rows", [_ON_STREAM, _CONNECTED], ids=["with the bot", "with a human"])
def test_a_leg_that_nobody_on_the_call_ended_is_a_lost_caller(
    rows: list[Row], source: str, code: int, reason: str
) -> None:
    """A request's hang-up, the end of a document and unreachable documents all lose him."""
    lost = report(*rows, call_ended(7.0, source, code))

    assert lost.caller_lost
    assert ("lost", reason, None) == (lost.outcome, lost.reason, lost.caller_connected_to)


def test_a_bare_hangup_while_caller_and_human_talk_is_a_lost_caller() -> None:
    """Only a human who has hung up himself may be followed by our Hangup."""
    lost = report(*_CONNECTED, step(7.0, "Hangup"), call_ended(7.0, "Answer XML"))

    assert lost.caller_lost


def test_a_human_who_hangs_up_ends_the_call_rightly() -> None:
    """His leg ended first, so the Hangup that follows is the end of a conversation."""
    over = report(
        *_CONNECTED,
        (7.0, "leg.unbridged", {"leg": "a", "to": SIP_ADDRESS}),
        leg_ended(7.0, 4000, "Normal Hangup"),
        step(7.1, "Hangup"),
        call_ended(7.1, "Answer XML"),
    )

    assert ("connected", False, None) == (over.outcome, over.caller_lost, over.caller_connected_to)


def test_a_line_that_goes_dead_after_the_human_has_left_is_a_lost_caller() -> None:
    """An action URL that cannot be reached ends the caller's leg; nobody meant it."""
    left = [
        (7.0, "leg.unbridged", {"leg": "a", "to": SIP_ADDRESS}),
        leg_ended(7.0, 4000, "Normal Hangup"),
    ]

    assert "waiting" == report(*_CONNECTED, *left).outcome
    assert report(*_CONNECTED, *left, call_ended(9.0, "Error", 7012)).caller_lost


def test_a_hangup_after_the_bot_closed_its_stream_is_its_recorded_finish() -> None:
    """Stream, Redirect, Hangup, and the socket was closed by the application."""
    over = report(*_ON_STREAM, *_LEFT, step(5.6, "Hangup"), call_ended(5.6, "Answer XML"))

    assert ("finished", "completed", False) == (over.outcome, over.reason, over.caller_lost)


@pytest.mark.parametrize("by", ["abort", "plivo"])
def test_a_hangup_after_a_stream_that_broke_is_a_lost_caller(by: str) -> None:
    """Nobody said that he had finished."""
    broken = (5.5, "stream.closed", {"by": by, "unplayed_ms": 0})
    lost = report(
        *_ON_STREAM,
        broken,
        step(5.5, "Redirect"),
        step(5.6, "Hangup"),
        call_ended(5.6, "Answer XML"),
    )

    assert lost.caller_lost


def test_a_hangup_instead_of_the_next_destination_is_a_lost_caller() -> None:
    """Nobody answered, nothing was said, and the line goes dead."""
    lost = report(
        *_ON_STREAM,
        *_LEFT,
        *_DIALED,
        leg_ended(8.0, 3000, "No Answer"),
        step(8.1, "Hangup"),
        call_ended(8.1, "Answer XML"),
    )

    assert lost.caller_lost


def test_a_goodbye_counts_when_it_was_spoken_to_its_end() -> None:
    """Speak, heard, then Hangup; the reason is why nobody was reached."""
    rows = [*_ON_STREAM, *_LEFT, *_DIALED, leg_ended(8.0, 3000, "No Answer"), step(8.1, "Speak")]
    heard = (12.0, "heard.ended", {"source": "speak", "ms": 3900})
    end = [step(12.0, "Hangup"), call_ended(12.0, "Answer XML")]

    assert ("goodbye", "no_answer") == (
        report(*rows, heard, *end).outcome,
        report(*rows, heard, *end).reason,
    )
    assert "lost" == report(*rows, *end).outcome


def test_a_message_that_was_kept_is_where_the_caller_ended() -> None:
    """Whoever ends the call then; without one a Hangup that follows no word loses him."""
    rows = [*_ON_STREAM, *_LEFT, *_DIALED, leg_ended(8.0, 3010, "Busy Line"), step(8.1, "Record")]
    kept = [
        (8.2, "record.started", {"recording": "r", "session": False}),
        (12.0, "record.ended", {"recording": "r", "ms": 3800}),
    ]
    ends = [call_ended(12.1, "Caller")], [step(12.0, "Hangup"), call_ended(12.1, "Answer XML")]

    for end in ends:
        left = report(*rows, *kept, *end)
        assert ("voicemail", "busy", "voicemail", False) == (
            *(left.outcome, left.reason, left.caller_connected_to, left.caller_lost),
        )
    assert ["caller_left", "lost"] == [report(*rows, *end).outcome for end in ends]
    assert "voicemail" == report(*rows, kept[0]).caller_connected_to


def test_a_caller_who_hangs_up_has_left_wherever_he_was() -> None:
    """Before a human was on he has left; after that he has been served."""
    waiting = report(*_ON_STREAM, *_LEFT, *_DIALED, call_ended(6.0, "Caller"))
    talking = report(*_CONNECTED, call_ended(9.0, "Caller"))

    assert ("caller_left", False) == (waiting.outcome, waiting.caller_lost)
    assert ("connected", False) == (talking.outcome, talking.caller_lost)


def test_a_caller_who_is_streamed_again_after_a_dial_has_returned() -> None:
    """The reason is that of the destination tried last."""
    back = report(
        *_ON_STREAM,
        *_ANNOUNCED,
        *_LEFT,
        *_DIALED,
        leg_ended(8.0, 3000, "No Answer"),
        (8.1, "leg.dialed", {"leg": "b", "to": "+14155550199"}),
        leg_ended(9.0, 3010, "Busy Line", leg="b", to="+14155550199"),
        (9.1, "stream.opened", {}),
    )

    assert ("returned", "busy", "bot") == (back.outcome, back.reason, back.caller_connected_to)
    assert [("support", 3000), ("duty-phone", 3010)] == [
        (one.destination, one.code) for one in back.attempts
    ]
    assert "bridged_after_bot_left" not in back.stages_ms


def test_a_caller_between_bot_and_human_waits() -> None:
    """A watch that ends while a phone rings has not seen him arrive anywhere."""
    waiting = report(*_ON_STREAM, *_ANNOUNCED, *_LEFT, *_DIALED)

    assert ("waiting", None, False) == (
        waiting.outcome,
        waiting.caller_connected_to,
        waiting.caller_lost,
    )


def test_what_he_heard_before_he_asked_is_no_announcement() -> None:
    """A bot that leaves without a word has announced nothing."""
    silent = report(*_ON_STREAM, *_LEFT, *_DIALED, *_BRIDGED)

    assert silent.announcement_cut_ms is None
    assert "announcement" not in silent.stages_ms
    assert ["the announcement was not heard to its end"] == SCENARIOS["bridged"].must.unmet(silent)


def test_a_cut_announcement_is_told_in_milliseconds() -> None:
    """What was thrown away while it played, and what was left when the socket closed."""
    cleared = (4.0, "stream.cleared", {"dropped_ms": 300})
    closed = (5.5, "stream.closed", {"by": "app", "unplayed_ms": 200})
    cut = report(*_ON_STREAM, _ANNOUNCED[0], cleared, _ANNOUNCED[1], closed, *_DIALED, *_BRIDGED)

    assert 500 == cut.announcement_cut_ms
    assert SCENARIOS["bridged"].must.unmet(cut)


def test_a_stream_that_broke_and_came_back_is_told() -> None:
    """He is with the bot, and the reason says what he has been through."""
    back = report(
        *_ON_STREAM,
        (3.0, "stream.closed", {"by": "abort", "unplayed_ms": 80}),
        (3.1, "stream.opened", {}),
    )

    assert ("with_bot", "stream_lost", "bot") == (
        back.outcome,
        back.reason,
        back.caller_connected_to,
    )
