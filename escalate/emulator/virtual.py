"""The local Plivo in virtual time: a day of calls takes as long as it takes to compute them.

    def simulate() -> None:
        async def play(plivo: VirtualPlivo) -> None:
            ended = await plivo.call(from_="14155550123", phones={"*": Phone(talks_s=60)})
            print(ended["cause"], plivo.now())

        run(play, application, bot=bot)

Everything is the emulator's own but three things: time jumps to whatever happens next, the
application and the bot are in this process, and nothing is heard: speech takes its time in silence.
An `Application` answers requests; `asgi` makes one of an ASGI application. Nothing in it may wait
for the world outside of its event loop: such a wait would take no time. What is given to a thread
is done at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast
from urllib.parse import urlencode, urlsplit

import httpx

from escalate.emulator import rest, speech
from escalate.emulator.call import Call, Routes
from escalate.emulator.callbacks import Route
from escalate.emulator.clock import Clock
from escalate.emulator.exchange import Exchange, NewCall
from escalate.emulator.leaping import VirtualLoop
from escalate.emulator.server import Account, make_app, make_services
from escalate.emulator.services import Bot, Config

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message

    from escalate.emulator.caller import Line
    from escalate.emulator.exchange import HangsUp
    from escalate.emulator.phones import Phone

T = TypeVar("T")
BASE_URL: Final = "http://plivo.test"
ACCOUNT: Final = Account("MAXXXXXXXXXXXXXXXXXX", "local-plivo-auth-token")
INTERNAL_ERROR: Final = 5010
_BETWEEN_COLLECTIONS: Final = 200_000


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to the application: `form` holds the fields of its body."""

    method: str
    url: str
    form: Mapping[str, str]
    headers: Mapping[str, str]


_XML: Final = {"content-type": "application/xml"}


@dataclass(slots=True)
class Answered:
    """What the application says to it: XML, if nothing else is said."""

    content: bytes
    status_code: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: _XML)


Application = Callable[[Asked], Coroutine[Any, Any, Answered]]
"""Answers what Plivo asks; raises `httpx.HTTPError` where an answer would not arrive."""


class VirtualPlivo:
    """A local Plivo in the running event loop; `run` makes that loop, and one of these.

    `rest` is an ASGI application: its REST API, for a client with `httpx.ASGITransport`.
    """

    def __init__(
        self,
        application: Application,
        *,
        account: Account,
        bot: Bot | None = None,
        config: Config | None = None,
        epoch: float = 0.0,
    ) -> None:
        clock = Clock(epoch=epoch, silent=True)
        http = _InProcess(application)
        services = make_services(account, config or Config(), http, BASE_URL, clock=clock)
        services.bot = bot or _patient
        self._exchange = Exchange(services)
        self.rest = make_app(rest.routes(self._exchange))
        self.log = services.log

    def now(self) -> float:
        """Return the virtual date, in seconds since 1970."""
        return self._exchange.services.clock.epoch()

    async def call(
        self,
        *,
        answer_url: str,
        hangup_url: str | None = None,
        from_: str = "14155550123",
        to: str = "14155550100",
        says: Sequence[Line] = (),
        phones: Mapping[str, Phone] | None = None,
        hangs_up: HangsUp | None = None,
    ) -> dict[str, Any]:
        """Let somebody call, and return what is known of his call once it is over.

        Raises:
            RuntimeError: The application or the bot broke; the message holds its traceback.
        """
        routes = Routes(Route(answer_url), hangup=Route(hangup_url) if hangup_url else None)
        call = await self._exchange.call(NewCall(from_, to, says, phones, hangs_up), routes)
        await call.over.wait()
        # The reports of its end are on their way.
        await asyncio.sleep(1)
        self._exchange.calls.pop(call.uuid, None)
        if call.ending and call.ending.code == INTERNAL_ERROR:
            for event in self.log.after(0, call.uuid):
                if event["kind"] == "emulator.error":
                    raise RuntimeError(event["error"])
        return call.summary()

    async def aclose(self) -> None:
        """End whatever still runs."""
        await self._exchange.forget()


def run(
    play: Callable[[VirtualPlivo], Awaitable[T]],
    application: Application,
    *,
    bot: Bot | None = None,
    account: Account = ACCOUNT,
    config: Config | None = None,
    epoch: float = 0.0,
) -> T:
    """Run `play` with a carrier whose calls `application` answers, from the date `epoch` on.

    `bot` is awaited for each stream, and lets go of the caller by returning; without it a stream
    lasts until somebody ends it.
    """
    played: list[T] = []

    async def main() -> None:
        speech.silent.set(True)
        plivo = VirtualPlivo(application, account=account, bot=bot, config=config, epoch=epoch)
        try:
            # Not returned: a runner writes down its task when it is done, however large that is.
            played.append(await play(plivo))
        finally:
            await plivo.aclose()

    with _collecting_rarely(), asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(main())
    return played[0]


@contextlib.contextmanager
def _collecting_rarely() -> Iterator[None]:
    """Look for garbage less often: what calls allocate is mostly gone by itself, or kept."""
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], _BETWEEN_COLLECTIONS), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


class _InProcess:
    """Reaches an application without a network."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def request(
        self,
        method: str,
        url: str,
        *,
        data: Mapping[str, str] | None,
        headers: Mapping[str, str],
        timeout: httpx.Timeout,
        within_s: float,
    ) -> Answered:
        answering = self._application(Asked(method, url, data or {}, headers))
        try:
            waits_for = answering.send(None)
        except StopIteration as answered:
            # Whoever need not wait for anything needs no deadline either.
            return cast(Answered, answered.value)
        # Whoever answers in this process answers all at once.
        read_s = within_s if timeout.read is None else min(timeout.read, within_s)
        try:
            async with asyncio.timeout(read_s):
                return await _Begun(answering, waits_for)
        except TimeoutError:
            raise httpx.ReadTimeout("no answer in time") from None


class _Begun:
    """A coroutine that waits for something already, to be awaited like one that is new."""

    def __init__(self, coroutine: Coroutine[Any, Any, Answered], waits_for: Any) -> None:
        self._coroutine = coroutine
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, Answered]:
        waits_for = self._waits_for
        while True:
            try:
                sent = yield waits_for
            except BaseException as error:
                go_on = partial(self._coroutine.throw, error)
            else:
                go_on = partial(self._coroutine.send, sent)
            try:
                waits_for = go_on()
            except StopIteration as answered:
                return cast(Answered, answered.value)


def asgi(app: ASGIApp) -> Application:
    """Return an application whose answers are those of an ASGI application."""

    async def answer(asked: Asked) -> Answered:
        url = urlsplit(asked.url)
        body = urlencode(asked.form).encode()
        sent: list[Message] = []
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": asked.method,
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": url.path.encode(),
            "root_path": "",
            "query_string": url.query.encode(),
            "headers": [
                (b"host", url.netloc.encode()),
                (b"content-type", b"application/x-www-form-urlencoded"),
                *((name.lower().encode(), value.encode()) for name, value in asked.headers.items()),
            ],
            "client": ("127.0.0.1", 1),
            "server": (url.hostname, url.port),
        }

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        await app(scope, receive, send)
        head, *rest_ = sent
        headers = {name.decode().lower(): value.decode() for name, value in head["headers"]}
        return Answered(b"".join(one.get("body", b"") for one in rest_), head["status"], headers)

    return answer


async def _patient(_: Call) -> None:
    await asyncio.Event().wait()
