"""What is said about a transfer comes late, is wrong, or is one word for everything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import httpx
from pytest import MonkeyPatch

from escalate import News, Step
from escalate.emulator.phones import Challenge, Phone
from escalate.errors import CarrierUnreachable, RequestRefused
from escalate.plivo.client import PlivoClient
from escalate.transfer import events as e
from escalate.transfer.outcomes import MEANINGS
from escalate.values import Outcome, Reason

from .house import ACCEPTS, ANSWERS, BUSY, DUTY, NEVER, PASSWORD, PHONE, SIP, SUPPORT, THEIRS, play
from .house import a_document_of_their_own as theirs
from .telling import deaf_to, story, taking, writing

CHANGED = Challenge(username="queue1", password="changed-since")
RIGHT = Challenge(username="queue1", password=PASSWORD)
SILENT = Phone(challenge=RIGHT, silent_after_challenge=True, answers_after_s=None)
FAILURES = {
    Reason.BUSY: BUSY,
    Reason.DECLINED: Phone(declines=True, answers_after_s=2),
    Reason.NO_ANSWER: NEVER,
    Reason.UNREACHABLE: Phone(unregistered=True),
    Reason.SIP_AUTH_FAILED: Phone(challenge=CHANGED),
    Reason.SIP_AUTH_TIMEOUT: SILENT,
}


@story(
    "livekit/agents#7200",
    "livekit/agents PR #7253",
    "livekit/sip#234",
    twin=taking(e.HumanLegEnded | e.DialEnded, lambda told: replace(told, reason=Reason.UNKNOWN)),
)
def each_failure_has_its_own_reason_and_only_a_broken_destination_alarms() -> None:
    """So that the right sentence is said, the right human is next, and an operator is told."""
    for reason, phone in FAILURES.items():
        told = play({SIP: phone, PHONE: ANSWERS})
        told.nobody_is_worse_off()
        assert [("support", reason), ("duty", Reason.COMPLETED)] == told.reasons
        broken = [reason] if MEANINGS[reason].alarm else []
        assert broken == [alarm.reason for alarm in told.alarms]


class Way(httpx.AsyncBaseTransport):
    """Plivo's API, with something the matter with the first request that is posted to a place."""

    def __init__(self, way: httpx.AsyncBaseTransport, path: str, what: str) -> None:
        self._way, self._path, self._what = way, path, what
        self._is_first = True

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        hit = request.method == "POST" and request.url.path.endswith(self._path)
        if not hit or not self._is_first:
            return await self._way.handle_async_request(request)
        self._is_first = False
        if self._what == "404":
            return httpx.Response(404, request=request)
        if self._what == "slow error":
            await asyncio.sleep(12)
            return httpx.Response(500, request=request)
        await self._way.handle_async_request(request)
        await asyncio.sleep(2)
        raise httpx.ReadTimeout("the answer is lost", request=request)


def first(path: str, what: str) -> Callable[[httpx.AsyncBaseTransport], Way]:
    """A way on which what is posted there first comes to nothing, or seems to."""
    return lambda way: Way(way, path, what)


CALL, MOVE = "/Call/", "/"


def _lost_is_refused(patch: MonkeyPatch) -> None:
    transfer = PlivoClient.transfer

    async def hasty(client: PlivoClient, call_uuid: str, url: str) -> None:
        try:
            await transfer(client, call_uuid, url)
        except CarrierUnreachable:
            raise RequestRefused("no answer", status=500) from None

    patch.setattr(PlivoClient, "transfer", hasty)


@story("livekit/livekit#4555", twin=_lost_is_refused)
def a_move_whose_answer_is_lost_is_not_taken_for_a_failure() -> None:
    """It was carried out all the same: they talk, once."""
    lost = first(MOVE, "lost answer")
    told = play({SIP: ANSWERS}, answer_url=THEIRS, network=theirs, way=lost)

    told.nobody_is_worse_off()
    assert (Outcome.CONNECTED, "support") == told.ending
    assert 1 == len(told.all("leg.dialed"))


def _asked_again(patch: MonkeyPatch) -> None:
    make_call = PlivoClient.make_call

    async def stubborn(client: PlivoClient, call: object) -> str:
        try:
            return await make_call(client, call)  # type: ignore[arg-type]
        except CarrierUnreachable:
            return await make_call(client, call)  # type: ignore[arg-type]

    patch.setattr(PlivoClient, "make_call", stubborn)


