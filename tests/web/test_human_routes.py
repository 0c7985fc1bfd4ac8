"""What a human hears who is called for a warm handoff, and what his answers do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from escalate import Switchboard
from escalate.handoff import Reply, replies
from escalate.plivo.client import PlivoClient
from escalate.plivo.xml import Conference, GetInput, Hangup, Redirect, Speak, Stream
from escalate.settings import Settings
from escalate.transfer import Mode, State
from escalate.transfer import events as e
from escalate.values import Outcome, Party, Said, Trigger
from tests.web.conftest import PUBLIC, UUID, Plivo
from tests.web.test_routes import kinds, state


@pytest.fixture
def handoff() -> dict[str, Any]:
    """What the settings say about the handoff."""
    return {"mode": Mode.WARM}


@pytest.fixture
def spoken() -> tuple[str, ...]:
    """The languages of every desk, if a test has no others."""
    return ()


@pytest.fixture
def settings(settings: Settings, handoff: dict[str, Any], spoken: tuple[str, ...]) -> Settings:
    """The same settings, for a warm handoff."""
    warm = settings.handoff.model_copy(update=handoff)
    desks = tuple(one.model_copy(update={"languages": spoken}) for one in settings.destination)
    return settings.model_copy(
        update={"handoff": warm, "caller_id": "+14155550100", "destination": desks}
    )


@pytest.fixture
def placed() -> asyncio.Queue[dict[str, Any]]:
    """The calls that the carrier was asked to make."""
    return asyncio.Queue()


@pytest.fixture
async def board(
    settings: Settings, placed: asyncio.Queue[dict[str, Any]]
) -> AsyncIterator[Switchboard]:
    """A switchboard whose carrier places every call, and does nothing more."""

    async def place(request: Request) -> JSONResponse:
        if request.url.path.endswith("/Call/"):
            placed.put_nowait(await request.json())
        return JSONResponse({"request_uuid": "request-1"}, status_code=201)

    carrier = Starlette(routes=[Route("/{path:path}", place, methods=["POST", "DELETE"])])
    plivo = PlivoClient(
        settings.plivo_auth_id,
        settings.plivo_auth_token,
        http=httpx.AsyncClient(transport=httpx.ASGITransport(carrier)),
    )
    async with Switchboard(settings, plivo=plivo) as opened:
        yield opened


@pytest.fixture
async def human(board: Switchboard, plivo: Plivo) -> str:
    """A human whose phone rings; the root of his routes."""
    await plivo.document("/answer")
    request = board.request(Trigger.ASKED, "asked", language="de")
    await board.receive(UUID, request)
    return f"/calls/{UUID}/escalations/{request.escalation}/humans/1"


async def test_a_human_who_answers_is_asked_and_may_use_keys_or_words(
    plivo: Plivo, human: str
) -> None:
    """The question, an input for either, and a way on for silence."""
    ask, silence = (await plivo.document(f"{human}/answer", {"CallUUID": "leg-1"})).children
    assert isinstance(ask, GetInput)
    assert isinstance(silence, Redirect)
    assert "dtmf speech" == ask.input_type
    assert ask.action.startswith(f"{PUBLIC}{human}/reply?asked=1#")


async def test_a_human_is_told_who_wants_what_before_he_is_asked(
    board: Switchboard, plivo: Plivo, human: str
) -> None:
    """In the caller's words and language; the second question comes without."""
    await board.store.remember(UUID, Said(Party.CALLER, "ich heiße Peter Müller", 1.0))
    ask, _ = (await plivo.document(f"{human}/answer", {"CallUUID": "leg-1"})).children
    assert isinstance(ask, GetInput)
    offer, told, question = ask.children
    assert isinstance(told, Speak)
    assert ("Name: Peter Müller.", "de-DE") == (told.text, told.language)
    again, _ = (await plivo.document(f"{human}/reply?asked=1", {"CallUUID": "leg-1"})).children
    assert isinstance(again, GetInput)
    assert 1 == len(again.children)
    assert again.children[0] not in (offer, question)


async def test_one_key_accepts_and_brings_both_into_the_same_room(
    board: Switchboard, plivo: Plivo, human: str
) -> None:
    """The human first; the caller once he is told."""
    await plivo.document(f"{human}/answer", {"CallUUID": "leg-1"})
    (meet,) = (
        await plivo.document(f"{human}/reply", {"CallUUID": "leg-1", "Digits": "1"})
    ).children
    assert isinstance(meet, Conference)
    await plivo.post(f"{human}/room", {"CallUUID": "leg-1", "ConferenceAction": "enter"})
    escalation = human.split("/")[4]
    await board.receive(UUID, e.AnnouncementEnded(escalation))
    join, otherwise = (await plivo.document(f"/calls/{UUID}/next?stream=1")).children
    assert isinstance(join, Conference)
    assert isinstance(otherwise, Redirect)
    assert join.action == otherwise.url
    assert (meet.room, True) == (join.room, join.end_conference_on_exit)
    assert State.CONNECTED is await state(board)


@pytest.mark.parametrize("words", ["yes, put them through", "Sure, go ahead.", "okay I'll take it"])
async def test_words_accept_as_well_as_a_key(plivo: Plivo, human: str, words: str) -> None:
    """Decided by rules, with no model in between."""
    await plivo.document(f"{human}/answer", {"CallUUID": "leg-1"})
    said = {"CallUUID": "leg-1", "InputType": "speech", "Speech": words}
    assert [Conference] == kinds(await plivo.document(f"{human}/reply?asked=1", said))


