"""A local Plivo that telephones call over SIP, watched in a real browser."""

from __future__ import annotations

import httpx

from escalate.demo.onlooker import Onlooker
from escalate.demo.playground_app import build_app
from escalate.emulator.sip.digest import Credentials
from tests.emulator.harness import AUTH_ID, AUTH_TOKEN, Application, running
from tests.nursery import local_plivo
from tests.serving import served
from tests.sip.softphone import Softphones

from .chromium import Tab
from .looking import fits, is_accessible, shows

DESK = Credentials("desk", "s3cret-of-the-desk")
# On a telephone's screen nothing may lie over what is scrolled past it.
POSITION = "getComputedStyle(document.querySelector('.talk')).position"
# The ladder as it stands there: who tells whom what, in the words for a screen reader.
TOLD = (
    "Caller to Plivo: SIP INVITE",
    "Plivo to Caller: SIP 100 Trying",
    "Plivo to escalate: POST /answer",
    "escalate to Plivo: answers: <Dial User>",
    "Plivo to Human: SIP INVITE",
    "Human to Plivo: SIP 401 Unauthorized",
    "Human to Plivo: SIP 200 OK",
    "Plivo to Caller: SIP 200 OK",
    "escalate to Plivo: asks Plivo: GET Call/",
    "Plivo to escalate: POST /hangup",
    "Plivo to Human: SIP BYE",
)


async def test_the_messages_of_a_call_over_sip_are_told_as_they_go(tab: Tab) -> None:
    """Beside documents, requests and callbacks, with whatever is secret masked."""
    credentials = {"auth_id": AUTH_ID, "auth_token": AUTH_TOKEN}
    async with (
        local_plivo(**credentials, config={"sip": {}}) as plivo,
        running(Application) as app,
        Softphones(DESK).open() as phones,
        served(build_app(Onlooker(plivo.base_url)), lifespan="auto") as url,
        httpx.AsyncClient(auth=(AUTH_ID, AUTH_TOKEN)) as api,
    ):
        await tab.resize(1280, 900)
        await tab.open(url)
        await plivo.application(app.url("answer"), hangup_url=app.url("hangup"))
        user = f"<User sipAuthUsername='{DESK.username}' sipAuthPassword='{DESK.password}'>"
        headers = "sipHeaders='Order=A123'"
        app.answers("answer", f"<Dial {headers}>{user}{phones.uri}</User></Dial><Hangup/>")
        app.says("hangup", "")
        await phones.call(f"sip:14155550100@{plivo.sip}", "14155550123")
        await tab.until(shows("talks to the caller", "#picture"))
        call = (await plivo.wait_for("leg.bridged"))["call"]
        await api.get(f"{plivo.base_url}/v1/Account/{AUTH_ID}/Call/{call}/?status=live")
        await plivo.hang_up(call)
        await tab.until(shows("The caller was connected to a human", "#report"))
        await app.request("hangup")
        await tab.until(shows("POST /hangup", "#ladder"))
        assert "the call is over" == await tab.ask("document.querySelector('#state').innerText")
        ladder = await tab.ask("document.querySelector('#ladder').textContent")
        assert [] == [told for told in TOLD if told not in ladder]
        page = await tab.ask("document.documentElement.outerHTML")
        assert "X-PH-Order: A123" in page and "nc=00000001, response=***" in page
        assert DESK.password not in page and AUTH_TOKEN not in page
        await is_accessible(tab)
        await fits(tab, 390)
        assert "static" == await tab.ask(POSITION)
        assert [] == tab.problems
