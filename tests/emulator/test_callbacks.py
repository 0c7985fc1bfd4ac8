"""Requests to the application: signed, complete, and tried as their URL says."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from escalate.emulator.callbacks import Policy
from escalate.emulator.client import LocalPlivo
from tests.ports import free_port

from .harness import AUTH_ID, Application


async def test_every_request_is_signed(plivo: LocalPlivo, app: Application) -> None:
    """POST with and without a query, and GET, verify with the account's token."""
    redirect = f"<Redirect method='GET'>{app.url('got')}?b=2&amp;a=1</Redirect>"
    app.answers("answer", f"<Redirect>{app.url('posted')}?x=a%20b</Redirect>")
    app.answers("posted", redirect)
    app.answers("got", "<Hangup/>")
    call = await plivo.call()
    await app.request("hangup")
    told = [await app.request(path) for path in ("answer", "posted", "got", "hangup")]
    assert [("POST", True), ("POST", True), ("GET", True), ("POST", True)] == [
        (request.method, request.signed) for request in told
    ]
    assert {call} == {request.params["CallUUID"] for request in told}
    assert ("2", "1") == (told[2].params["b"], told[2].params["a"])


async def test_the_answer_url_is_told_who_calls(plivo: LocalPlivo, app: Application) -> None:
    """Numbers come without plus, the call is ringing and inbound."""
    app.answers("answer", "<Hangup/>")
    await plivo.call(from_="+14155550123", to="+14155550100")
    told = (await app.request("answer")).params
    assert ("14155550123", "14155550100", "ringing", "inbound", "StartApp", AUTH_ID) == tuple(
        told[key] for key in ("From", "To", "CallStatus", "Direction", "Event", "ParentAuthID")
    )


async def test_the_hangup_url_is_told_how_it_ended(plivo: LocalPlivo, app: Application) -> None:
    """Cause by both names, code, source and duration."""
    app.answers("answer", "<Wait length='60'/>")
    await plivo.call(hangs_up={"after": "call.answered", "delay_s": 0.1})
    told = (await app.request("hangup")).params
    assert ("NORMAL_CLEARING", "Normal Hangup", "4000", "Caller", "Hangup", "completed") == tuple(
        told[key]
        for key in (
            *("HangupCause", "HangupCauseName", "HangupCauseCode", "HangupSource"),
            *("Event", "CallStatus"),
        )
    )


async def test_a_restarting_application_is_waited_for(plivo: LocalPlivo, app: Application) -> None:
    """A refused connection is tried again, for as long as the fragment of the URL says."""
    app.answers("answer", "<Wait length='60'/>")
    await app.stop()
    fragment = "ct=500&rt=2000&tt=20000&rc=5&rp=ct,rt"
    call = await plivo.call(answer_url=f"{app.url('answer')}?x=1#{fragment}")
    failed = await plivo.wait_for("fetch", call, what="answer", attempt=1)
    await app.start()
    await plivo.wait_for("xml.step", call, element="Wait")
    request = await app.request("answer")
    assert "error" in failed
    assert (f"{app.url('answer')}?x=1", True) == (request.url, request.signed)


async def test_retries_end_and_so_does_the_call(plivo: LocalPlivo, app: Application) -> None:
    """One retry without a fragment, then 7011 Error Reaching Answer URL."""
    call = await plivo.call(answer_url=f"http://127.0.0.1:{free_port()}/answer")
    ended = await plivo.wait_for("call.ended", call)
    tries = [e for e in await plivo.events(call) if e["kind"] == "fetch" and e["what"] == "answer"]
    assert (7011, "Error", 2) == (ended["code"], ended["source"], len(tries))


async def test_a_status_is_retried_only_if_the_fragment_says_so(
    plivo: LocalPlivo, app: Application
) -> None:
    """503 is final by default, and tried again with rp=5xx."""
    app.says("answer", "", status=503)
    await plivo.wait_for("call.ended", await plivo.call())
    assert 1 == len(app.requests("answer"))
    call = await plivo.call(answer_url=app.url("answer#rc=1&rp=5xx"))
    await app.request("answer", 3)
    assert 7011 == (await plivo.wait_for("call.ended", call))["code"]


async def test_the_fallback_answers_for_an_application_that_is_down(
    plivo: LocalPlivo, app: Application
) -> None:
    """After the answer URL has failed, the fallback URL's document is carried out."""
    app.answers("fallback", "<Wait length='60'/>")
    await plivo.application(app.url("answer"), fallback_url=app.url("fallback"))
    call = await plivo.call()
    await plivo.wait_for("xml.step", call, element="Wait")
    assert (1, 1) == (len(app.requests("answer")), len(app.requests("fallback")))