@pytest.mark.parametrize("answer", [{"Digits": "7"}, {"Speech": "who is this"}, {}])
async def test_an_unclear_answer_is_asked_again_once(
    board: Switchboard, plivo: Plivo, human: str, answer: dict[str, str]
) -> None:
    """And then counts as a no."""
    await plivo.document(f"{human}/answer", {"CallUUID": "leg-1"})
    before = await state(board)
    again = await plivo.document(f"{human}/reply?asked=1", {"CallUUID": "leg-1", **answer})
    assert [GetInput, Redirect] == kinds(again)
    assert before == await state(board)
    last = await plivo.document(f"{human}/reply?asked=2", {"CallUUID": "leg-1", **answer})
    assert [Speak, Hangup] == kinds(last)


@pytest.mark.parametrize(
    ("spoken", "language", "yes"),
    [
        ((), "en-US", "yes"),
        (("es",), "es-ES", "sí, pásemelo"),
        (("es", "de-DE"), "de-DE", "ja, stellen Sie durch"),
    ],
)
async def test_a_human_is_asked_and_understood_in_a_language_of_his_desk(
    plivo: Plivo, human: str, language: str, yes: str
) -> None:
    """Whatever the caller speaks; a desk without languages hears the configured one."""
    ask, _ = (await plivo.document(f"{human}/answer", {"CallUUID": "leg-1"})).children
    assert isinstance(ask, GetInput)
    assert language == ask.language
    assert {language} == {one.language for one in ask.children if isinstance(one, Speak)}
    said = {"CallUUID": "leg-1", "Speech": yes}
    assert [Conference] == kinds(await plivo.document(f"{human}/reply?asked=1", said))


async def test_an_answering_machine_gets_neither_the_caller_nor_a_message(
    plivo: Plivo, human: str
) -> None:
    """It is known by what it says, where it says it; silence after it would not accept either."""
    await plivo.document(f"{human}/answer", {"CallUUID": "leg-1"})
    greeting = "you have reached the voicemail of anna please leave a message after the tone"
    document = await plivo.document(
        f"{human}/reply?asked=1", {"CallUUID": "leg-1", "Speech": greeting}
    )
    assert [Hangup] == kinds(document)


@pytest.mark.parametrize(
    ("handoff", "asked", "reports"),
    [
        ({"mode": Mode.WARM}, "true", True),
        ({"mode": Mode.WARM, "machine_detection": "before"}, "hangup", False),
        ({"mode": Mode.WARM, "machine_detection": "off"}, None, False),
    ],
)
async def test_the_carrier_listens_for_a_machine_as_the_settings_say(
    human: str, placed: asyncio.Queue[dict[str, Any]], asked: str | None, reports: bool
) -> None:
    """Beside the question it reports to us; before it, it hangs up by itself."""
    made = await placed.get()
    told = str(made.get("machine_detection_url")).partition("#")[0]
    assert asked == made.get("machine_detection")
    assert (f"{PUBLIC}{human}/machine" if reports else "None") == told


@pytest.mark.parametrize("machine", ["true", "false"])
async def test_what_the_carrier_hears_beside_the_question_ends_it_for_a_machine(
    plivo: Plivo, human: str, machine: str
) -> None:
    """The next human is called; a person goes on listening."""
    told = {"CallUUID": "leg-1", "Event": "MachineDetection", "Machine": machine}
    await plivo.post(f"{human}/machine", told)
    kind = Hangup if machine == "true" else GetInput
    assert kind is kinds(await plivo.document(f"{human}/answer", {"CallUUID": "leg-1"}))[0]


@pytest.mark.parametrize(
    "answer", [{"Digits": "2"}, {"Speech": "I can't right now"}, {"Speech": "give me ten minutes"}]
)
async def test_a_no_and_a_not_yet_are_thanked_for(
    board: Switchboard, plivo: Plivo, human: str, answer: dict[str, str]
) -> None:
    """And the next human is called; the caller notices nothing."""
    await plivo.document(f"{human}/answer", {"CallUUID": "leg-1"})
    document = await plivo.document(f"{human}/reply?asked=1", {"CallUUID": "leg-1", **answer})
    assert [Speak, Hangup] == kinds(document)
    call = await board.store.load(UUID)
    assert call is not None
    assert call.open_escalation is not None
    assert 2 == len(call.open_escalation.attempts)


async def test_a_human_who_answers_after_the_caller_has_left_is_told_so(
    plivo: Plivo, human: str
) -> None:
    """Instead of a dead room."""
    await plivo.post("/hangup")
    document = await plivo.document(f"{human}/answer", {"CallUUID": "leg-1"})
    assert [Speak, Hangup] == kinds(document)


async def test_a_human_who_does_not_answer_leaves_the_caller_with_the_bot(
    board: Switchboard, plivo: Plivo, human: str
) -> None:
    """Both phones ring out; the caller never left."""
    for number in (1, 2):
        leg = human.removesuffix("1") + str(number)
        await plivo.post(f"{leg}/hangup", {"CallUUID": "leg", "HangupCauseName": "No Answer"})
    ending = await state(board)
    assert ending is not None
    assert not isinstance(ending, State)
    assert Outcome.RETURNED is ending.outcome
    assert [Stream, Redirect] == kinds(await plivo.document("/answer"))


@pytest.mark.parametrize("spoken", [("de-DE",)])
async def test_no_call_waits_until_a_language_is_read(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What answers are read by in the languages of the desks is read as the switchboard starts."""
    replies._compiled.cache_clear()
    async with Switchboard(settings):
        pass
    monkeypatch.setattr(replies, "Pack", None)
    answers = [replies.read_reply(speech=word, language="de-AT").reply for word in ("ja", "ok")]
    assert [Reply.ACCEPT, Reply.ACCEPT] == answers
