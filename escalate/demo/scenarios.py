"""The calls that can be played, as data: who says what, what goes wrong, and how it must end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from escalate.demo.transcripts import Line, conversation
from escalate.transfer import LastResort, Strategy

if TYPE_CHECKING:
    from escalate.demo.report import Attempt, Report

SIP_ADDRESS: Final = "sip:queue-1@cc.example.com"
SIP_USERNAME: Final = "queue1"
SIP_PASSWORD: Final = "correct-horse"
PHONE_NUMBER: Final = "+14155550199"

DESTINATIONS: Final[Mapping[str, str]] = {SIP_ADDRESS: "support", PHONE_NUMBER: "duty-phone"}
"""Who can be reached, in the order they are tried: address to configured name."""

Phones = Mapping[str, Mapping[str, Any]]
"""How telephones behave, by address; `escalate.emulator.phones.Phone` lists the fields."""


Framework = Literal["pipecat", "livekit"]
"""What the bot is made with."""


@dataclass(frozen=True, slots=True)
class When:
    """The `nth` event of a kind in the local Plivo's log, of one `source` if that is given.

    With `since`, counting starts at the `since_nth` event of that kind, and again at every later.
    """

    kind: str
    nth: int = 1
    source: str | None = None
    since: str | None = None
    since_nth: int = 1


@dataclass(frozen=True, slots=True)
class Act:
    """Something done to the call `after_s` seconds after an event."""

    do: Literal["hang_up", "drop_stream", "say"]
    when: When
    after_s: float = 0.0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Must:
    """How a call has to come out, in the words of `escalate.demo.report.Report`.

    `attempts` are the destinations tried, in this order unless `in_order` is False, each with
    the code of the cause that ended it, None for a leg that is still up; the announcement of them
    must be heard to its end, unless the caller `stays_with_bot`. `answers` are what humans answered
    who were asked first. `last_words` must be among what the carrier said to him last,
    `introduction` among what he and the human were both told once they were together. `stays_s` is
    how long they must have been connected after the bot had gone. No human may be abandoned.
    """

    outcome: str
    connected_to: str | None = None
    destination: str | None = None
    attempts: tuple[tuple[str, int | None], ...] = ()
    answers: tuple[str | None, ...] = ()
    in_order: bool = True
    stays_with_bot: bool = False
    last_words: str = ""
    introduction: str = ""
    stays_s: float = 0.0

    def unmet(self, report: Report) -> list[str]:
        """What came out otherwise, one sentence each; empty when all is as it must be."""
        if self.outcome == "any":
            return ["the caller is lost"] if report.caller_lost else []
        tried = report.attempts if self.in_order else self._in_my_order(report.attempts)
        compared = (
            ("outcome", self.outcome, report.outcome),
            ("caller_connected_to", self.connected_to, report.caller_connected_to),
            ("destination", self.destination, report.destination),
            ("attempts", self.attempts, tuple((a.destination, a.code) for a in tried)),
            (
                "answers",
                self.answers or (None,) * len(tried),
                tuple(a.answer for a in tried),
            ),
        )
        wrong = [
            f"{what} is {found}, must be {wanted}"
            for what, wanted, found in compared
            if found != wanted
        ]
        if self.last_words not in report.last_words:
            wrong.append(f"the last words are {report.last_words!r}, must be {self.last_words!r}")
        if self.introduction not in (report.introduction or ""):
            told = report.introduction
            wrong.append(f"the introduction is {told!r}, must be {self.introduction!r}")
        if self.stays_with_bot and report.left_bot:
            wrong.append("the bot let go of the caller")
        elif self.attempts and not self.stays_with_bot and report.announcement_cut_ms != 0:
            wrong.append("the announcement was not heard to its end")
        wrong += [f"{one.destination} was left alone" for one in report.attempts if one.abandoned]
        stayed_ms = report.stages_ms.get("bridged_after_bot_left", 0)
        if stayed_ms < self.stays_s * 1000:
            wrong.append(f"connected for {stayed_ms} ms, must be {self.stays_s * 1000:.0f} or more")
        return wrong

    def _in_my_order(self, tried: tuple[Attempt, ...]) -> tuple[Attempt, ...]:
        """Return attempts that were made at once in the order in which they stand here."""
        mine = {name: place for place, (name, _) in enumerate(self.attempts)}
        return tuple(sorted(tried, key=lambda one: mine.get(one.destination, len(mine))))


@dataclass(frozen=True, slots=True)
class Scenario:
    """One call. It is over `watch_s` after the event `over`, and `limit_s` in any case.

    `warm` is the mode of the handoff, `confirm` that a dialled human has to press a key, `strategy`
    in which order humans are tried, `introduce` that caller and human are told of one another;
    `last_resort` is what a caller gets whom nobody takes; `armed` leaves Pipecat's own hang-up as
    it is.
    """

    name: str
    description: str
    lines: Sequence[Line]
    over: When
    watch_s: float
    must: Must
    phones: Phones
    acts: Sequence[Act] = ()
    warm: bool = False
    confirm: bool = False
    strategy: Strategy = Strategy.PRIORITY
    introduce: bool = False
    last_resort: LastResort = LastResort.BOT
    armed: bool = False
    limit_s: float = 25.0


_ANSWERED: Final[Phones] = {
    SIP_ADDRESS: {
        "answers_after_s": 0.4,
        "challenge": {"username": SIP_USERNAME, "password": SIP_PASSWORD},
    },
    PHONE_NUMBER: {"answers_after_s": 0.4},
}
_SILENT: Final[Phones] = {
    SIP_ADDRESS: {**_ANSWERED[SIP_ADDRESS], "answers_after_s": None},
    PHONE_NUMBER: {"answers_after_s": None},
}
_OTHER_PASSWORD: Final[Phones] = {
    **_ANSWERED,
    SIP_ADDRESS: {
        "answers_after_s": 0.4,
        "challenge": {"username": SIP_USERNAME, "password": "changed-since"},
    },
}


def _humans(support: Mapping[str, Any], duty_phone: Mapping[str, Any]) -> Phones:
    """Both telephones answer, and then do as they are told here."""
    return {
        SIP_ADDRESS: {**_ANSWERED[SIP_ADDRESS], **support},
        PHONE_NUMBER: {**_ANSWERED[PHONE_NUMBER], **duty_phone},
    }


_BUSY: Final = _humans({"busy": True}, {"busy": True})
_BOTH_BUSY: Final = (("support", 3010), ("duty-phone", 3010))
_YES: Final = "yes, put them through"
_NOT_YET: Final = "give me two seconds"
_ASKS: Final = conversation([(0.9, "a human please")])
_TALKING: Final = When("leg.bridged")
_WITH_SUPPORT: Final = Must(
    "connected", "human", "support", attempts=(("support", None),), stays_s=0.4
)


def _scenario(name: str, description: str, lines: Sequence[Line], **more: Any) -> Scenario:
    """A scenario; unless it says otherwise humans answer and it ends with a bridged call."""
    usual = {"over": _TALKING, "watch_s": 0.6, "must": _WITH_SUPPORT, "phones": _ANSWERED}
    return Scenario(name, description, lines, **{**usual, **more})


_ALL: Final = (
    _scenario(
        "bridged",
        "the caller asks for a human, hears the announcement to its end and is connected",
        _ASKS,
    ),
    _scenario(
        "sip-auth-failed",
        "the SIP endpoint refuses our credentials, so the phone number is tried",
        conversation([(0.9, "a supervisor please")]),
        phones=_OTHER_PASSWORD,
        must=Must(
            "connected",
            "human",
            "duty-phone",
            attempts=(("support", 4240), ("duty-phone", None)),
            stays_s=0.4,
        ),
    ),
    _scenario(
        "no-answer",
        "nobody answers anywhere, so the bot takes the caller back and goes on",
        conversation([(1.2, "a human please")])
        + conversation([(3.0, "where is my parcel")], stream=2),
        phones=_SILENT,
        over=When("heard.started", nth=2, source="bot", since="leg.ended"),
        watch_s=1.0,
        must=Must("returned", "bot", attempts=(("support", 3000), ("duty-phone", 3000))),
    ),
    _scenario(
        "caller-hangs-up",
        "the caller hangs up while the human's phone rings, and it stops ringing",
        _ASKS,
        phones=_SILENT,
        acts=(Act("hang_up", When("leg.ringing"), 0.6),),
        over=When("call.ended"),
        must=Must("caller_left", attempts=(("support", 1000),)),
    ),
    _scenario(
        "not-wanted",
        'the caller says "I do not want a human", and stays with the bot',
        conversation([(0.9, "i do not want a human")]),
        over=When("heard.started", source="bot", since="caller.says"),
        watch_s=3.5,
        must=Must("with_bot", "bot"),
    ),
    _scenario(
        "split-request",
        'one request in two pieces, "can I talk to" and "a person please", is heard as one',
        conversation([(0.9, "can i talk to"), (0.5, "a person please")]),
    ),
    _scenario(
        "in-french",
        "the caller speaks French: so is he spoken to, and so is the human told what he wants",
        conversation([(0.9, "je veux parler à un conseiller")], language="fr"),
    ),
    _scenario(
        "goodbye",
        "an ordinary call: the bot says goodbye and ends it",
        conversation([(0.9, "thanks goodbye")]),
        over=When("call.ended"),
        must=Must("finished"),
    ),
    _scenario(
        "stream-lost",
        "the media socket breaks without a reason, and the caller gets the bot back",
        conversation([(3.0, "where is my parcel")], stream=2),
        acts=(Act("drop_stream", When("heard.started", source="bot"), 0.8),),
        over=When("heard.started", nth=2, source="bot", since="stream.closed"),
        must=Must("with_bot", "bot"),
    ),
    _scenario(
        "warm",
        "the human is called first, hears the question and presses 1, then gets the caller",
        _ASKS,
        warm=True,
        phones=_humans({"presses": "1", "reacts_after_s": 3.0}, {}),
        must=replace(_WITH_SUPPORT, answers=("1",)),
    ),
    _scenario(
        "warm-declined",
        "the first human presses 2 and is thanked, the second says yes and gets the caller",
        _ASKS,
        warm=True,
        phones=_humans(
            {"presses": "2", "reacts_after_s": 1.0}, {"says_back": _YES, "reacts_after_s": 0.6}
        ),
        must=Must(
            "connected",
            "human",
            "duty-phone",
            attempts=(("support", 4000), ("duty-phone", None)),
            answers=("2", _YES),
            stays_s=0.4,
        ),
    ),
    _scenario(
        "warm-introduced",
        "once both are in the room, caller and human hear that they are connected, and why",
        conversation([(0.9, "my name is anna smith"), (0.9, "a human please")]),
        warm=True,
        introduce=True,
        phones=_humans({"presses": "1", "reacts_after_s": 0.6}, {}),
        over=When("heard.ended", source="room"),
        must=replace(
            _WITH_SUPPORT, answers=("1",), introduction="You are connected. Name: anna smith."
        ),
    ),
    _scenario(
        "warm-later",
        "the first human asks for two seconds, the second is busy, the first gets the caller then",
        _ASKS,
        warm=True,
        phones=_humans(
            {
                "says_back": _NOT_YET,
                "reacts_after_s": 0.6,
                "then": {**_ANSWERED[SIP_ADDRESS], "presses": "1", "reacts_after_s": 0.6},
            },
            {"busy": True},
        ),
        must=Must(
            "connected",
            "human",
            "support",
            attempts=(("support", 4000), ("duty-phone", 3010), ("support", None)),
            answers=(_NOT_YET, None, "1"),
            stays_s=0.4,
        ),
    ),
    _scenario(
        "warm-parallel",
        "both humans are called at once: who accepts first gets the caller, the other is told",
        _ASKS,
        warm=True,
        strategy=Strategy.PARALLEL,
        phones=_humans(
            {"presses": "1", "reacts_after_s": 9.0}, {"presses": "1", "reacts_after_s": 1.5}
        ),
        must=Must(
            "connected",
            "human",
            "duty-phone",
            attempts=(("support", 4000), ("duty-phone", None)),
            answers=(None, "1"),
            in_order=False,
            stays_s=0.4,
        ),
    ),
    _scenario(
        "warm-machine",
        "the first human's voicemail answers and is hung up, the second human gets the caller",
        _ASKS,
        warm=True,
        phones=_humans({"machine": True}, {"presses": "1", "reacts_after_s": 0.6}),
        must=Must(
            "connected",
            "human",
            "duty-phone",
            attempts=(("support", 4000), ("duty-phone", None)),
            answers=(None, "1"),
            stays_s=0.4,
        ),
    ),
    _scenario(
        "warm-nobody",
        "no human takes the call: the caller never leaves the bot, is told so and goes on",
        conversation([(0.9, "a human please"), (12.0, "where is my parcel")]),
        warm=True,
        phones=_humans({"presses": "2", "reacts_after_s": 3.6}, {"busy": True}),
        over=When("heard.started", source="bot", since="caller.says", since_nth=2),
        watch_s=1.0,
        must=Must(
            "returned",
            "bot",
            attempts=(("support", 4000), ("duty-phone", 3010)),
            answers=("2", None),
            stays_with_bot=True,
        ),
    ),
    _scenario(
        "warm-caller-hangs-up",
        "the caller hangs up while the human hears the question, who is told so and released",
        _ASKS,
        warm=True,
        acts=(Act("hang_up", When("heard.started", source="speak"), 0.8),),
        over=When("call.ended"),
        must=Must("caller_left", attempts=(("support", 4000),), stays_with_bot=True),
    ),
    _scenario(
        "confirm",
        "the first human does not press the key he is asked for, the second does and is connected",
        _ASKS,
        confirm=True,
        phones=_humans({"machine": True}, {"presses": "1", "reacts_after_s": 1.0}),
        must=Must(
            "connected",
            "human",
            "duty-phone",
            attempts=(("support", 9110), ("duty-phone", None)),
            answers=(None, "1"),
            stays_s=0.4,
        ),
        limit_s=40.0,
    ),
    _scenario(
        "voicemail",
        "nobody is free, so the caller leaves a message, and the application is told where it is",
        _ASKS,
        phones=_BUSY,
        last_resort=LastResort.VOICEMAIL,
        acts=(
            Act("say", When("record.started"), 0.2, "please call me about my parcel"),
            Act("hang_up", When("record.started"), 3.0),
        ),
        over=When("call.ended"),
        must=Must("voicemail", "voicemail", attempts=_BOTH_BUSY, last_words="leave a message"),
        limit_s=40.0,
    ),
    _scenario(
        "callback",
        "nobody is free, so the caller is promised that a colleague calls him back",
        _ASKS,
        phones=_BUSY,
        last_resort=LastResort.CALLBACK,
        over=When("call.ended"),
        must=Must("goodbye", attempts=_BOTH_BUSY, last_words="will call you back"),
        limit_s=40.0,
    ),
    _scenario(
        "armed-bot",
        "the same call with Pipecat's own hang-up left armed: it must lose the caller",
        _ASKS,
        armed=True,
        must=Must("lost"),
    ),
)

SCENARIOS: Final[Mapping[str, Scenario]] = {one.name: one for one in _ALL}
"""Every scenario by its name."""


def own_conversation(name: str, lines: Sequence[Line]) -> Scenario:
    """Play a conversation of the user's own: until a while after its last word, or a bridged call.

    Whatever comes of it is right, as long as the caller is not lost.
    """
    last_s = max(line.at for line in lines)
    streams = max(line.stream for line in lines)
    return Scenario(
        name,
        "a conversation of your own",
        lines,
        over=_TALKING,
        watch_s=2.0,
        must=Must("any"),
        phones=_ANSWERED,
        limit_s=last_s * streams + 12.0,
    )


def own_call(*, warm: bool = False) -> Scenario:
    """Let somebody be the caller himself, for as long as he likes; right is whatever keeps him."""
    return Scenario(
        "your-own-call" + ("-warm" if warm else ""),
        "you are the caller: say what you like"
        + (", and the human is asked before he gets you" if warm else ""),
        (),
        over=When("call.ended"),
        watch_s=0.0,
        must=Must("any"),
        phones=_ANSWERED,
        warm=warm,
        limit_s=900.0,
    )
