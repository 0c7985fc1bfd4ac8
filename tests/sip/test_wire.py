"""What a bystander with a packet sniffer sees of an authenticated call."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from escalate.emulator.client import LocalPlivo
from tests.emulator.harness import Application

from .pbx import REALM, kamailio
from .peers import LOOPBACK, need, run, sipp, start, stop, until
from .scenarios import TALKS, carries, document
from .test_pbx import SECRET, TRUNK

FIELDS = "Method Status-Code auth.username auth.realm auth.nonce auth.uri auth.qop auth.nc".split()
FIELDS += ["auth.cnonce", "auth.digest.response"]
RIGHTS = () if os.geteuid() == 0 else ("sudo", "-n")


@contextlib.asynccontextmanager
async def captured(port: int, at: Path) -> AsyncIterator[None]:
    """Capture what goes to or from a port of loopback."""
    file = at / "wire.pcapng"
    ports = f"udp port {port} or tcp port {port}"
    sniffer = await start(*RIGHTS, "tshark", "-i", "lo", "-f", ports, "-w", str(file), cwd=at)

    def has_seen(marker: bytes) -> bool:
        # It begins some time after it says so, and is some time behind: it has to show both.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(marker, (LOOPBACK, port))
        return file.exists() and marker in file.read_bytes()

    try:
        await until(lambda: has_seen(b"begin-here"))
        yield
        await until(lambda: has_seen(b"end-here"))
        sniffer.send_signal(signal.SIGINT)
        await sniffer.wait()
    finally:
        await stop(sniffer)


async def read(port: int, at: Path, what: str, *fields: str) -> list[list[str]]:
    """Return fields of the captured frames that match a display filter."""
    wanted = [part for field in fields for part in ("-e", field)]
    decoding = f"udp.port=={port},sip"
    command = ("tshark", "-r", "wire.pcapng", "-d", decoding, "-Y", what, "-T", "fields", *wanted)
    text = await run(*RIGHTS, *command, cwd=at)
    return [line.split("\t") for line in text.splitlines()]


def recomputed(fields: list[str]) -> str:
    """Return the digest of these fields for the password that we know (RFC 2617)."""
    method, _, user, realm, nonce, uri, qop, nc, cnonce, _ = (one.strip('"') for one in fields)
    one, two = (
        hashlib.md5(text.encode()).hexdigest()
        for text in (f"{user}:{realm}:{SECRET}", f"{method}:{uri}")
    )
    return hashlib.md5(f"{one}:{nonce}:{nc}:{cnonce}:{qop}:{two}".encode()).hexdigest()


async def test_the_password_proves_itself_and_is_never_on_the_wire(
    plivo: LocalPlivo, app: Application, tmp_path: Path
) -> None:
    """The first INVITE has no credentials, the second has the digest and nothing more."""
    need("tshark", "kamailio", "sipp")
    agent_plays = document(carries("X-PH-TransferId") + TALKS)
    async with (
        sipp(agent_plays, tmp_path / "agent") as agent,
        kamailio(tmp_path / "pbx", {TRUNK: SECRET}, {"agent": agent.uri}) as pbx,
    ):
        at = tmp_path / "wire"
        at.mkdir()
        async with captured(pbx.port, at):
            user = f"<User sipAuthUsername='{TRUNK}' sipAuthPassword='{SECRET}'>{pbx.uri('agent')}"
            headers = "sipHeaders='TransferId=abc123,PlivoId=1'"
            app.answers("answer", f"<Dial {headers} timeLimit='1'>{user}</User></Dial><Hangup/>")
            await plivo.wait_for("call.ended", await plivo.call())
            assert 0 == await agent.verdict()
    assert plivo.sip is not None
    ours = f"sip and udp.port=={plivo.sip.rpartition(':')[2]}"
    ladder = await read(pbx.port, at, ours, *(f"sip.{field}" for field in FIELDS))
    words = [line[0] or line[1] for line in ladder]
    assert ["INVITE", "407", "ACK", "INVITE", "100", "180", "200", "ACK", "BYE", "200"] == words
    first, second = (line for line in ladder if line[0] == "INVITE")
    assert ["", f'"{REALM}"', f'"{recomputed(second)}"'] == [first[9], second[3], second[9]]
    ha1 = hashlib.md5(f"{TRUNK}:{REALM}:{SECRET}".encode()).hexdigest()
    seen = (at / "wire.pcapng").read_bytes()
    for secret in (SECRET.encode(), base64.b64encode(SECRET.encode()), ha1.encode(), b"PlivoId"):
        assert secret not in seen
    assert b"X-PH-TransferId: abc123" in seen
