"""Single findings, judged from what was seen."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from escalate.doctor import Bench, Finding, Status, answers_to
from escalate.doctor.advice import FIREWALL_PAGE, TROUBLES
from escalate.doctor.carrier import judge_clock
from escalate.doctor.document import judge_document
from escalate.doctor.findings import NoAnswer
from escalate.doctor.local import check_sip, check_store
from escalate.doctor.reach import judge_upgrade
from escalate.settings import Destination, Settings
from tests.store.harness import RedisServer, need_redis

from .conftest import AUTH_ID, DUTY, TOKEN

STREAM = "<Stream bidirectional='true' {more}>wss://bot.example.com/ws</Stream>"
KEPT = STREAM.format(more="keepCallAlive='true'")
LOOSE = STREAM.format(more="")
REDIRECT = "<Redirect>https://bot.example.com/next</Redirect>"
DIAL = "<Dial {more}><User>sip:bot@trunk.example.com</User></Dial>"
ACTION = "action='https://bot.example.com/next'"


def bench(folder: Path, store: str | None = None, key: str | None = None, *sips: str) -> Bench:
    settings = Settings(
        public_url="https://bot.example.com/escalate",
        stream_url="wss://bot.example.com/ws",
        plivo_auth_id=AUTH_ID,
        plivo_auth_token=SecretStr(TOKEN),
        store=store or str(folder / "calls.db"),
        words_key=None if key is None else SecretStr(key),
        destination=(
            DUTY,
            *(Destination(name=f"desk{number}", sip=sip) for number, sip in enumerate(sips)),
        ),
    )
    return Bench(settings, httpx.AsyncClient(trust_env=False))


@pytest.mark.parametrize(
    ("inside", "status", "said"),
    [
        (KEPT + REDIRECT, Status.OK, "goes on behind it"),
        ("<Speak>Hi.</Speak>" + KEPT + REDIRECT, Status.OK, "goes on behind it"),
        (KEPT, Status.PROBLEM, "nothing follows"),
        (LOOSE, Status.PROBLEM, "ends within seconds"),
        (LOOSE + "<Wait length='60'/>", Status.WARNING, "runs at once"),
        ("<Stream>wss://bot.example.com/ws</Stream>", Status.PROBLEM, "one-way"),
        (DIAL.format(more=ACTION), Status.OK, "dials the bot"),
        (DIAL.format(more=""), Status.WARNING, "no action"),
        ("<Speak>Hi.</Speak>", Status.PROBLEM, "leads to no bot"),
        ("<Say>Hi.</Say>", Status.PROBLEM, "unknown element"),
        ("<Wait length='soon'/>", Status.PROBLEM, "Wait.length"),
        ("<Speak>", Status.PROBLEM, "not well-formed"),
    ],
)
def test_what_an_answer_document_does_with_the_caller(
    inside: str, status: Status, said: str
) -> None:
    """He has to be movable, and to go on when the stream is over."""
    found = judge_document(f"<Response>{inside}</Response>")
    assert status is found.status
    assert said in found.found


def test_a_document_is_never_quoted() -> None:
    """It may hold a password."""
    user = "<User sipAuthUsername='u' sipAuthPassword='short' sendDigits='q'>sip:a@b.example</User>"
    found = judge_document(f"<Response><Dial>{user}</Dial></Response>")
    assert Status.PROBLEM is found.status
    assert "short" not in str(found).replace("shorter", "")


@pytest.mark.parametrize(
    ("now", "status"),
    [
        (784111777.0, Status.OK),
        (784111777.0 + 4, Status.OK),
        (784111777.0 - 10, Status.WARNING),
        (784111777.0 + 61, Status.PROBLEM),
        (784111777.0 - 3600, Status.PROBLEM),
    ],
)
def test_how_far_the_clock_may_be_off(now: float, status: Status) -> None:
    """The example is that of RFC 9110 section 5.6.7."""
    assert status is judge_clock("Sun, 06 Nov 1994 08:49:37 GMT", now).status


@pytest.mark.parametrize("date", [None, "", "yesterday"])
def test_an_answer_without_a_time_says_nothing_about_the_clock(date: str | None) -> None:
    """Not every API has it."""
    assert Status.SKIPPED is judge_clock(date, 0.0).status


def test_a_server_that_only_says_101_is_no_websocket() -> None:
    """It has to show that it read the key; the example is that of RFC 6455 section 1.3."""
    key = "dGhlIHNhbXBsZSBub25jZQ=="
    right = {"Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}
    assert Status.OK is judge_upgrade(httpx.Response(101, headers=right), key).status
    for other in (httpx.Response(101), httpx.Response(200, headers=right), httpx.Response(426)):
        assert Status.PROBLEM is judge_upgrade(other, key).status


@asynccontextmanager
async def listening(tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server that says something, but no HTTP."""

    def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", ssl=tls)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


