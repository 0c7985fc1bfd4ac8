"""As much of LiveKit's server API as a REFER needs, answering as the real one does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest_asyncio
from livekit import api
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.serving import served

PROTOBUF = "application/protobuf"


@dataclass
class LiveKit:
    """The one method of the SIP service that is asked for, and what it answers."""

    answer: Response = field(default_factory=Response)
    answers: list[Response] = field(default_factory=list)
    asked: list[api.TransferSIPParticipantRequest] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    happens: Callable[[], object] = lambda: None
    url: str = ""

    async def transfer(self, request: Request) -> Response:
        asked = api.TransferSIPParticipantRequest()
        asked.ParseFromString(await request.body())
        self.asked.append(asked)
        self.happens()
        return self.answers.pop(0) if self.answers else self.answer

    async def remove(self, request: Request) -> Response:
        asked = api.RoomParticipantIdentity()
        asked.ParseFromString(await request.body())
        self.removed.append(asked.identity)
        return Response(b"", media_type=PROTOBUF)

    def succeeds(self, **answer: Any) -> None:
        message = api.TransferSIPParticipantResponse(transfer_id="SCT_1", **answer)
        body = message.SerializeToString()
        self.answer = Response(body, media_type=PROTOBUF)

    def fails(self, code: str, **meta: str) -> None:
        error = {"code": code, "msg": "it failed", "meta": meta}
        self.answer = JSONResponse(error, status_code=503)


@pytest_asyncio.fixture(loop_scope="session")
async def livekit() -> AsyncIterator[LiveKit]:
    """A server on loopback."""
    livekit = LiveKit()
    path = "/twirp/livekit.SIP/TransferSIPParticipant"
    remove = "/twirp/livekit.RoomService/RemoveParticipant"
    routes = [
        Route(path, livekit.transfer, methods=["POST"]),
        Route(remove, livekit.remove, methods=["POST"]),
    ]
    app = Starlette(routes=routes)
    async with served(app, log_level="critical") as livekit.url:
        yield livekit
