"""The API client against a real server on this machine: every answer, and none at all."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from escalate.errors import CallGone, CarrierUnreachable, ConfigurationError, RequestRefused
from escalate.plivo.calls import OutboundCall
from escalate.plivo.client import PlivoClient

AUTH_ID = "MAXXXXXXXXXXXXXXXXXX"
TOKEN = "a-token-that-must-stay-secret"
PASSWORD = "open-sesame-1"
NUMBER = "14155550123"
CALL = "97ceeb52-58b6-11e1-86da-77300b68f8bb"
REQUEST = "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"
NEXT = "https://escalate.example.com/next?key=granting#rc=5"


@dataclass
class Api:
    """An API that answers what it is told to and remembers what it was asked."""

    url: str
    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    authorization: str = ""
    silent: bool = False

    async def answer(self, request: Request) -> Response:
        """Answer any request."""
        raw = await request.body()
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        self.asked.append((request.method, path, await request.json() if raw else None))
        self.authorization = request.headers["authorization"]
        if self.silent:
            # Until the asker has gone: there is nothing left to answer then.
            await request.receive()
        if self.status == 204:
            return Response(status_code=204)
        return JSONResponse(self.body, self.status, self.headers)


@pytest.fixture(scope="session")
def served() -> Iterator[Api]:
    """A server on a free port of this machine, in a thread of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    found = Api(f"http://127.0.0.1:{listening.getsockname()[1]}")
    methods = ["GET", "POST", "DELETE"]
    app = Starlette(routes=[Route("/{path:path}", found.answer, methods=methods)])
    server = uvicorn.Server(
        uvicorn.Config(app, lifespan="off", ws="none", log_config=None, timeout_graceful_shutdown=1)
    )
    serving = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    serving.start()
    yield found
    server.should_exit = True
    serving.join(timeout=10)
    assert not serving.is_alive()


@pytest.fixture
def api(served: Api) -> Api:
    """The server as if it were new."""
    vars(served).update(vars(Api(served.url)))
    return served


@pytest.fixture
async def client(api: Api) -> AsyncIterator[PlivoClient]:
    """A client of that server."""
    async with PlivoClient(AUTH_ID, SecretStr(TOKEN), api.url) as found:
        yield found


def order() -> OutboundCall:
    """Return a call to a human behind SIP credentials."""
    return OutboundCall(
        from_="14155550100",
        to="sip:desk@cc.example.com",
        answer_url=NEXT,
        sip_auth_username="desk",
        sip_auth_password=SecretStr(PASSWORD),
    )


Ask = Callable[[PlivoClient], Coroutine[Any, Any, Any]]

ASKS: dict[str, Ask] = {
    "transfer": lambda client: client.transfer(CALL, NEXT),
    "hang_up": lambda client: client.hang_up(CALL),
    "stop_stream": lambda client: client.stop_stream(CALL),
    "is_live": lambda client: client.is_live(CALL),
    "make_call": lambda client: client.make_call(order()),
    "cancel": lambda client: client.cancel(REQUEST),
}
every_ask = pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS.keys())
posts = pytest.mark.parametrize("ask", [ASKS["transfer"], ASKS["make_call"]])
harmless = pytest.mark.parametrize("ask", [ASKS["hang_up"], ASKS["is_live"]])


def assert_silent(error: BaseException) -> None:
    """Check that an error and all that hangs on it shows nothing private."""
    shown, part = "", error
    while part is not None:
        shown += f"{part} {part!r} {vars(part)}"
        assert not isinstance(part, httpx.HTTPError)
        part = part.__cause__ or part.__context__  # type: ignore[assignment]
    encoded = base64.b64encode(f"{AUTH_ID}:{TOKEN}".encode()).decode()
    for private in (TOKEN, encoded, PASSWORD, NUMBER, "granting", "desk@"):
        assert private not in shown


@pytest.mark.parametrize(
    ("name", "status", "method", "path", "body"),
    [
        (
            "transfer",
            202,
            "POST",
            f"Call/{CALL}/",
            {"legs": "aleg", "aleg_url": NEXT, "aleg_method": "POST"},
        ),
        ("hang_up", 204, "DELETE", f"Call/{CALL}/", None),
        ("stop_stream", 204, "DELETE", f"Call/{CALL}/Stream/", None),
        ("is_live", 200, "GET", f"Call/{CALL}/?status=live", None),
        ("cancel", 204, "DELETE", f"Request/{REQUEST}/", None),
        ("make_call", 201, "POST", "Call/", order().body()),
    ],
)
async def test_each_request_is_the_documented_one(
    api: Api, client: PlivoClient, name: str, status: int, method: str, path: str, body: Any
) -> None:
    """Method, path with its trailing slash, JSON body and Basic credentials."""
    api.status, api.body = status, {"request_uuid": REQUEST}
    await ASKS[name](client)
    assert [(method, f"/v1/Account/{AUTH_ID}/{path}", body)] == api.asked
    basic = base64.b64encode(f"{AUTH_ID}:{TOKEN}".encode()).decode()
    assert f"Basic {basic}" == api.authorization


