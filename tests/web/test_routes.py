"""What Plivo's requests get back: valid, forged, repeated, unknown, and with everything broken."""

from __future__ import annotations

import sqlite3

import httpx
import pytest

from escalate import Switchboard
from escalate.handoff import read_headers
from escalate.plivo.signature import NONCE_HEADER, SIGNATURE_HEADER, sign_v3
from escalate.plivo.xml import Dial, Hangup, Redirect, Response, Speak, Stream, User, Wait, parse
from escalate.settings import Settings
from escalate.transfer import Ending, Mode, State
from escalate.transfer import events as e
from escalate.values import Outcome, Party, Reason, Said, Trigger
from tests.web.conftest import PASSWORD, PUBLIC, TOKEN, UUID, Plivo


async def escalated(board: Switchboard, plivo: Plivo) -> str:
    """Bring a call to the point where its human is to be dialled; return the attempt's path."""
    await plivo.document("/answer")
    request = board.request(Trigger.ASKED, "asked")
    await board.receive(UUID, request)
    await board.receive(UUID, e.AnnouncementEnded(request.escalation))
    return f"/calls/{UUID}/escalations/{request.escalation}/attempts/1"


async def state(board: Switchboard) -> State | Ending | None:
    call = await board.store.load(UUID)
    held = call.escalation if call else None
    return None if held is None else held.ending or held.state


def kinds(document: Response) -> list[type]:
    return [type(step) for step in document.children]


async def test_an_answered_call_is_streamed_to_the_bot_and_comes_back_to_us(plivo: Plivo) -> None:
    """Stream kept alive, and a Redirect behind it: the caller can never run off the end."""
    document = await plivo.document("/answer")
    stream, redirect = document.children
    assert isinstance(stream, Stream)
    assert isinstance(redirect, Redirect)
    assert (True, True) == (stream.bidirectional, stream.keep_call_alive)
    assert redirect.url.startswith(f"{PUBLIC}/calls/{UUID}/next?stream=1#")
    assert "rc=5" in redirect.url


async def test_the_document_after_the_stream_dials_the_first_destination(
    board: Switchboard, plivo: Plivo
) -> None:
    """With credentials, ring time, action and progress reports."""
    attempt = await escalated(board, plivo)
    (dial,) = (await plivo.document(f"/calls/{UUID}/next?stream=1")).children
    assert isinstance(dial, Dial)
    (user,) = dial.children
    assert isinstance(user, User)
    assert user.sip_auth_password is not None
    assert PASSWORD == user.sip_auth_password.get_secret_value()
    assert (30, "POST") == (dial.timeout, dial.method)
    assert dial.action is not None
    assert dial.action.startswith(f"{PUBLIC}{attempt}/ended#")


async def test_the_human_is_dialled_with_what_is_known_about_the_call(
    board: Switchboard, plivo: Plivo
) -> None:
    """As headers that Plivo sends; a telephone, which could not show them, gets none."""
    await board.store.remember(UUID, Said(Party.CALLER, "my card is 4111 1111 1111 1111", 1.0))
    await board.store.remember(UUID, Said(Party.CALLER, "i want to cancel order 4455", 2.0))
    attempt = await escalated(board, plivo)
    (dial,) = (await plivo.document(f"/calls/{UUID}/next?stream=1")).children
    assert isinstance(dial, Dial)
    (user,) = dial.children
    received = read_headers(user.sip_headers or {})
    assert received.intact
    context = received.context
    assert (UUID, Trigger.ASKED, "asked") == (context.call_uuid, context.trigger, context.reason)
    assert "Request: i want to cancel order 4455." == context.summary
    assert context.link.startswith(f"{PUBLIC}/context/")
    busy = {"DialStatus": "busy", "DialBLegUUID": ""}
    (dial,) = (await plivo.document(f"{attempt}/ended", busy)).children
    assert isinstance(dial, Dial)
    assert None is dial.children[0].sip_headers


async def test_a_repeated_request_gets_the_same_bytes(board: Switchboard, plivo: Plivo) -> None:
    """An answer that got lost on the way is fetched again."""
    await escalated(board, plivo)
    first = await plivo.post(f"/calls/{UUID}/next?stream=1")
    # What the bot's process still had to tell of the conversation.
    await board.store.remember(UUID, Said(Party.CALLER, "my name is Anna", 1.0))
    await board.receive(UUID, e.LanguageHeard("de"))
    again = await plivo.post(f"/calls/{UUID}/next?stream=1")
    assert first.content == again.content


