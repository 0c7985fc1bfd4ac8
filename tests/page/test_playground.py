"""The playground in a real browser, over a real call."""

from __future__ import annotations

import importlib.util
import re

import httpx
import pytest

from escalate.demo.playground import Playground
from escalate.demo.playground_app import build_app
from escalate.demo.scenarios import SIP_ADDRESS, SIP_PASSWORD
from tests import nursery
from tests.serving import served

from .chromium import Tab
from .looking import fits, is_accessible, shows

needs_pipecat = pytest.mark.skipif(
    importlib.util.find_spec("pipecat") is None, reason="the bot needs the extra [pipecat]"
)
PLAYED_S = 45.0
# Mark-up, an override of the direction of writing, a letter beyond 16 bits, a word without end.
# The messages of the human's telephone, each by its method or its status.
SIP = """[...document.querySelectorAll('#ladder .label')]
    .map((one) => one.textContent.match(/(?:Human|Plivo): SIP (\\S+)/)?.[1]).filter(Boolean)"""
INVITES = """[...document.querySelectorAll('#ladder pre')]
    .map((one) => one.textContent).filter((text) => text.includes('\\nINVITE '))"""
CHALLENGED = ["INVITE", "407", "ACK", "INVITE"]
STRANGE = "<img src=x> \u202e\U0001f600" + "_" * 60 + " i want a human"


async def play(tab: Tab, name: str) -> None:
    """Choose a call by key."""
    await tab.until(f"document.querySelector('[data-name={name}]')")
    await tab.ask(f"document.querySelector('[data-name={name}]').focus()")
    await tab.press("Enter")
    await tab.until(shows(f"{name}:", "#about"), timeout_s=PLAYED_S)


@needs_pipecat
@pytest.mark.timeout(150)
async def test_calls_are_played_from_the_page_and_shown_as_they_go(tab: Tab) -> None:
    """By keyboard alone: one with a script, then those in which whoever looks on is the caller."""
    with nursery.in_use():
        await plays_and_is_played(tab)


async def plays_and_is_played(tab: Tab) -> None:
    """All calls on one stage."""
    async with served(build_app(Playground()), lifespan="auto") as url:
        await tab.resize(1280, 900)
        await tab.open(url)
        await play(tab, "bridged")
        await tab.until(shows("It came out as it must.", "#report"), timeout_s=PLAYED_S)
        await shows_the_call(tab)
        await keeps_secrets(tab)
        await goes_back_in_time(tab)
        await hangs_up(tab)
        await shows_his_telephone(tab)

        await meets(tab, "wrong password", "support: sip_auth_failed (4240)")
        assert await tab.ask(shows("407: support demands digest credentials again", "#talk"))
        assert [*CHALLENGED, "407", "ACK"] == await tab.ask(SIP)
        await meets(tab, "busy", "support: Busy Line (3010)")
        assert [*CHALLENGED, "100", "486", "ACK"] == await tab.ask(SIP)

        await play(tab, "your-own-call")
        await is_the_caller(tab)
        await is_accessible(tab)
        await fits(tab, 390)
        await fits(tab, 320)
        assert [] == tab.problems


async def shows_the_call(tab: Tab) -> None:
    """Who is connected, what was said and done, and the words that made the detector act."""
    await tab.until(shows("talks to support", "#picture"))
    for told in ("One moment, I will connect you", "407: support demands", "a human please"):
        assert await tab.ask(shows(told, "#talk"))
    assert await tab.ask(shows("<Dial User>", "#ladder"))
    assert "a human" == await tab.ask("document.querySelector('.turn.caller .lit').innerText")
    why = "getComputedStyle(document.querySelector('.why')).display"
    assert "none" == await tab.ask(why)
    await tab.ask("document.querySelector('.lit').focus()")
    assert "block" == await tab.ask(why)
    assert await tab.ask(shows("says-only-that", ".why"))
    await tab.press("Escape")
    assert "none" == await tab.ask(why)


async def keeps_secrets(tab: Tab) -> None:
    """The document with the password was told, and the password was not."""
    page = await tab.ask("document.documentElement.outerHTML")
    assert re.search(r'sipAuthPassword="\*\*\*"', page)
    assert SIP_PASSWORD not in page
    assert "local-plivo-auth-token" not in page


async def goes_back_in_time(tab: Tab) -> None:
    """The picture shows any moment of the call."""
    await tab.ask("document.querySelector('#moment').focus()")
    while not await tab.ask(shows("wants credentials", "#picture")):
        assert "0" != await tab.ask("document.querySelector('#moment').value")
        await tab.press("ArrowLeft")


async def hangs_up(tab: Tab) -> None:
    """The caller does, and the call is over."""
    await tab.ask("document.querySelector('#hang-up').focus()")
    await tab.press("Enter")
    await tab.until(shows("the call is over", "#state"), timeout_s=PLAYED_S)


async def shows_his_telephone(tab: Tab) -> None:
    """By what it said and was told in SIP, from the challenge to the caller's goodbye."""
    answered = [*CHALLENGED, "100", "180", "200", "ACK"]
    assert [*answered, "BYE", "200"] == await tab.ask(SIP)
    first, second = await tab.ask(INVITES)
    assert f"INVITE {SIP_ADDRESS} SIP/2.0" in first and "Authorization" not in first
    assert re.search(r'\nProxy-Authorization: Digest username="queue1".* response=\*{3}\n', second)


async def asks(tab: Tab, behaviour: str, words: str) -> None:
    """Tell the first human's telephone how to behave, and say this as the caller."""
    await tab.until("!document.querySelector('#words').disabled", timeout_s=PLAYED_S)
    await tab.ask(
        f"(told => {{ told.value = {behaviour!r}; told.dispatchEvent(new Event('change')); }})"
        "(document.querySelector('#humans select'))"
    )
    await tab.ask("document.querySelector('#words').focus()")
    await tab.write(words)
    await tab.press("Enter")


async def meets(tab: Tab, behaviour: str, becomes: str) -> None:
    """Who calls a telephone that behaves like this is told what becomes of it, and hangs up."""
    await play(tab, "your-own-call")
    await asks(tab, behaviour, "i want a human")
    await tab.until(shows(becomes, "#talk"), timeout_s=PLAYED_S)
    await hangs_up(tab)


async def is_the_caller(tab: Tab) -> None:
    """What is typed is said, whatever it is; a telephone does as it is told."""
    await asks(tab, "rings", STRANGE)
    pick_up = """document.querySelector('[aria-label="support: Pick up"]')"""
    await tab.until(f"!{pick_up}.disabled", timeout_s=PLAYED_S)
    assert STRANGE == await tab.ask("document.querySelector('.turn.caller .text').textContent")
    assert 0 == await tab.ask("document.querySelectorAll('.turn img').length")
    assert "human" in await tab.ask("document.querySelector('.turn.caller .lit').innerText")
    await tab.ask(f"{pick_up}.focus()")
    await tab.press("Enter")
    await tab.until(shows("talks to the caller", "#picture"), timeout_s=PLAYED_S)
    await hangs_up(tab)
    await tab.until(shows("The caller was connected to a human", "#report"), timeout_s=PLAYED_S)


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
        assert 409 == (await http.post("/say", json={"text": "hello"})).status_code
        unknown = await http.post("/play", json={"scenario": "unheard-of"})
        assert 404 == unknown.status_code
