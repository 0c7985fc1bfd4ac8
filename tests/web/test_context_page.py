"""What a human sees of a call behind its link, and who sees nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from escalate import Switchboard
from escalate.settings import Settings
from escalate.store import SqliteStore
from escalate.transfer import events as e
from escalate.values import Party, Said, Trigger
from tests.web.conftest import PUBLIC, TOKEN, UUID

SAID = (
    Said(Party.CALLER, "my name is Anna Miller, i want to cancel order 4455", 100.0),
    Said(Party.BOT, 'Which <b>one</b>, "4455" & nothing else?', 107.2),
    Said(Party.CALLER, "my card is 4111 1111 1111 1111 <script>alert(1)</script>", 170.0),
)


class Seen(HTMLParser):
    """What a browser would make of a page: the elements in it, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += f"{data}\n"


@pytest.fixture
async def link(board: Switchboard) -> str:
    """The link that the human's side got with the call."""
    await board.answered(UUID)
    for said in SAID:
        await board.store.remember(UUID, said)
    call = await board.receive(UUID, board.request(Trigger.ASKED, "asked", language="en-GB"))
    assert call is not None
    assert call.escalation is not None
    return board.contexts.link(call, call.escalation)


async def look(board: Switchboard, link: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(board.app)) as browser:
        path = link.removeprefix(PUBLIC)
        return await browser.get(f"http://internal:8000{path}", headers=headers)


async def test_the_page_tells_who_wants_what_and_what_was_said(
    board: Switchboard, link: str
) -> None:
    """In the caller's words, as text whatever they hold, and with secrets withheld."""
    page = await look(board, link)
    seen = Seen(page.text)
    assert 200 == page.status_code
    for text in ("i want to cancel order 4455", 'Which <b>one</b>, "4455" & nothing else?', "1:10"):
        assert text in seen.text
    assert "my card is card number withheld <script>alert(1)</script>" in seen.text
    assert "4111" not in page.text
    assert not {"script", "b", "img", "link"} & set(seen.tags)


async def test_nobody_keeps_finds_or_embeds_the_page(board: Switchboard, link: str) -> None:
    """Its own style is all that it may load."""
    page = await look(board, link)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert ("no-store", "no-referrer") == (
        page.headers["cache-control"],
        page.headers["referrer-policy"],
    )
    assert page.headers["x-robots-tag"].startswith("noindex")
    assert not re.search(r"""\b(src|href|style|on\w+)\s*=\s*["']""", page.text)


async def test_a_machine_gets_the_twin(board: Switchboard, link: str) -> None:
    """The same, by its fields."""
    twin = (await look(board, link, accept="application/json")).json()
    assert (UUID, "asked", "en-GB", link) == (
        twin["call_uuid"],
        twin["rule"],
        twin["language"],
        twin["link"],
    )
    assert "i want to cancel order 4455" == twin["briefing"]["wants"]["text"]
    assert ["caller", "bot", "caller"] == [one["party"] for one in twin["said"]]


async def test_a_link_that_is_over_forged_or_of_another_account_shows_nothing(
    settings: Settings, board: Switchboard, link: str
) -> None:
    """It says so, the same to each, and names nobody."""
    call = await board.store.load(UUID)
    assert call is not None
    assert call.escalation is not None
    later = call.escalation.opened_at + settings.handoff.link_s
    store = SqliteStore(settings.store)
    async with Switchboard(settings, store=store, clock=lambda: later) as tomorrow:
        gone = await look(tomorrow, link)
    forged = await look(board, link[:-1] + ("A" if link[-1] != "A" else "B"))
    plain = await look(board, f"{PUBLIC}/context/{UUID}")
    assert [410, 410, 410] == [page.status_code for page in (gone, forged, plain)]
    assert gone.text == forged.text == plain.text
    assert "expired" in gone.text
    assert "Anna" not in gone.text


async def test_what_is_not_kept_any_more_is_not_shown(board: Switchboard, link: str) -> None:
    """Neither the words nor what was made of them."""
    assert "Anna" in (await look(board, link)).text
    await board.receive(UUID, e.CallerHungUp())
    await board.store.forget(board.clock() + 1)
    page = await look(board, link)
    assert "Anna" not in page.text
    assert "not kept any more" in page.text


async def test_a_store_that_is_down_is_no_error_page(
    settings: Settings, board: Switchboard, link: str, tmp_path: Path
) -> None:
    """The human is asked to try again."""
    broken = settings.model_copy(update={"store": str(tmp_path / "none" / "calls.db")})
    nothing = Switchboard(broken)
    page = await look(nothing, link)
    assert 503 == page.status_code
    assert "try again" in page.text
    assert TOKEN not in page.text