async def test_a_failed_dial_leads_to_the_next_destination_and_then_back_to_the_bot(
    board: Switchboard, plivo: Plivo
) -> None:
    """The action's answer is the next document."""
    attempt = await escalated(board, plivo)
    await plivo.document(f"/calls/{UUID}/next?stream=1")
    busy = {"DialStatus": "busy", "DialBLegUUID": ""}
    assert [Dial] == kinds(await plivo.document(f"{attempt}/ended", busy))
    second = attempt.removesuffix("1") + "2"
    assert [Stream, Redirect] == kinds(await plivo.document(f"{second}/ended", busy))
    await plivo.post(f"/calls/{UUID}/streams/2", {"Event": "StartStream"})
    assert isinstance(ending := await state(board), Ending)
    assert (Outcome.RETURNED, Reason.BUSY) == (ending.outcome, ending.reason)


async def test_the_caller_hears_why_in_his_own_language(board: Switchboard, plivo: Plivo) -> None:
    """Also from a replica that has never heard him, and the same when it is asked again."""
    await plivo.document("/answer")
    await board.receive(UUID, e.LanguageHeard("de-AT"))
    request = board.request(Trigger.ASKED, "asked", bot_left=False)
    await board.receive(UUID, request)
    await board.receive(UUID, e.AnnouncementEnded(request.escalation))
    await plivo.document(f"/calls/{UUID}/next?stream=1")
    attempts = f"/calls/{UUID}/escalations/{request.escalation}/attempts"
    busy = {"DialStatus": "busy", "DialBLegUUID": ""}
    await plivo.document(f"{attempts}/1/ended", busy)
    said, hangup = (await plivo.document(f"{attempts}/2/ended", busy)).children
    assert isinstance(said, Speak)
    assert said.text.startswith("Es tut mir leid, alle Kollegen sind im Gespräch. Bitte rufen Sie")
    assert ("WOMAN", "de-DE") == (said.voice, said.language)
    again = await plivo.document(f"{attempts}/2/ended", busy)
    assert (said, hangup) == again.children


async def test_progress_reports_connect_and_a_completed_dial_hangs_up(
    board: Switchboard, plivo: Plivo
) -> None:
    """The human hung up first: the conversation is over."""
    attempt = await escalated(board, plivo)
    await plivo.document(f"/calls/{UUID}/next?stream=1")
    for action in ("answer", "connected"):
        reply = await plivo.post(f"{attempt}/progress", {"DialAction": action})
        assert 204 == reply.status_code
    assert State.CONNECTED is await state(board)
    done = {"DialStatus": "completed", "DialBLegUUID": "b-leg"}
    assert [Hangup] == kinds(await plivo.document(f"{attempt}/ended", done))
    assert isinstance(ending := await state(board), Ending)
    assert Outcome.CONNECTED is ending.outcome


async def test_wrong_credentials_are_known_by_cause_name_or_code(
    board: Switchboard, plivo: Plivo
) -> None:
    """Wherever Plivo puts them: leg report or action."""
    attempt = await escalated(board, plivo)
    await plivo.document(f"/calls/{UUID}/next?stream=1")
    ended = {
        "DialAction": "hangup",
        "DialBLegHangupCauseName": "sip_auth_failed",
        "DialBLegHangupCauseCode": "4240",
    }
    await plivo.post(f"{attempt}/progress", ended)
    await plivo.document(f"{attempt}/ended", {"DialStatus": "failed"})
    call = await board.store.load(UUID)
    assert call is not None
    assert call.escalation is not None
    tried = call.escalation.attempts[0]
    assert (Reason.SIP_AUTH_FAILED, 4240) == (tried.reason, tried.cause_code)


async def test_the_callers_hang_up_ends_call_and_escalation(
    board: Switchboard, plivo: Plivo
) -> None:
    """Reported by the application's hang-up URL."""
    await escalated(board, plivo)
    await plivo.post("/hangup", {"HangupCauseName": "Normal Hangup"})
    assert isinstance(ending := await state(board), Ending)
    assert Outcome.CALLER_LEFT is ending.outcome