@story("livekit/livekit#4555", twin=_asked_again)
def a_human_whose_call_was_not_confirmed_is_not_called_twice() -> None:
    """His phone rings although the request seemed to fail; he answers and has the caller."""
    slow = ACCEPTS.model_copy(update={"answers_after_s": 15})
    lost = first(CALL, "lost answer")
    told = play({SIP: slow, PHONE: NEVER}, handoff={"mode": "warm"}, way=lost)

    told.nobody_is_worse_off()
    assert (Outcome.CONNECTED, "support") == told.ending
    assert 1 == len(told.all("leg.dialed"))


@story(
    "livekit/node-sdks#606",
    "docs.vapi.ai: assistant-forwarded-call does not mean that anyone answered",
    twin=taking(e.DialEnded, lambda told: replace(told, connected=True)),
)
def nobody_is_said_to_be_connected_before_somebody_answers() -> None:
    """The caller was moved and phones rang, which is no success; he has the bot again."""
    news: list[News] = []
    told = play({SIP: NEVER, PHONE: BUSY}, board={"on_news": lambda _, one: news.append(one)})

    told.nobody_is_worse_off()
    assert (Outcome.RETURNED, None) == told.ending
    assert Step.CONNECTED not in [one.step for one in news]


@story(
    "livekit/agents#3187",
    "livekit/livekit#3831",
    "livekit/livekit#4017",
    "community.retellai.com t/757",
    twin=writing("Dial", lambda said: {**said, "timeout": 30}),
)
def a_phone_rings_as_long_as_the_settings_say() -> None:
    """Ten seconds where somebody is in a hurry, ninety where people need them."""
    patient = DUTY.model_copy(update={"ring_s": 90})
    hurried = SUPPORT.model_copy(update={"ring_s": 10})
    late = Phone(answers_after_s=70, talks_s=60)
    told = play({SIP: NEVER, PHONE: late}, destination=(hurried, patient))

    told.nobody_is_worse_off()
    assert (Outcome.CONNECTED, "duty") == told.ending
    assert 10 <= told.at("leg.ended") - told.at("leg.dialed") < 11


@story("livekit/sip#481", twin=deaf_to(e.DeadlinePassed))
def an_error_that_takes_its_time_does_not_keep_the_next_from_being_called() -> None:
    """Nobody knows whether the first phone rings; the second does within the first's time."""
    told = play(
        {SIP: ACCEPTS, PHONE: ACCEPTS},
        handoff={"mode": "warm"},
        way=first(CALL, "slow error"),
    )

    told.nobody_is_worse_off()
    assert (Outcome.CONNECTED, "duty") == told.ending
    assert told.at("leg.dialed") < 60


@story(
    "livekit/sip#626",
    twin=writing("Dial", lambda said: {**said, "children": said["children"] * 2}),
)
def a_second_try_waits_for_the_end_of_the_first() -> None:
    """An INVITE that meets the CANCEL of the one before would be refused with 482."""
    again = (SUPPORT.model_copy(update={"attempts": 2}),)
    answers = ANSWERS.model_copy(update={"presses": "1"})
    for mode in ("cold", "warm"):
        phones = {SIP: Phone(answers_after_s=None, then=answers)}
        told = play(phones, destination=again, handoff={"mode": mode})
        told.nobody_is_worse_off()
        assert (Outcome.CONNECTED, "support") == told.ending
        assert 2 == len(told.all("leg.dialed"))
        assert told.at("leg.ended") <= told.at("leg.dialed", 2)


def _believed(patch: MonkeyPatch) -> None:
    answers = iter([True])

    async def is_live(*_: object) -> bool:
        return next(answers, False)

    patch.setattr(PlivoClient, "is_live", is_live)


@story(
    "a redirect of a call that streams is answered with 404",
    twin=_believed,
)
def a_caller_who_cannot_be_found_to_be_moved_is_not_given_up() -> None:
    """His leg is there: he stays with the bot, which tells him, and an operator is told."""
    told = play({SIP: ANSWERS}, answer_url=THEIRS, network=theirs, way=first(MOVE, "404"))

    assert (Outcome.REFUSED, None) == told.ending
    assert [Reason.REQUEST_REFUSED] == [alarm.reason for alarm in told.alarms]
    assert 2 == len([text for text in told.bots[0].said if text])