DIAL = "<Dial {}><Number>14155550177</Number></Dial>"


@pytest.mark.parametrize(
    ("element", "broken", "code"),
    [
        ("<Redirect>{url}</Redirect>", {"status": 500}, 7014),
        ("<Redirect>{url}</Redirect>", {"body": "OK"}, 8014),
        ("<Redirect>{url}</Redirect>", {"media_type": "text/plain"}, 8014),
        ("<Redirect>not a url</Redirect>", {}, 7024),
        ("<Redirect method='PUT'>{url}</Redirect>", {}, 7034),
        (DIAL.format("action='{url}'"), {"status": 404}, 7012),
        (DIAL.format("action='{url}'"), {"body": "<Response><Oops/></Response>"}, 8012),
        (DIAL.format("action='ftp://x/y'"), {}, 7022),
        (DIAL.format("action='{url}' method='PATCH'"), {}, 7032),
        ("<Say>hello</Say>", {}, 8011),
    ],
)
async def test_each_kind_of_document_fails_with_its_own_code(
    plivo: LocalPlivo, app: Application, element: str, broken: dict[str, Any], code: int
) -> None:
    """70xx for what cannot be reached, 80xx for what cannot be read; the call ends."""
    url = app.says("next", **{"body": "<Response/>", **broken})
    app.answers("answer", element.format(url=url))
    call = await plivo.call(phones={"*": {"busy": True}})
    ended = await plivo.wait_for("call.ended", call)
    assert (code, "Error") == (ended["code"], ended["source"])


@pytest.mark.parametrize(
    ("route", "reply", "code"),
    [
        ({"aleg_url": "{url}"}, {"status": 500}, 7013),
        ({"aleg_url": "{url}"}, {"body": ""}, 8013),
        ({"aleg_url": "nonsense"}, {}, 7023),
        ({"aleg_url": "{url}", "aleg_method": "PUT"}, {}, 7033),
    ],
)
async def test_a_transfer_that_was_accepted_can_still_lose_the_call(
    plivo: LocalPlivo,
    app: Application,
    api: httpx.AsyncClient,
    route: dict[str, str],
    reply: dict[str, Any],
    code: int,
) -> None:
    """The 202 says nothing about the document."""
    url = app.says("next", **{"body": "<Response/>", **reply})
    app.answers("answer", "<Wait length='60'/>")
    call = await plivo.call()
    await plivo.wait_for("call.answered", call)
    body = {key: value.format(url=url) for key, value in route.items()}
    assert 202 == (await api.post(f"/Call/{call}/", json=body)).status_code
    assert code == (await plivo.wait_for("call.ended", call))["code"]


@pytest.mark.parametrize(
    ("hangup", "code"), [("reason='rejected'", 3020), ("reason='busy'", 3010), ("", 4000)]
)
async def test_a_call_is_refused_before_it_is_answered(
    plivo: LocalPlivo, app: Application, hangup: str, code: int
) -> None:
    """Hangup with a reason as the first element does not answer the call."""
    app.answers("answer", f"<Hangup {hangup}/>")
    ended = await plivo.wait_for("call.ended", await plivo.call())
    assert (code, "Answer XML") == (ended["code"], ended["source"])


async def test_a_scheduled_hangup_lets_the_document_go_on(
    plivo: LocalPlivo, app: Application
) -> None:
    """The next element runs, and the call ends when it was said to."""
    app.answers("answer", "<Hangup schedule='1'/><Wait length='60'/>")
    call = await plivo.call()
    await plivo.wait_for("xml.step", call, element="Wait")
    assert 6000 == (await plivo.wait_for("call.ended", call))["code"]


@pytest.mark.parametrize(
    ("fragment", "policy"),
    [
        ("", Policy(2.0, 15.0, 55.0, 1, frozenset({"ct", "rt"}))),
        ("ct=500&rt=1000&tt=9000&rc=0&rp=5xx", Policy(0.5, 1.0, 9.0, 0, frozenset({"5xx"}))),
        ("rp=all", Policy(on=frozenset({"ct", "rt", "4xx", "5xx"}))),
        ("ct=1&rt=99999&rc=6&rp=&er=nearest", Policy(on=frozenset())),
        ("rc=x&tt=", Policy()),
    ],
)
def test_a_fragment_is_read_within_plivos_bounds(fragment: str, policy: Policy) -> None:
    """What is missing, unknown or out of bounds keeps its default."""
    assert policy == Policy.read(fragment)
