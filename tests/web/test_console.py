"""The operator's console: who may look, and what there is to see."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import SecretStr

from escalate import Switchboard
from escalate.settings import Settings
from escalate.store import SqliteStore
from escalate.transfer import State
from escalate.transfer import events as e
from escalate.values import Outcome, Party, Reason, Said, Trigger
from escalate.web.overview import rows_of
from escalate.web.sketch import picture_of
from escalate.web.wording import OUTCOMES, STATES, WHY
from tests.transfer.test_warm import met
from tests.web.conftest import UUID

TOKEN = "c0ffee-c0ffee-c0ffee"
WORDS = "<b>hello</b> i want a human, my card is 4111 1111 1111 1111"


class Clock:
    """Shows a second more at each look."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def board(settings: Settings, clock: Clock) -> AsyncIterator[Switchboard]:
    """A caller whose first human refuses our password, and who talks to the second."""
    told = settings.model_copy(update={"console_token": SecretStr(TOKEN)})
    store = SqliteStore(settings.store)
    async with Switchboard(told, store=store, clock=clock) as opened:
        await opened.answered(UUID)
        await opened.store.remember(UUID, Said(Party.CALLER, WORDS, time.time()))
        call = await opened.receive(UUID, opened.request(Trigger.ASKED, "asks-to-talk"))
        assert call is not None and call.escalation is not None
        held = call.escalation.id
        for event in (
            e.AnnouncementEnded(held),
            opened.arrived(1),
            e.DialEnded(held, 1, connected=False, reason=Reason.SIP_AUTH_FAILED),
            e.HumanConnected(held, 2),
        ):
            await opened.receive(UUID, event)
        yield opened


