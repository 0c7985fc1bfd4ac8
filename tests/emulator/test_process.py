"""The process: how it starts, listens for TLS, and ends."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import httpx
import pytest

from escalate.emulator.client import EmulatorError, LocalPlivo
from tests import nursery
from tests.nursery import local_plivo

from .harness import AUTH_ID, AUTH_TOKEN

HERE = "127.0.0.1"


async def test_a_client_of_api_plivo_com_reaches_it_over_tls(tmp_path: Path) -> None:
    """Who trusts ca.pem and resolves the name to it speaks to it as to the real Plivo."""
    async with local_plivo(auth_id=AUTH_ID, auth_token=AUTH_TOKEN, tls_dir=tmp_path) as plivo:
        assert plivo.tls_port
        trust = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        reader, writer = await asyncio.open_connection(
            HERE, plivo.tls_port, ssl=trust, server_hostname="api.plivo.com"
        )
        writer.write(
            b"GET /v1/Account/x/Call/ HTTP/1.1\r\nHost: api.plivo.com\r\nConnection: close\r\n\r\n"
        )
        assert b"HTTP/1.1 401 Unauthorized\r\n" == await reader.readline()
        await reader.read()
        writer.close()
        await writer.wait_closed()
        stranger = ssl.create_default_context()
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection(
                HERE, plivo.tls_port, ssl=stranger, server_hostname="api.plivo.com"
            )
    assert "0o600" == oct((tmp_path / "server.pem").stat().st_mode & 0o777)


async def test_it_ends_with_whoever_started_it() -> None:
    """The end of its standard input is the end of it, with calls under way or not."""
    async with LocalPlivo() as plivo:
        base_url = plivo.base_url
        async with httpx.AsyncClient(trust_env=False) as client:
            assert 200 == (await client.get(f"{base_url}/emulator/")).status_code
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{base_url}/emulator/")


async def test_a_port_that_is_taken_is_an_error(plivo: LocalPlivo) -> None:
    """The client does not wait for a process that has given up."""
    with pytest.raises(EmulatorError, match="did not start"):
        async with local_plivo(port=int(plivo.base_url.rpartition(":")[2])):
            raise AssertionError("it started")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--auth-id", "MA1"], "--auth-token"),
        (["--auth-id", "MA1", "--auth-token", "t", "--tls-port", "0"], "--tls-dir"),
        (["--auth-id", "MA1", "--auth-token", "t", "--config", "none.json"], "--config"),
    ],
)
async def test_a_wrong_command_line_is_one_line(arguments: list[str], why: str) -> None:
    """Exit status 2, the reason on standard error, and no traceback."""
    process = await asyncio.create_subprocess_exec(
        *(nursery.python(), "-m", "escalate.emulator", *arguments),
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()
    assert (2, 1) == (process.returncode, len(errors.decode().splitlines()))
    assert why in errors.decode()