@pytest.mark.parametrize("said", [REQUEST, [REQUEST]])
async def test_make_call_returns_the_requests_id(
    api: Api, client: PlivoClient, said: str | list[str]
) -> None:
    """One call has one id, written plain or as a list of one."""
    api.status, api.body = 201, {"message": "call fired", "request_uuid": said}
    assert REQUEST == await client.make_call(order())


@pytest.mark.parametrize("said", [None, [], [REQUEST, REQUEST], 7, "../x", {}])
async def test_unreadable_answer_to_make_call_is_unknown(
    api: Api, client: PlivoClient, said: Any
) -> None:
    """A call was made but cannot be named: that is not a failure, and not a success."""
    api.status, api.body = 201, {"request_uuid": said}
    with pytest.raises(CarrierUnreachable) as unknown:
        await client.make_call(order())
    assert unknown.value.may_have_happened


@pytest.mark.parametrize(("status", "live"), [(200, True), (404, False)])
async def test_live_call_is_told_from_an_ended_one(
    api: Api, client: PlivoClient, status: int, live: bool
) -> None:
    """404 is how Plivo says that a call is over."""
    api.status = status
    assert live is await client.is_live(CALL)


@pytest.mark.parametrize("ask", [ASKS[name] for name in ASKS if name != "is_live"])
async def test_ended_call_is_gone(api: Api, client: PlivoClient, ask: Ask) -> None:
    """404 to a request for a live call means that the call is over."""
    api.status, api.body = 404, {"error": f"{NUMBER} not found"}
    with pytest.raises(CallGone) as gone:
        await ask(client)
    assert_silent(gone.value)


@every_ask
@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 405, 409, 422])
async def test_refusal_is_final_and_asked_once(
    api: Api, client: PlivoClient, ask: Ask, status: int
) -> None:
    """A refusal carries its status; redirects are not followed, since they carry the token."""
    api.status, api.body = status, {"error": f"{NUMBER} is not allowed"}
    api.headers = {"location": f"{api.url}/elsewhere"}
    with pytest.raises(RequestRefused) as refused:
        await ask(client)
    assert (status, 1) == (refused.value.status, len(api.asked))
    assert_silent(refused.value)


@every_ask
@pytest.mark.parametrize(
    ("status", "maybe"), [(429, False), (408, True), (500, True), (502, True), (503, True)]
)
async def test_trouble_at_the_carrier_is_no_answer(
    api: Api, client: PlivoClient, ask: Ask, status: int, maybe: bool
) -> None:
    """After a 5xx nobody knows what happened; after a 429 nothing did. Neither is repeated."""
    api.status = status
    with pytest.raises(CarrierUnreachable) as unclear:
        await ask(client)
    assert (maybe, 1) == (unclear.value.may_have_happened, len(api.asked))
    assert_silent(unclear.value)


@every_ask
async def test_slow_server_costs_no_more_than_the_deadline(api: Api, ask: Ask) -> None:
    """No answer in time may still have been carried out, and is not asked for again."""
    api.silent = True
    async with PlivoClient(AUTH_ID, SecretStr(TOKEN), api.url, deadline_s=0.2) as client:
        with pytest.raises(CarrierUnreachable) as late:
            await asyncio.wait_for(ask(client), timeout=5)
    assert (True, 1) == (late.value.may_have_happened, len(api.asked))
    assert_silent(late.value)


@every_ask
async def test_read_timeout_of_a_given_client_is_no_answer(api: Api, ask: Ask) -> None:
    """A client of the application's own brings its own timeouts, and they mean the same."""
    api.silent = True
    async with httpx.AsyncClient(timeout=0.2, trust_env=False) as http:
        client = PlivoClient(AUTH_ID, SecretStr(TOKEN), api.url, http)
        with pytest.raises(CarrierUnreachable) as late:
            await ask(client)
    assert (True, 1) == (late.value.may_have_happened, len(api.asked))
    assert_silent(late.value)