@pytest.fixture
async def browser(board: Switchboard) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(board.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://bot.example.com") as http:
        yield http


async def log_in(browser: httpx.AsyncClient, token: str = TOKEN) -> httpx.Response:
    return await browser.post(
        "/console/login",
        content=f"token={token}",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )


async def test_without_a_token_in_the_settings_there_is_no_console(settings: Settings) -> None:
    """Nothing answers at its address."""
    async with Switchboard(settings) as board:
        transport = httpx.ASGITransport(board.app)
        async with httpx.AsyncClient(transport=transport, base_url="https://x") as http:
            assert 404 == (await http.get("/console/")).status_code
            assert 404 == (await http.post("/console/login")).status_code
            assert 404 == (await http.get("/metrics")).status_code


async def test_whoever_does_not_show_the_token_sees_a_form_and_no_more(
    browser: httpx.AsyncClient,
) -> None:
    """Neither a wrong token nor a session that was made up opens it."""
    door = await browser.get("/console/")
    assert 401 == door.status_code
    assert 'type="password"' in door.text
    assert '<p class="problem" role="alert" hidden>This is not the token.' in door.text
    for path in ("/console/escalations", f"/console/calls/{UUID}"):
        reply = await browser.get(path)
        assert (401, {"error": "show the token first"}) == (reply.status_code, reply.json())
    refused = await log_in(browser, "c0ffee-c0ffee-coffee")
    assert (403, None) == (refused.status_code, refused.headers.get("set-cookie"))
    assert '<p class="problem" role="alert">This is not the token.' in refused.text
    for forged in ("", "9999999999", "9999999999.", f"9999999999.{'0' * 64}", "x.y"):
        browser.cookies = httpx.Cookies({"escalate_console": forged})
        assert 401 == (await browser.get("/console/escalations")).status_code
    bearer = {"Authorization": f"Bearer {TOKEN[:-1]}"}
    assert 401 == (await browser.get("/console/escalations", headers=bearer)).status_code
    assert 413 == (await log_in(browser, "x" * 3000)).status_code


async def test_the_token_opens_a_session_that_ends(
    clock: Clock, browser: httpx.AsyncClient
) -> None:
    """The cookie is out of reach of scripts and other sites, and is not the token."""
    let_in = await log_in(browser)
    cookie = let_in.headers["set-cookie"]
    assert (303, "./") == (let_in.status_code, let_in.headers["location"])
    for trait in ("HttpOnly", "SameSite=strict", "Secure", "Path=/escalate/console"):
        assert trait in cookie
    assert TOKEN not in cookie
    session = cookie.partition("=")[2].partition(";")[0]
    browser.cookies = httpx.Cookies({"escalate_console": session})
    page = await browser.get("/console/")
    assert (200, "no-store") == (page.status_code, page.headers["cache-control"])
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert 200 == (await browser.get("/console/escalations")).status_code
    clock.now += 12 * 3600
    assert 401 == (await browser.get("/console/escalations")).status_code


@pytest.mark.parametrize(
    ("event", "after_s", "alerts"),
    [
        (e.RoomClosed("esc-1"), 1.0, ["support: human_left_at_once"]),
        (e.RoomClosed("esc-1"), 60.0, []),
        (e.CallerHungUp(), 1.0, []),
    ],
)
def test_a_human_who_is_gone_at_once_is_an_alert_and_no_success(
    event: e.Event, after_s: float, alerts: list[str]
) -> None:
    """His line may be broken; one who has talked, or whose caller left, is in order."""
    (row,) = rows_of([met().tell(event, after_s=after_s).call])
    assert alerts == row["alerts"]
    assert bool(alerts) == (row["time_to_human_s"] is None)


async def test_escalations_are_listed_with_the_wait_and_what_must_be_mended(
    browser: httpx.AsyncClient,
) -> None:
    """And without a word or number of the caller, which stand with his call alone."""
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    reply = await browser.get("/console/escalations", headers=bearer)
    assert "4111" not in reply.text and "hello" not in reply.text
    (row,) = reply.json()["escalations"]
    assert ("connected", None, "asked") == (row["state"], row["outcome"], row["trigger"])
    assert ["support: sip_auth_failed"] == row["alerts"]
    assert ["support", "duty"] == [attempt["destination"] for attempt in row["attempts"]]
    assert 0 < row["time_to_human_s"] < 20
    summary = reply.json()["summary"]
    assert (1, 1, 1) == (summary["escalations"], summary["open"], summary["alerts"])
    assert summary["median_time_to_human_s"] == row["time_to_human_s"]
    call = await browser.get(f"/console/calls/{UUID}", headers=bearer)
    (said,) = call.json()["said"]
    assert said["text"].startswith("<b>hello</b> i want a human") and "4111" not in said["text"]
    (found,) = call.json()["findings"]
    (mark,) = found["marks"]
    assert ("asked", 0) == (found["trigger"], mark["seq"])
    assert "want a human" == said["text"][mark["begin"] : mark["end"]]
    assert 404 == (await browser.get("/console/calls/unknown", headers=bearer)).status_code
    wrong = await browser.get("/console/escalations?before=x", headers=bearer)
    assert 422 == wrong.status_code


async def test_the_picture_follows_what_is_stored(board: Switchboard) -> None:
    """The caller hears the bot or the human, never both and never one who failed."""

    async def seen() -> tuple[dict[str, str], set[str]]:
        call = await board.store.load(UUID)
        assert call is not None
        picture = picture_of(call)
        names = {person.id: person.name for person in picture.people}
        heard = {names[one.speaker] for one in picture.hearings if one.listener == "caller"}
        return {person.name: person.state for person in picture.people}, heard

    states, heard = await seen()
    assert ("sip auth failed", "talks to the caller") == (states["support"], states["duty"])
    assert ("has left", {"duty"}) == (states["Bot"], heard)
    await board.receive(UUID, e.CallerHungUp())
    states, heard = await seen()
    assert ("is off the line", set()) == (states["Caller"], heard)
    await board.answered("another")
    other = await board.store.load("another")
    assert other is not None
    assert ["is with the bot", "is on the call"] == [one.state for one in picture_of(other).people]


async def test_what_a_process_does_is_counted_for_whoever_has_the_token(
    board: Switchboard, browser: httpx.AsyncClient
) -> None:
    """By outcome, destination and wait; a repeated event counts once."""
    assert 401 == (await browser.get("/metrics")).status_code
    for _ in range(2):
        await board.receive(UUID, e.CallerHungUp())
    counted = await browser.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    lines = counted.text.splitlines()
    assert {
        'escalate_opened_total{trigger="asked",mode="cold"} 1',
        'escalate_ended_total{outcome="connected",reason="completed"} 1',
        'escalate_attempts_total{destination="support",result="sip_auth_failed"} 1',
        'escalate_attempts_total{destination="duty",result="connected"} 1',
        'escalate_time_to_human_seconds_bucket{le="2.0"} 0',
        'escalate_time_to_human_seconds_bucket{le="20.0"} 1',
        'escalate_time_to_human_seconds_bucket{le="+Inf"} 1',
        "escalate_time_to_human_seconds_count 1",
    } <= set(lines)
    assert UUID not in counted.text


async def test_to_look_on_changes_nothing(board: Switchboard, browser: httpx.AsyncClient) -> None:
    """Not even a briefing is made for it."""
    before = await board.store.load(UUID)
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    for path in ("/console/", "/console/escalations", f"/console/calls/{UUID}"):
        assert 200 == (await browser.get(path, headers=bearer)).status_code
    assert before is not None and before.escalation is not None
    assert before == await board.store.load(UUID)
    assert await board.store.note(UUID, before.escalation.id) is None


def test_there_are_words_for_whatever_becomes_of_a_caller() -> None:
    """A state, an outcome or a trigger that is added gets its own."""
    assert (set(State), set(Outcome), set(Trigger)) == (set(STATES), set(OUTCOMES), set(WHY))
