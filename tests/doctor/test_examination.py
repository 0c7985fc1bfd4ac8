"""The doctor at a whole site that is well, and at the same site with one thing broken."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from escalate.doctor import Status, examine

from .conftest import HOOK_SECRET, TOKEN, Site, rewriting

pytest.importorskip("websockets")

from websockets.asyncio.server import ServerConnection, serve
from websockets.frames import Close

WELL = {
    "settings": Status.OK,
    "credentials": Status.OK,
    "clock": Status.OK,
    "caller id": Status.SKIPPED,
    "public URL": Status.OK,
    "signature": Status.OK,
    "answer document": Status.OK,
    "stream URL": Status.OK,
    "SIP addresses": Status.SKIPPED,
    "voices": Status.OK,
    "context page": Status.OK,
    "webhook": Status.SKIPPED,
    "store": Status.OK,
}


async def test_a_site_that_is_well_is_told_so(site: Site) -> None:
    """Every check runs, and none finds anything."""
    found = await site.examine()
    assert WELL == {name: one.status for name, one in found.items()}


async def test_a_language_that_plivo_cannot_speak_is_named(site: Site) -> None:
    """Before a human hears another one."""
    voices = (await site.examine(duty='languages = ["id-ID", "de"]'))["voices"]
    assert Status.WARNING is voices.status
    assert "nothing in id-ID: en is spoken" in voices.found
    assert "[say.id-ID]" in str(voices.advice)


@pytest.mark.parametrize(
    ("answer", "secret", "status"),
    [
        (204, HOOK_SECRET.get_secret_value(), Status.OK),
        (404, HOOK_SECRET.get_secret_value(), Status.PROBLEM),
        (204, "another-key-of-16", Status.PROBLEM),
    ],
)
async def test_an_application_that_does_not_take_messages_is_noticed(
    site: Site, monkeypatch: pytest.MonkeyPatch, answer: int, secret: str, status: Status
) -> None:
    """It gets a signed test; a wrong key shows here instead of in a call."""
    monkeypatch.setenv("ESCALATE_WEBHOOK_SECRET", secret)
    site.hook = answer
    webhook = (await site.examine(webhook=True))["webhook"]
    assert status is webhook.status
    assert secret not in str(webhook)


async def test_what_was_tried_leaves_no_open_call(site: Site) -> None:
    """The call that was never there is over for the store as well."""
    await site.examine()
    with sqlite3.connect(site.folder / "calls.db") as file:
        ended = file.execute("SELECT ended_at IS NOT NULL, deadline FROM calls").fetchall()
    file.close()
    assert [(1, None)] == ended


async def test_settings_that_cannot_be_read_are_the_only_finding(site: Site) -> None:
    """With the place, the key and the fix; the rest would only be noise."""
    (found,) = await examine(site.write_settings(public_url='"bot.example.com"'))
    assert Status.PROBLEM is found.status
    assert "escalate.toml:1: " in found.found
    assert "public_url has to be a URL" in found.found


async def test_no_secret_is_in_any_finding(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where everything fails and says why."""
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", "another-auth-token")
    said = str(await site.examine(caller_id='"+14155550177"'))
    assert "another-auth-token" not in said
    assert TOKEN not in said
    assert "14155550177" not in said


async def test_a_site_that_is_down_is_a_problem_of_each_part(site: Site) -> None:
    """No check raises, and none takes the time of another."""
    async with asyncio.timeout(15):
        found = {one.check: one for one in await examine(site.write_settings())}
    broken = {name for name, one in found.items() if one.status is Status.PROBLEM}
    assert {"credentials", "public URL", "answer document", "stream URL"} == broken


# --- the carrier ----------------------------------------------------------------------------


