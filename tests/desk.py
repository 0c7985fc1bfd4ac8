"""A bot's server between a local Plivo and a switchboard, whatever its bot is made with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from escalate import Switchboard
from escalate.emulator.client import LocalPlivo
from escalate.settings import Settings
from escalate.transfer import Call, Limits

AUTH_ID = "MAADAPTERTESTS000000"
AUTH_TOKEN = "token-of-the-adapters-tests"
# As long as a machine may take that has much else to do.
PATIENCE_S = 20.0
HUMAN = "14155550199"

ASKS = "can I talk to a human please"
ANNOUNCEMENT = "One moment please, I connect you."
RETURNING = "Nobody is free."
RECONNECTED = "We were cut off."
UNAVAILABLE = "I cannot reach anybody."

LIMITS = Limits(announce_s=6.0, move_s=1.0, return_s=5.0)

Talk = TypeVar("Talk")


class AnyDesk(Generic[Talk]):
    """What a test sees of the calls that come to a bot's server.

    `/escalate/answer` is our document, `/foreign` an application's own, where `afterwards` follows
    the stream.
    """

    def __init__(self, plivo: LocalPlivo, directory: Path, port: int, **settings: Any) -> None:
        self.plivo = plivo
        self.port = port
        self.talks: list[Talk] = []
        self.afterwards = ""
        self._more = asyncio.Event()
        self.board = Switchboard(settings_for(plivo.base_url, port, directory, **settings))

    @property
    def url(self) -> str:
        """Where the server listens."""
        return f"http://127.0.0.1:{self.port}"

    async def call(self, *, foreign: bool = False) -> tuple[str, Talk]:
        """Let somebody call; returns the call's id and his first conversation."""
        answer_url = f"{self.url}/foreign" if foreign else f"{self.url}/escalate/answer"
        before = len(self.talks)
        more: dict[str, Any] = {} if foreign else {"hangup_url": f"{self.url}/escalate/hangup"}
        call_uuid = await self.plivo.call(answer_url=answer_url, **more)
        return call_uuid, await self.talk(before + 1)

    async def talk(self, number: int) -> Talk:
        """Wait for the conversation with this number."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.talks) < number:
                self._more.clear()
                await self._more.wait()
        return self.talks[number - 1]

    def greet(self, talk: Talk) -> None:
        """Take in a conversation that begins."""
        self.talks.append(talk)
        self._more.set()

    async def stored(self, call_uuid: str, fits: Callable[[Call], Any]) -> Call:
        """Wait until the stored call is as wanted."""
        seen = -1
        async with asyncio.timeout(PATIENCE_S):
            while True:
                call = await self.board.store.watch(call_uuid, after=seen, timeout_s=PATIENCE_S)
                if call is not None and fits(call):
                    return call
                seen = seen if call is None else call.revision

    async def outcome(self, call_uuid: str) -> str:
        """Wait until the call's last escalation has ended; returns how."""
        call = await self.stored(call_uuid, lambda c: c.escalation and c.escalation.ending)
        assert call.escalation is not None
        assert call.escalation.ending is not None
        return call.escalation.ending.outcome

    async def steps(self, call_uuid: str) -> list[str]:
        """Return the elements Plivo has executed for this call, in order."""
        events = await self.plivo.events(call_uuid)
        return [event["element"] for event in events if event["kind"] == "xml.step"]

    async def requests(self, call_uuid: str, method: str) -> list[str]:
        """Return the paths of the REST requests of a method about this call, as Plivo saw them."""
        return [
            event["path"]
            for event in await self.plivo.events()
            if event["kind"] == "rest"
            and event["method"] == method
            and f"/Call/{call_uuid}/" in event["path"]
        ]

    async def hang_ups(self, call_uuid: str) -> int:
        """Return how often Plivo was asked to end this call."""
        ends = f"/Call/{call_uuid}/"
        return sum(path.endswith(ends) for path in await self.requests(call_uuid, "DELETE"))

    def foreign(self) -> str:
        """Return the document of an application that has its own."""
        return (
            '<Response><Stream bidirectional="true" keepCallAlive="true" '
            'contentType="audio/x-mulaw;rate=8000">'
            f"ws://127.0.0.1:{self.port}/ws</Stream>{self.afterwards}</Response>"
        )


def settings_for(plivo_api: str, port: int, directory: Path, **settings: Any) -> Settings:
    """The settings of these tests."""
    given: dict[str, Any] = {
        "public_url": f"http://127.0.0.1:{port}/escalate",
        "stream_url": f"ws://127.0.0.1:{port}/ws",
        "plivo_auth_id": AUTH_ID,
        "plivo_auth_token": AUTH_TOKEN,
        "plivo_api": plivo_api,
        "store": str(directory / "escalate.db"),
        "destination": [{"name": "support", "phone": f"+{HUMAN}", "ring_s": 5}],
        "handoff": {"drain_s": 0.05},
        "say": {
            "connecting": ANNOUNCEMENT,
            "returning": RETURNING,
            "reconnected": RECONNECTED,
            "unavailable": UNAVAILABLE,
        },
        "limits": LIMITS,
    }
    return Settings(**{**given, **settings})
