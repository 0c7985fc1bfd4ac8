"""The playground's page, and what it asks for. It listens on this machine alone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final, Literal, Protocol, Self

import httpx
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from escalate.demo.feed import Feed
from escalate.demo.playground import Playground
from escalate.emulator.client import EmulatorError
from escalate.page import Hardened, html, static_files

_BEAT_S: Final = 15.0
_HOSTS: Final = ["127.0.0.1", "localhost"]


class Ground(Protocol):
    """Where calls are watched, and what may be done to them."""

    feed: Feed

    async def __aenter__(self) -> Self:
        """Begin."""

    async def __aexit__(self, *_: object) -> None:
        """End."""

    def scenarios(self) -> list[dict[str, str]]:
        """Return name and description of every call that can be begun."""

    async def play(self, name: str) -> None:
        """Begin a call."""

    async def say(self, text: str) -> None:
        """Let the caller say something."""

    async def press(self, digits: str) -> None:
        """Let the caller press keys."""

    async def hang_up(self) -> None:
        """Let the caller hang up."""


CarryOut = Callable[[Any], Awaitable[None]]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Keys = Annotated[str, StringConstraints(pattern=r"^[0-9*#]{1,32}$")]


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Play(_Order):
    """Begin this call."""

    scenario: Name


class Say(_Order):
    """Let the caller say this."""

    text: Words


class Press(_Order):
    """Let the caller press these keys."""

    digits: Keys


class HangUp(_Order):
    """Let the caller hang up."""


class Behave(_Order):
    """Let a human's telephone behave like this."""

    destination: Name
    behaviour: Name


class Hand(_Order):
    """Let a human do this at his telephone."""

    destination: Name
    do: Literal["pick_up", "put_down", "press"]
    digits: Keys | None = None

    def more(self) -> dict[str, str]:
        """Return what it takes beside the act."""
        return {"digits": self.digits} if self.digits else {}


def build_app(ground: Ground) -> Starlette:
    """Return the application; its lifespan is that of `ground`."""
    routes = _Routes(ground)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with ground:
            yield

    return Starlette(
        lifespan=lifespan,
        routes=[
            Route("/", routes.page),
            Route("/scenarios", routes.scenarios),
            Route("/messages", routes.messages),
            *(
                Route(f"/{name}", routes.ordered(model, carry_out), methods=["POST"])
                for name, (model, carry_out) in routes.orders().items()
            ),
            static_files(),
        ],
        # A page from elsewhere that resolves its own name to this machine is not listened to.
        middleware=[Middleware(Hardened), Middleware(TrustedHostMiddleware, allowed_hosts=_HOSTS)],
    )


class _Routes:
    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def page(self, _: Request) -> Response:
        return html("playground")

    async def scenarios(self, _: Request) -> Response:
        return JSONResponse(self._ground.scenarios())

    async def messages(self, request: Request) -> Response:
        """Stream what happens as server-sent events; a page that comes back says what it has."""
        last = request.headers.get("last-event-id", "0")
        after = int(last) if last.isascii() and last.isdigit() and len(last) < 16 else 0
        return StreamingResponse(self._stream(after), media_type="text/event-stream")

    async def _stream(self, after: int) -> AsyncIterator[str]:
        yield "retry: 1000\n\n"
        async for told in self._ground.feed.follow(after, beat_s=_BEAT_S):
            if told is None:
                # Keeps what stands in between from closing a connection that says nothing.
                yield ": still here\n\n"
            else:
                yield f"id: {told[0]}\ndata: {json.dumps(told[1])}\n\n"

    def orders(self) -> dict[str, tuple[type[BaseModel], CarryOut]]:
        """Return what may be ordered: the humans' telephones are those of the playground alone."""
        ground = self._ground
        orders: dict[str, tuple[type[BaseModel], CarryOut]] = {
            "play": (Play, lambda order: ground.play(order.scenario)),
            "say": (Say, lambda order: ground.say(order.text)),
            "press": (Press, lambda order: ground.press(order.digits)),
            "hang-up": (HangUp, lambda _: ground.hang_up()),
        }
        if isinstance(ground, Playground):
            tell, hand = ground.tell_phone, ground.hand
            orders["phone"] = (Behave, lambda told: tell(told.destination, told.behaviour))
            orders["hand"] = (Hand, lambda told: hand(told.destination, told.do, **told.more()))
        return orders

    def ordered(
        self, model: type[BaseModel], carry_out: CarryOut
    ) -> Callable[[Request], Awaitable[Response]]:
        """Return an endpoint that takes an order in JSON, the one form no foreign page can send."""

        async def endpoint(request: Request) -> Response:
            if request.headers.get("content-type") != "application/json":
                return _problem(415, "send application/json")
            try:
                await carry_out(model.model_validate_json(await request.body()))
            except ValidationError as error:
                return _problem(422, error.errors(include_url=False, include_input=False)[0]["msg"])
            except KeyError as error:
                return _problem(404, f"there is no {error}")
            except EmulatorError as error:
                return _problem(409, str(error))
            except httpx.HTTPError:
                return _problem(409, "the local Plivo does not answer any more")
            return Response(status_code=204)

        return endpoint


def _problem(status: int, text: str) -> Response:
    return JSONResponse({"error": text}, status_code=status)
