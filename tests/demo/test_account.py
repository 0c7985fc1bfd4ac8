"""What the page is told about a call: conversation, evidence, picture, ladder."""

from __future__ import annotations

import asyncio
from typing import Any

from escalate.demo.account import Account, Message
from escalate.demo.feed import Feed
from escalate.demo.record import Event
from escalate.demo.scenarios import DESTINATIONS, SIP_ADDRESS

CALL = "call-1"
LEG = {"leg": "leg-1", "to": SIP_ADDRESS}


def log(*told: tuple[str, dict[str, Any]]) -> list[Event]:
    """Events a second apart, of the caller's call unless they say otherwise."""
    return [
        {"seq": seq, "at": 10.0 + seq, "call": CALL, "kind": kind, **fields}
        for seq, (kind, fields) in enumerate(told)
    ]


def says(text: str) -> tuple[str, dict[str, Any]]:
    return "caller.says", {"text": text, "seconds": 0.5}


STARTED = ("call.started", {"from": "14155550123", "to": "14155550100"})
OPENED = ("stream.opened", {"url": "ws://x", "stream_id": "s"})
CLOSED = ("stream.closed", {"by": "app", "unplayed_ms": 0})


def messages(*told: tuple[str, dict[str, Any]]) -> list[Message]:
    account = Account(DESTINATIONS)
    return [message for event in log(*told) for message in account.tell(event)]


def findings(*told: tuple[str, dict[str, Any]]) -> list[Message]:
    return [message for message in messages(*told) if message["type"] == "finding"]


def states(message: Message) -> dict[str, str]:
    return {person["name"]: person["state"] for person in message["picture"]["people"]}


def heard(message: Message) -> set[tuple[str, str]]:
    """Who hears whom, listener last."""
    return {(one["speaker"], one["listener"]) for one in message["picture"]["hearings"]}


def test_the_picture_says_who_hears_whom_before_and_after_a_transfer() -> None:
    """The bot hears nothing once it has left, and the human nothing before he is bridged."""
    told = messages(
        STARTED,
        OPENED,
        CLOSED,
        ("leg.dialed", LEG),
        ("leg.answered", LEG),
        ("leg.bridged", LEG),
        ("leg.ended", {**LEG, "cause": "Normal Hangup", "code": 4000}),
    )
    assert {("caller", "bot"), ("bot", "caller")} == heard(told[1])
    assert set() == heard(told[2]) == heard(told[4]) == heard(told[6])
    assert {("caller", "leg-1"), ("leg-1", "caller")} == heard(told[5])
    assert "talks to support" == states(told[5])["Caller"]
    assert "has hung up" == states(told[6])["support"]


def test_the_question_to_a_human_reaches_him_and_not_the_caller() -> None:
    """He has a call of his own, in which the carrier speaks."""
    asked = {"call": "call-2", "source": "speak", "text": "Press 1."}
    told = messages(
        STARTED,
        ("call.started", {"call": "call-2", "from": "1", "to": SIP_ADDRESS, "parent": CALL}),
        ("leg.dialed", {"call": "call-2", "leg": "call-2", "to": SIP_ADDRESS}),
        ("heard.started", asked),
        ("heard.ended", {**asked, "ms": 900}),
    )
    assert {("plivo", "call-2")} == heard(told[3])
    assert {"who": "plivo", "name": "Plivo to support", "text": "Press 1."} == told[3]["turn"]
    assert set() == heard(told[4])


def test_the_words_that_ask_are_marked_in_every_piece_of_the_request() -> None:
    """With the rule, and how much had to be heard before the detector was armed."""
    said = {2: "can i talk to", 3: "a person please"}
    (found,) = findings(STARTED, OPENED, *map(says, said.values()))
    assert ("asked", "a person") == (found["trigger"], found["armed_after"])
    marked = [said[mark["seq"]][mark["begin"] : mark["end"]] for mark in found["marks"]]
    assert ["a person", "can i talk to"] == marked
    assert [] == findings(STARTED, OPENED, says("i do not want a human"))