async def test_why_nobody_answered_is_said_in_words(tmp_path: Path) -> None:
    """A certificate of nobody, a plain port for TLS, no HTTP, no server, no such name."""
    trustme = pytest.importorskip("trustme")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    at = bench(tmp_path)
    async with at.http, listening(context) as strange, listening() as plain:
        for url, said in (
            (f"https://127.0.0.1:{strange}/", "TLS failed: certificate verify failed: unable to"),
            (f"https://127.0.0.1:{plain}/", "TLS failed: "),
            (f"http://127.0.0.1:{plain}/", "no valid HTTP answer"),
            ("http://127.0.0.1:1/", "no connection: "),
            ("http://no-such-host.invalid/", "no connection: "),
        ):
            with pytest.raises(NoAnswer) as raised:
                await at.request("GET", url)
            assert str(raised.value).startswith(said)
            assert "_ssl" not in str(raised.value)


# --- SIP ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("sip:q@8.8.8.8", Status.OK, "1 well-formed"),
        ("sip:q@[2001:4860:4860::8888]:5060;transport=tcp", Status.OK, "1 well-formed"),
        ("sip:q@10.0.0.5:5060", Status.PROBLEM, "desk0 is on a private network"),
        ("sip:q@localhost", Status.PROBLEM, "private network"),
        ("sip:q@cc.example.invalid", Status.WARNING, "no address was found"),
    ],
)
async def test_a_sip_address_has_to_lead_somewhere_plivo_can_go(
    tmp_path: Path, address: str, status: Status, said: str
) -> None:
    """What works on the office network may not work from Plivo's."""
    found = await check_sip(bench(tmp_path, None, None, address))
    assert status is found.status
    assert said in found.found


# --- the store ------------------------------------------------------------------------------


async def test_a_store_without_its_folder_is_a_problem(tmp_path: Path) -> None:
    """It would show at the first call otherwise."""
    found = await check_store(bench(tmp_path / "missing"))
    assert Status.PROBLEM is found.status
    assert found.advice is not None
    assert "make its folder" in found.advice


async def test_a_file_that_is_no_store_is_a_problem(tmp_path: Path) -> None:
    """Somebody named the wrong one."""
    (tmp_path / "calls.db").write_text("not a database, but long enough to be read as one " * 20)
    assert Status.PROBLEM is (await check_store(bench(tmp_path))).status


async def test_a_bad_key_for_words_is_a_problem(tmp_path: Path) -> None:
    """Also before there is a file."""
    pytest.importorskip("cryptography")
    found = await check_store(bench(tmp_path, key="no-key"))
    assert "no Fernet key" in found.found


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ((), Status.OK),
        (("--maxmemory", "100mb"), Status.OK),
        (("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"), Status.WARNING),
    ],
)
async def test_a_redis_server_has_to_keep_what_it_was_given(
    tmp_path: Path, options: tuple[str, ...], status: Status
) -> None:
    """One that makes room by dropping keys loses calls."""
    need_redis()
    with RedisServer(tmp_path, *options) as server:
        assert status is (await check_store(bench(tmp_path, server.url))).status


async def test_a_redis_server_that_is_down_is_a_problem(tmp_path: Path) -> None:
    """The message holds neither user nor password."""
    pytest.importorskip("redis")
    found = await check_store(bench(tmp_path, "redis://me:secret-one@127.0.0.1:1/0"))
    assert Status.PROBLEM is found.status
    assert "secret-one" not in str(found)


# --- advice ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("symptom", "answer"),
    [
        ("Transfer fails with sip_auth_failed", "authentication realm"),
        ("Transfer blocked by firewall", "media servers"),
        ("Agent answers but no audio", "PCMU or PCMA"),
        ("no audio", "PCMU or PCMA"),
        ("Caller hears silence during ring", "dialMusic"),
        ("4250", "asked for credentials"),
        ("it rings and nobody picks up, no-answer", "ring_s"),
        ("busy", "queue"),
        ("3030", "caller_id"),
        ("the call is dropped when the bot leaves (4010)", "auto_hang_up"),
        ("HTTP 403 at our callback", "PLIVO_AUTH_TOKEN"),
    ],
)
def test_a_symptom_finds_its_answer_first(symptom: str, answer: str) -> None:
    """In the words of Plivo's table, and in those of a tired operator."""
    assert answer in answers_to(symptom)[0].answer


def test_a_symptom_nobody_knows_gets_them_all() -> None:
    """Better than an empty screen."""
    assert TROUBLES == tuple(answers_to("purple"))


def test_no_address_of_plivo_is_stated() -> None:
    """They are Plivo's to state, and change: there is a link instead."""
    said = f"{TROUBLES}"
    assert "/27" not in said
    assert FIREWALL_PAGE.startswith("https://www.plivo.com/docs/")


def test_each_finding_that_needs_doing_says_what_to_do() -> None:
    """A warning or a problem cannot be made without advice."""
    assert Finding.problem("a", "b", "c").advice
    assert Finding.warning("a", "b", "c").advice
    assert Finding.ok("a", "b").advice is None
