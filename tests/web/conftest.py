"""Plivo's side of the conversation with our routes, and a switchboard to have it with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from pydantic import SecretStr

from escalate import Switchboard
from escalate.plivo.signature import NONCE_HEADER, SIGNATURE_HEADER, sign_v3
from escalate.plivo.xml import Response, parse
from escalate.settings import Destination, Settings
from escalate.store import SqliteStore

PUBLIC = "https://bot.example.com/escalate"
TOKEN = "the-auth-token"
PASSWORD = "correct-horse"
UUID = "8503ed6b-e0ad-4945-b04a-87759100f2c9"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        public_url=PUBLIC,
        stream_url="wss://bot.example.com/ws",
        plivo_auth_id="MAXXXXXXXXXXXXXXXXXX",
        plivo_auth_token=SecretStr(TOKEN),
        store=str(tmp_path / "calls.db"),
        destination=(
            Destination(
                name="support",
                sip="sip:queue-1@cc.example.com",
                username="queue1",
                password=SecretStr(PASSWORD),
            ),
            Destination(name="duty", phone="+14155550199"),
        ),
    )


@pytest.fixture
async def board(settings: Settings) -> AsyncIterator[Switchboard]:
    store = SqliteStore(settings.store, busy_s=0.2)
    async with Switchboard(settings, store=store) as opened:
        yield opened


class Plivo:
    """Signs what it sends, as Plivo does, unless told to do it badly."""

    def __init__(self, board: Switchboard) -> None:
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(board.app))

    async def post(
        self, path: str, form: Mapping[str, str] | None = None, *, token: str = TOKEN
    ) -> httpx.Response:
        fields = {"CallUUID": UUID, **(form or {})}
        url = f"{PUBLIC}{path}"
        signature = sign_v3("POST", url, fields, auth_token=token, nonce="12345")
        return await self._http.post(
            f"http://internal:8000{path}",
            content=urlencode(fields),
            headers={
                SIGNATURE_HEADER: signature,
                NONCE_HEADER: "12345",
                "Content-Type": "application/x-www-form-urlencoded",
            },
        )

    async def document(
        self, path: str, form: Mapping[str, str] | None = None, *, token: str = TOKEN
    ) -> Response:
        reply = await self.post(path, form, token=token)
        assert 200 == reply.status_code
        assert "application/xml" == reply.headers["content-type"].partition(";")[0]
        assert "no-store" == reply.headers["cache-control"]
        return parse(reply.text)


@pytest.fixture
def plivo(board: Switchboard) -> Plivo:
    return Plivo(board)
