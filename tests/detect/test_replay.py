"""Recordings: how they are read, what a policy makes of them, how sure a share is."""

from __future__ import annotations

import json

import pytest

from escalate.detect import BotSaid, DetectPolicy, Digit, Heard
from escalate.detect.intervals import paired_difference, wilson
from escalate.detect.replay import Tally, read_recording, replay
from escalate.errors import ConfigurationError

CALL = {"conv": "c1", "turns": ["hello", "get me an agent", "thanks"], "pos": [1], "amb": []}
QUIET = {"conv": "c2", "turns": ["where is my parcel"]}


def lines(*rows: object) -> str:
    """Return `rows` as JSON lines."""
    return "\n".join(json.dumps(row) for row in rows)


def test_a_line_can_be_a_conversation() -> None:
    """Plain strings are finals of the caller; labels come along."""
    first, second = read_recording("a.jsonl", lines(CALL, QUIET))
    assert ("c1", "c2") == (first.name, second.name)
    assert Heard("get me an agent") == first.turns[1].signal
    assert frozenset({1}) == first.asks
    assert second.asks is None


def test_a_line_can_be_a_turn() -> None:
    """The file is the conversation then; a note is skipped."""
    rows = (
        {"note": "where this is from"},
        {"text": "can i", "final": False, "at": 1.5},
        {"who": "bot", "text": "Yes?", "at": 2.0},
        {"who": "digit", "text": "0"},
    )
    (call,) = read_recording("a.jsonl", lines(*rows))
    expected = [Heard("can i", final=False), BotSaid("Yes?"), Digit("0")]
    assert expected == [turn.signal for turn in call.turns]
    assert [1.5, 2.0, 12.0] == [turn.at for turn in call.turns]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "line 1: this is no JSON"),
        ("[]", "line 1: an object"),
        ('{"who": "stranger", "text": "x"}', "line 1: this is no turn"),
        ('{"at": 1}', "line 1: this is no turn"),
        (lines({"text": "a"}, CALL), "mixed"),
    ],
)
def test_a_wrong_line_is_named(text: str, reason: str) -> None:
    """The message says which line is wrong, and how."""
    with pytest.raises(ConfigurationError, match=reason):
        list(read_recording("a.jsonl", text))


def test_replay_finds_the_turn() -> None:
    """An escalation names the turn at which it came."""
    call = next(read_recording("a.jsonl", lines(CALL)))
    assert [1] == [one.turn for one in replay(call, DetectPolicy())]


def test_a_tally_counts_what_was_caught_and_what_was_not() -> None:
    """Labels turn escalations into catches and false alarms."""
    tally = Tally()
    wrong = CALL | {"turns": ["get me an agent", "hello", "x"]}
    for call in read_recording("a.jsonl", lines(CALL, QUIET, wrong)):
        tally.add(call, replay(call, DetectPolicy()))
    assert (3, 7, {0, 2}) == (tally.conversations, tally.turns, tally.escalated)
    assert (2, 1, 1, 4) == (tally.asked, tally.caught, tally.false_turns, tally.quiet_turns)
    assert {"asked": 2} == tally.triggers


def test_wilson_interval() -> None:
    """The interval of 8 of 10 is the textbook's, and nothing is known of nothing."""
    assert (0.4902, 0.9433) == pytest.approx(wilson(8, 10), abs=1e-4)
    assert (0.0, 1.0) == wilson(0, 0)
    assert 0.0 == wilson(0, 50)[0]


def test_paired_difference() -> None:
    """Equal discordance says nothing; one-sided discordance says which way."""
    low, high = paired_difference(5, 5, 100)
    assert 0.0 == pytest.approx(low + high)
    low, high = paired_difference(0, 20, 100)
    assert 0.1 < low < 0.2 < high < 0.3