def test_the_bots_words_go_to_what_it_was_saying_then() -> None:
    """They are known when it has spoken them; what it broke off has none."""
    account = Account(DESTINATIONS)
    speaks = ("heard.started", {"source": "bot"})
    for event in log(STARTED, OPENED, speaks, ("heard.ended", {"source": "bot", "ms": 9}), speaks):
        list(account.tell(event))
    assert [{"type": "words", "seq": 4, "text": "Hello."}] == list(account.bot_said("Hello.", 14.5))
    assert [{"type": "words", "seq": 2, "text": "Hi."}] == list(account.bot_said("Hi.", 12.5))


def test_a_document_is_a_request_and_its_answer_with_both_in_full() -> None:
    """One that failed is trouble, and has no answer."""
    fetch: dict[str, Any] = {
        "what": "redirect",
        "method": "POST",
        "url": f"http://x/escalate/calls/{CALL}/next?stream=1",
        "params": {"CallUUID": CALL, "Event": "Redirect"},
    }
    good, bad = messages(
        ("fetch", {**fetch, "status": 200, "xml": "<Response><Hangup/></Response>"}),
        ("fetch", {**fetch, "status": 500}),
    )
    asked, answered = good["rungs"]
    assert ("Plivo", "app", "POST /next Redirect: 200") == tuple(asked.values())[:3]
    assert ("app", "Plivo", "answers: <Hangup>") == tuple(answered.values())[:3]
    assert "<Hangup />" in answered["detail"]
    (failed,) = bad["rungs"]
    assert "trouble" == failed["weight"]


def test_what_a_sip_message_has_told_is_drawn_once() -> None:
    """A telephone that speaks no SIP is drawn by what Plivo makes of it."""
    dialed, answered = ("leg.dialed", LEG), ("leg.answered", LEG)
    invite = {"cseq": "1 INVITE", "peer": "udp:proxy", "headers": [], "leg": "leg-1"}
    ok = ("sip.received", {"line": "SIP/2.0 200 OK", **invite})
    ended = ("leg.ended", {**LEG, "cause": "Normal Hangup", "code": 4000})
    assert [1, 1] == [len(message["rungs"]) for message in messages(dialed, answered)]
    told = messages(dialed, ok, answered, ended)
    assert [1, 1, 0, 1] == [len(message["rungs"]) for message in told]


def test_sip_messages_go_to_the_telephone_they_are_about() -> None:
    """A human's are those of a leg, and all else is the caller's; the fields are told in full."""
    own = {"cseq": "1 INVITE", "peer": "udp:proxy", "headers": [["X-PH-Order", "A1"]]}
    legs = {**own, "leg": "leg-1"}
    drawn = [
        tuple(message["rungs"][0].values())
        for message in messages(
            ("sip.sent", {"line": "SIP/2.0 200 OK", **own}),
            ("sip.sent", {"line": "INVITE sip:q@x SIP/2.0", **legs}),
            ("sip.received", {"line": "SIP/2.0 200 OK", **legs}),
            ("sip.received", {"line": "BYE sip:p@x SIP/2.0", **own}),
        )
    ]
    assert [
        ("Plivo", "caller", "SIP 200 OK (INVITE)"),
        ("Plivo", "human", "SIP INVITE sip:q@x"),
        ("human", "Plivo", "SIP 200 OK (INVITE)"),
        ("caller", "Plivo", "SIP BYE"),
    ] == [one[:3] for one in drawn]
    assert "from udp:proxy\nBYE sip:p@x SIP/2.0\nX-PH-Order: A1" == drawn[-1][-1]


async def test_a_page_that_is_opened_late_or_comes_back_misses_nothing() -> None:
    """It gets what it has not got, and of a call before the present one nothing."""
    feed = Feed()
    feed.add({"type": "old"})
    feed.begin({"type": "show"})
    feed.add({"type": "event"})

    async def read(after: int, count: int) -> list[tuple[int, str]]:
        following = feed.follow(after, beat_s=10.0)
        return [(one[0], one[1]["type"]) async for _, one in _counted(following, count) if one]

    assert [(2, "show"), (3, "event")] == await read(0, 2)
    assert [(3, "event")] == await read(2, 1)
    # Numbers of a playground that was started anew.
    assert [(2, "show"), (3, "event")] == await read(99, 2)
    waiting = asyncio.create_task(read(3, 1))
    await asyncio.sleep(0)
    feed.add({"type": "news"})
    assert [(4, "news")] == await waiting


async def _counted(following: Any, count: int) -> Any:
    for number in range(count):
        yield number, await anext(following)