async def test_a_wrong_token_shows_at_the_api_and_at_our_routes(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The running server has the right one, so it refuses what the doctor signs."""
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", "another-auth-token")
    found = await site.examine()
    assert "does not know this auth id" in found["credentials"].found
    assert "refuse a signed request" in found["signature"].found
    assert "only holds the line" in found["answer document"].found


@pytest.mark.parametrize(
    ("account", "status", "said"),
    [
        ((200, {}), Status.OK, "knows the account"),
        ((200, {"cash_credits": "0.0", "auto_recharge": False}), Status.WARNING, "no credit"),
        ((200, {"cash_credits": "0.0", "auto_recharge": True}), Status.OK, "knows"),
        ((200, ["strange"]), Status.OK, "knows"),
        ((403, {}), Status.PROBLEM, "refuses requests from here"),
        ((404, {}), Status.WARNING, "answered 404"),
        ((503, {}), Status.WARNING, "answered 503"),
    ],
)
async def test_what_the_api_says_about_the_account(
    site: Site, account: tuple[int, object], status: Status, said: str
) -> None:
    """Refused is a problem; an answer that says neither is not."""
    site.account = account
    found = (await site.examine())["credentials"]
    assert status is found.status
    assert said in found.found


@pytest.mark.parametrize(
    ("numbers", "status", "said"),
    [
        ({"Number/14155550100/": 200}, Status.OK, "rented by"),
        ({"VerifiedCallerId/14155550100/": 200}, Status.OK, "verified for"),
        ({}, Status.PROBLEM, "neither rented"),
        ({"Number/14155550100/": 501}, Status.SKIPPED, "answered 501"),
    ],
)
async def test_a_caller_id_has_to_be_the_accounts_own(
    site: Site, numbers: dict[str, int], status: Status, said: str
) -> None:
    """Rented or verified; with any other the human's phone never rings."""
    site.numbers = numbers
    found = (await site.examine(caller_id='"+14155550100"'))["caller id"]
    assert status is found.status
    assert said in found.found


async def test_the_number_of_one_destination_is_looked_at_as_well(site: Site) -> None:
    """The worst of all is told, with whose it is."""
    site.numbers = {"Number/14155550100/": 200}
    duty = 'caller_id = "+14155550111"'
    found = (await site.examine(caller_id='"+14155550100"', duty=duty))["caller id"]
    assert Status.PROBLEM is found.status
    assert "caller_id of duty is neither rented" in found.found


# --- our routes -----------------------------------------------------------------------------


async def test_routes_that_think_they_are_elsewhere_are_told_apart(site: Site) -> None:
    """The doctor signs for what they may take themselves for, until they agree."""
    for board_url, said in (
        (f"https://127.0.0.1:{site.port}/escalate", "to https://"),
        (f"http://127.0.0.1:{site.port}", "root of the host"),
        ("http://127.0.0.1/escalate", "default port"),
    ):
        site.board_url = board_url
        found = (await site.examine(store='"other.db"'))["signature"]
        assert Status.PROBLEM is found.status
        assert said in found.found
        assert found.advice is not None
        assert "public_url" in found.advice


async def test_a_proxy_that_rewrites_the_query_is_found(site: Site) -> None:
    """Its rewriting is one that no signature survives."""
    site.front = rewriting
    found = (await site.examine())["signature"]
    assert Status.PROBLEM is found.status
    assert found.advice is not None
    assert "proxy changes the path or the query" in found.advice


@pytest.mark.parametrize(
    ("path", "url_said", "signature_said"),
    [
        ("moved", "308, a redirect", "answered 308"),
        ("blind", "something else answers there (204)", "unsigned request is answered 204"),
        ("nothing", "something else answers there (404)", "answered 404"),
    ],
)
async def test_whatever_else_answers_in_our_place_is_noticed(
    site: Site, path: str, url_said: str, signature_said: str
) -> None:
    """A redirect, something that says yes to all, and nothing at all."""
    found = await site.examine(public_url=f'"{site.base}/{path}"')
    assert url_said in found["public URL"].found
    assert signature_said in found["signature"].found


async def test_routes_whose_store_is_down_say_so(site: Site) -> None:
    """The routes answer, and name what does not."""
    async with site.running() as board:
        await board.store.__aexit__(None, None, None)
        board.store = type(board.store)(site.folder / "no" / "such" / "folder.db")  # type: ignore[call-arg]
        found = {one.check: one for one in await examine(site.write_settings())}
    assert "their store is not" in found["public URL"].found


# --- documents and media --------------------------------------------------------------------


async def test_an_answer_document_of_somebody_else_is_asked_for_like_a_call(site: Site) -> None:
    """With Plivo's fields, once; what is wrong in it is said."""
    found = (await site.examine(answer_url=f"{site.base}/document"))["answer document"]
    assert Status.PROBLEM is found.status
    assert "nothing follows the Stream" in found.found
    assert 1 == len(site.served)
    assert "Event=StartApp" in site.served[0]


async def test_an_answer_url_that_is_not_there_is_a_problem(site: Site) -> None:
    """Plivo would end the call."""
    found = (await site.examine(answer_url=f"{site.base}/nothing"))["answer document"]
    assert "is answered 404" in found.found


async def test_the_bot_is_let_go_in_order(site: Site) -> None:
    """It receives a Close frame rather than losing the connection."""
    frames: list[Close | None] = []
    heard = asyncio.Event()

    async def listening(socket: ServerConnection) -> None:
        await socket.wait_closed()
        frames.append(socket.protocol.close_rcvd)
        heard.set()

    async with serve(listening, "127.0.0.1", 0) as bot:
        port = next(iter(bot.sockets)).getsockname()[1]
        found = await site.examine(stream_url=f'"ws://127.0.0.1:{port}/ws"')
        async with asyncio.timeout(10):
            await heard.wait()
    assert Status.OK is found["stream URL"].status
    assert [True] == [frame is not None for frame in frames]


@pytest.mark.parametrize("path", ["/escalate/health", "/nothing"])
async def test_a_stream_url_that_is_no_websocket_is_noticed(site: Site, path: str) -> None:
    """A page, and nothing at all."""
    url = f'"ws://127.0.0.1:{site.port}{path}"'
    found = (await site.examine(stream_url=url))["stream URL"]
    assert Status.PROBLEM is found.status
    assert "refused (403)" in found.found


def test_the_doctor_never_makes_the_file_of_the_store(site: Site) -> None:
    """Run by root it would keep the service out."""
    found = asyncio.run(examine(site.write_settings(store='"new.db"')))
    assert "will be made" in next(one for one in found if one.check == "store").found
    assert not Path(site.folder / "new.db").exists()