@contextlib.asynccontextmanager
async def broken_server(reply: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Serve `reply` and a closed connection to whoever asks; yields URL and what was asked."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.write(reply)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


@every_ask
@pytest.mark.parametrize(
    "reply",
    [b"", b"HTTP/1.1 20", b"HTTP/1.1 202 Accepted\r\nContent-Length: 9\r\n\r\n{", b"what?\r\n\r\n"],
)
async def test_lost_answer_is_unknown_and_not_asked_for_again(ask: Ask, reply: bytes) -> None:
    """A connection that breaks after the request was sent leaves it unknown, even for DELETE."""
    async with broken_server(reply) as (url, asked):
        async with PlivoClient(AUTH_ID, SecretStr(TOKEN), url) as client:
            with pytest.raises(CarrierUnreachable) as lost:
                await ask(client)
    assert (True, 1) == (lost.value.may_have_happened, len(asked))
    assert_silent(lost.value)


@every_ask
async def test_refused_connection_carried_nothing_out(ask: Ask) -> None:
    """Where nobody listens, nothing can have happened."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    async with PlivoClient(AUTH_ID, SecretStr(TOKEN), url) as client:
        with pytest.raises(CarrierUnreachable) as refused:
            await ask(client)
    assert not refused.value.may_have_happened
    assert_silent(refused.value)


class Flaky(httpx.AsyncBaseTransport):
    """Refuses the first connections by asking a port where nobody listens, then asks the API."""

    def __init__(self, refusals: int) -> None:
        self._inner = httpx.AsyncHTTPTransport()
        self._refusals = refusals
        self.attempts = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.attempts += 1
        if self.attempts <= self._refusals:
            with socket.create_server(("127.0.0.1", 0)) as taken:
                port = taken.getsockname()[1]
            request.url = request.url.copy_with(port=port)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


@harmless
async def test_harmless_request_that_never_left_is_repeated_once(api: Api, ask: Ask) -> None:
    """A GET or DELETE whose connection was refused is tried again, and then works."""
    flaky = Flaky(refusals=1)
    async with httpx.AsyncClient(transport=flaky) as http:
        await ask(PlivoClient(AUTH_ID, SecretStr(TOKEN), api.url, http))
    assert (2, 1) == (flaky.attempts, len(api.asked))


@posts
async def test_post_is_never_repeated(api: Api, ask: Ask) -> None:
    """A transfer or a call is asked for once, even where nothing can have happened."""
    flaky = Flaky(refusals=1)
    async with httpx.AsyncClient(transport=flaky) as http:
        with pytest.raises(CarrierUnreachable):
            await ask(PlivoClient(AUTH_ID, SecretStr(TOKEN), api.url, http))
    assert (1, 0) == (flaky.attempts, len(api.asked))


async def test_certificate_nobody_vouches_for_is_not_spoken_to(api: Api) -> None:
    """Without a trusted TLS connection no credential leaves."""
    async with PlivoClient(AUTH_ID, SecretStr(TOKEN), api.url.replace("http:", "https:")) as client:
        with pytest.raises(CarrierUnreachable) as refused:
            await client.hang_up(CALL)
    assert (False, []) == (refused.value.may_have_happened, api.asked)
    assert_silent(refused.value)


async def test_proxies_of_the_environment_are_not_used(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy variable cannot lead requests, and the token in them, elsewhere."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with PlivoClient(AUTH_ID, SecretStr(TOKEN), api.url) as client:
        assert await client.is_live(CALL)


@pytest.mark.parametrize("uuid", ["", "../../Account", "a/b", "a?b=1", "a\n", "x" * 65, "\u00e9"])
async def test_id_of_a_stranger_never_reaches_a_path(
    api: Api, client: PlivoClient, uuid: str
) -> None:
    """An id that no call can have means no such call, without a request."""
    assert not await client.is_live(uuid)
    for ask in (client.hang_up, client.stop_stream, client.cancel):
        with pytest.raises(CallGone):
            await ask(uuid)
    assert [] == api.asked


async def test_client_that_is_not_open_says_so() -> None:
    """To forget `async with` is a mistake of ours, told plainly."""
    client = PlivoClient(AUTH_ID, SecretStr(TOKEN))
    with pytest.raises(RuntimeError, match="async with"):
        await client.hang_up(CALL)


async def test_client_can_be_entered_again(api: Api) -> None:
    """Closed and opened again, it works again."""
    client = PlivoClient(AUTH_ID, SecretStr(TOKEN), f"{api.url}/")
    for _ in range(2):
        async with client:
            assert await client.is_live(CALL)


async def test_given_client_stays_open(api: Api) -> None:
    """Who hands a client in closes it."""
    async with httpx.AsyncClient(trust_env=False) as http:
        async with PlivoClient(AUTH_ID, SecretStr(TOKEN), api.url, http) as client:
            assert await client.is_live(CALL)
        assert not http.is_closed


def test_wrong_auth_id_is_a_mistake_of_configuration() -> None:
    """An id with a blank or slash in it was not copied whole; the error does not repeat it."""
    with pytest.raises(ConfigurationError, match="auth id") as refused:
        PlivoClient("MA/secret", SecretStr(TOKEN))
    assert "MA/secret" not in str(refused.value)


def test_repr_shows_no_credential() -> None:
    """A client that ends up in a log tells where it talks to, and no more."""
    client = PlivoClient(AUTH_ID, SecretStr(TOKEN), "http://127.0.0.1:1/")
    assert "PlivoClient(base_url='http://127.0.0.1:1')" == repr(client)


async def test_who_is_in_a_room_is_known_from_the_ids_of_their_calls(
    api: Api, client: PlivoClient
) -> None:
    """Nobody is in a room that is not there; an answer that cannot be read says nothing."""
    api.body = {"members": [{"call_uuid": CALL}]}
    assert (CALL,) == await client.members_of("escalate-1")
    assert [("GET", f"/v1/Account/{AUTH_ID}/Conference/escalate-1/", None)] == api.asked
    api.status = 404
    assert () == await client.members_of("escalate-1")
    api.status, api.body = 200, {"members": None}
    with pytest.raises(CarrierUnreachable):
        await client.members_of("escalate-1")
