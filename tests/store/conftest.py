"""Each engine, opened at a place of its own as often as a test likes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from escalate.store import Store, open_store

from .harness import Opening, RedisServer, need_redis

KEY = SecretStr("q83vEjRWeJASNFZ4kBI0VniQEjRWeJASNFZ4kBI0Vng=")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calls.db"


@pytest.fixture(scope="session")
def redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    need_redis()
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis_server(redis_process: RedisServer) -> RedisServer:
    """A Redis server with nothing in it."""
    from redis import Redis

    with Redis.from_url(redis_process.url) as client:
        client.flushall()
    return redis_process


@pytest.fixture(params=["sqlite", "redis", "encrypted"])
def opening(request: pytest.FixtureRequest, path: Path) -> Opening:
    """Opens one and the same store, as several processes would."""
    if request.param == "redis":
        url = request.getfixturevalue("redis_server").url
        return lambda: open_store(url)
    if request.param == "encrypted":
        pytest.importorskip("cryptography")
        return lambda: open_store(path, words_key=KEY)
    return lambda: open_store(path)


@pytest.fixture
async def store(opening: Opening) -> AsyncIterator[Store]:
    async with opening() as opened:
        yield opened
