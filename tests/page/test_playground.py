"""The playground in a real browser, over a real call."""

from __future__ import annotations

import importlib.util
import re

import httpx
import pytest

from escalate.demo.playground import Playground
from escalate.demo.playground_app import build_app
from escalate.demo.scenarios import SIP_PASSWORD

from .chromium import Tab
from .serving import serving

needs_pipecat = pytest.mark.skipif(
    importlib.util.find_spec("pipecat") is None, reason="the bot needs the extra [pipecat]"
)
NAMED = {
    "button",
    "link",
    "textbox",
    "slider",
    "combobox",
    "navigation",
    "log",
    "region",
    "heading",
}


def shows(text: str, where: str = "body") -> str:
    return f"document.querySelector('{where}').innerText.includes({text!r})"


async def is_accessible(tab: Tab) -> None:
    """Whatever can be used or jumped to has a name; there is one main part, one first heading."""
    roles = await tab.roles()
    assert [] == [role for role, name in roles if role in NAMED and not name.strip()]
    assert 1 == [role for role, _ in roles].count("main")
    assert 1 == await tab.ask("document.querySelectorAll('h1').length")


async def fits(tab: Tab, width: int) -> None:
    """Nothing sticks out to the side."""
    await tab.resize(width, 844)
    assert await tab.ask("document.documentElement.scrollWidth <= innerWidth")


@needs_pipecat
async def test_a_call_is_played_from_the_page_and_shown_as_it_goes(tab: Tab) -> None:
    """By keyboard alone: choose it, see it end well, read why, go back in time."""
    async with serving(build_app(Playground())) as url:
        await tab.resize(1280, 900)
        await tab.open(url)
        await tab.until("document.querySelector('[data-name=bridged]')")
        await tab.ask("document.querySelector('[data-name=bridged]').focus()")
        await tab.press("Enter")
        await tab.until(shows("It came out as it must.", "#report"), timeout_s=45)
        await tab.until(shows("talks to support", "#picture"))
        for told in ("One moment, I will connect you", "407: support demands", "a human please"):
            assert await tab.ask(shows(told, "#talk"))
        assert await tab.ask(shows("<Dial User>", "#ladder"))

        # The words that made the detector act, and why, once they have the focus.
        assert "a human" == await tab.ask("document.querySelector('.turn.caller .lit').innerText")
        why = "getComputedStyle(document.querySelector('.why')).display"
        assert "none" == await tab.ask(why)
        await tab.ask("document.querySelector('.lit').focus()")
        assert "block" == await tab.ask(why)
        assert await tab.ask(shows("says-only-that", ".why"))
        await tab.press("Escape")
        assert "none" == await tab.ask(why)

        # The whole page was told the exchange, and not the password in it.
        page = await tab.ask("document.documentElement.outerHTML")
        assert re.search(r'sipAuthPassword="\*\*\*"', page)
        assert SIP_PASSWORD not in page
        assert "local-plivo-auth-token" not in page

        await tab.ask("document.querySelector('#moment').focus()")
        while not await tab.ask(shows("wants credentials", "#picture")):
            assert "0" != await tab.ask("document.querySelector('#moment').value")
            await tab.press("ArrowLeft")
        await is_accessible(tab)
        await fits(tab, 390)
        await fits(tab, 320)
        assert [] == tab.problems


async def test_a_page_from_elsewhere_can_order_nothing() -> None:
    """Neither by a form, nor by a name of its own that leads to this machine."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(build_app(Playground())), base_url="http://127.0.0.1"
    ) as http:
        form = await http.post("/play", content='{"scenario":"bridged"}')
        assert 415 == form.status_code
        rebound = await http.get("/", headers={"Host": "elsewhere.example.com"})
        assert 400 == rebound.status_code
        assert "frame-ancestors 'none'" in rebound.headers["content-security-policy"]
        unknown = await http.post("/play", json={"scenario": "unheard-of"})
        assert 404 == unknown.status_code