@pytest.mark.parametrize(
    "path",
    [
        "/answer",
        f"/calls/{UUID}/next?stream=1",
        f"/calls/{UUID}/escalations/x/attempts/1/ended",
    ],
)
async def test_a_forged_request_for_a_document_keeps_the_caller_and_changes_nothing(
    board: Switchboard, plivo: Plivo, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Should the token be wrong on our side, a real caller hears this: he must not be dropped."""
    await escalated(board, plivo)
    before = await board.store.load(UUID)
    reply = await plivo.post(path, token="somebody-else")
    assert 200 == reply.status_code
    assert PASSWORD not in reply.text
    document = parse(reply.text)
    assert Speak in kinds(document)
    assert Redirect in kinds(document)
    assert before == await board.store.load(UUID)
    assert "alarm" in caplog.text


@pytest.mark.parametrize(
    "path",
    [
        "/hangup",
        f"/calls/{UUID}/streams/1",
        f"/calls/{UUID}/escalations/x/attempts/1/progress",
    ],
)
async def test_a_forged_report_is_refused(plivo: Plivo, path: str) -> None:
    """Nothing is executed there, so nothing is lost by saying no."""
    assert 403 == (await plivo.post(path, token="somebody-else")).status_code


async def test_an_unsigned_request_holds_no_more_than_a_forged_one(
    board: Switchboard, plivo: Plivo
) -> None:
    """No header at all, and a body that is no form."""
    await escalated(board, plivo)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(board.app)) as http:
        for body in (b"", b"\xff\xfe", b"a" * 100_000, b"CallUUID=" + UUID.encode()):
            url = f"http://x/calls/{UUID}/next?stream=1"
            reply = await http.post(url, content=body)
            assert 200 == reply.status_code
            assert PASSWORD not in reply.text


async def test_a_signed_request_about_another_call_than_its_url_gets_nothing(
    board: Switchboard, plivo: Plivo
) -> None:
    """A signature proves who asks; the fields prove for which call."""
    await escalated(board, plivo)
    reply = await plivo.post(f"/calls/{UUID}/next?stream=1", {"CallUUID": "another"})
    assert PASSWORD not in reply.text


async def test_an_unknown_call_is_kept_on_the_line(plivo: Plivo) -> None:
    """A store that was emptied must not cost the callers of that moment."""
    assert Redirect in kinds(
        await plivo.document("/calls/unknown/next?stream=1", {"CallUUID": "unknown"})
    )


async def test_a_caller_is_kept_a_bounded_time_and_then_told_to_call_again(plivo: Plivo) -> None:
    """The document counts in its own address; it reads nothing else."""
    path, seen = "/calls/unknown/next?stream=1", 0
    while True:
        document = await plivo.document(path, {"CallUUID": "unknown"})
        *_, last = document.children
        if isinstance(last, Hangup):
            break
        assert isinstance(last, Redirect)
        path = last.url.removeprefix(PUBLIC).partition("#")[0]
        seen += 1
    assert 12 == seen


async def test_with_the_store_down_what_the_dial_reported_is_not_lost(
    board: Switchboard, plivo: Plivo, settings: Settings
) -> None:
    """The caller asks again, with the status that Plivo reports only once."""
    attempt = await escalated(board, plivo)
    await plivo.document(f"/calls/{UUID}/next?stream=1")
    holder = sqlite3.connect(settings.store, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    done = {"DialStatus": "completed", "DialBLegUUID": "b-leg"}
    document = await plivo.document(f"{attempt}/ended", done)
    holder.execute("ROLLBACK")
    holder.close()
    *_, redirect = document.children
    assert isinstance(redirect, Redirect)
    again = redirect.url.removeprefix(PUBLIC).partition("#")[0]
    assert [Hangup] == kinds(await plivo.document(again))
    assert isinstance(ending := await state(board), Ending)
    assert Outcome.CONNECTED is ending.outcome


async def test_with_the_store_down_a_report_is_asked_for_again(
    plivo: Plivo, settings: Settings
) -> None:
    """Plivo repeats what is answered with 5xx."""
    await plivo.document("/answer")
    holder = sqlite3.connect(settings.store, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert 503 == (await plivo.post("/hangup")).status_code
    holder.execute("ROLLBACK")
    holder.close()


async def test_a_destination_that_left_the_settings_is_skipped(
    board: Switchboard, plivo: Plivo, settings: Settings
) -> None:
    """A plan made before a deployment names somebody the new settings do not know."""
    attempt = await escalated(board, plivo)
    fewer = settings.model_copy(update={"destination": settings.destination[1:]})
    async with Switchboard(fewer) as later:
        new = Plivo(later)
        (redirect,) = (await new.document(f"/calls/{UUID}/next?stream=1")).children
        assert isinstance(redirect, Redirect)
        path = redirect.url.removeprefix(PUBLIC).partition("#")[0]
        assert path.startswith(f"{attempt}/ended?")
        (dial,) = (await new.document(path)).children
        assert isinstance(dial, Dial)


async def test_health_says_whether_the_store_answers(board: Switchboard) -> None:
    """For whatever watches the process."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(board.app)) as http:
        assert 200 == (await http.get("http://x/health")).status_code


async def test_a_mounted_board_starts_on_first_use(settings: Settings) -> None:
    """Starlette does not run the lifespan of what is mounted."""
    from starlette.applications import Starlette
    from starlette.routing import Mount

    board = Switchboard(settings)
    outer = Starlette(routes=[Mount("/escalate", board.app)])
    fields = {"CallUUID": UUID}
    url = f"{PUBLIC}/answer"
    headers = {
        SIGNATURE_HEADER: sign_v3("POST", url, fields, auth_token=TOKEN, nonce="1"),
        NONCE_HEADER: "1",
    }
    async with httpx.AsyncClient(transport=httpx.ASGITransport(outer)) as http:
        reply = await http.post(
            "http://10.0.0.1:8000/escalate/answer", data=fields, headers=headers
        )
    assert [Stream, Redirect] == kinds(parse(reply.text))
    await board.__aexit__(None, None, None)


@pytest.mark.parametrize(
    "path",
    [
        "/calls/%00/next?stream=1",
        "/calls/%0d%0aX: y/next?stream=abc",
        "/calls/" + "x" * 5000 + "/next",
        "/calls/%F0%9F%93%9E/next?stream=%FF",
        "/calls/a/escalations/b/attempts/99999999999999999999/ended",
        "/calls/%3CSpeak%3E/next?stream=1&again=%22%3E%3CHangup/%3E",
        "/answer?again=-1&again=9e9",
        "/calls/a/escalations/b/humans/1/reply?silence=1",
    ],
)
async def test_no_request_is_answered_with_an_error_or_broken_out_of(
    board: Switchboard, path: str
) -> None:
    """Whatever asks, the answer is a document, and only ours."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(board.app)) as http:
        reply = await http.post(f"http://x{path}")
    assert 200 == reply.status_code
    assert [Speak] == kinds(parse(reply.text))[:1]


# --- a human who confirms -------------------------------------------------------------------------


async def test_a_human_who_has_to_confirm_is_briefed_and_asked_for_a_key(
    settings: Settings,
) -> None:
    """The Dial points to the whisper, which holds what is known and nothing but sound."""
    handoff = settings.handoff.model_copy(update={"mode": Mode.CONFIRM})
    async with Switchboard(settings.model_copy(update={"handoff": handoff})) as board:
        plivo = Plivo(board)
        await board.store.remember(
            UUID, Said(Party.CALLER, "my name is Peter Miller", board.clock())
        )
        attempt = await escalated(board, plivo)
        (dial,) = (await plivo.document(f"/calls/{UUID}/next?stream=1")).children
        assert isinstance(dial, Dial)
        assert ("1", 30) == (dial.confirm_key, dial.confirm_timeout)
        assert f"{PUBLIC}{attempt}/whisper" == (dial.confirm_sound or "").partition("#")[0]
        whisper = await plivo.document(f"{attempt}/whisper")
        assert [] == [one for one in whisper.children if not isinstance(one, Speak | Wait)]
        said = [one.text for one in whisper.children if isinstance(one, Speak)]
        assert "Press 1 to take the call." == said[-1]
        assert "Name: Peter Miller." == said[1]
        for asked in (
            plivo.document(f"{attempt}/whisper", token="not-the-token"),
            plivo.document("/calls/other/escalations/none/attempts/1/whisper"),
        ):
            bare = [one.text for one in (await asked).children if isinstance(one, Speak)]
            assert [said[0], said[-1], said[-1]] == bare


async def test_a_dial_without_confirmation_asks_for_no_key(
    board: Switchboard, plivo: Plivo
) -> None:
    """Twin: cold mode bridges whoever picks up."""
    await escalated(board, plivo)
    (dial,) = (await plivo.document(f"/calls/{UUID}/next?stream=1")).children
    assert isinstance(dial, Dial)
    assert (None, None) == (dial.confirm_key, dial.confirm_sound)
