"""Real telephones without a sound card: baresip and linphone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from array import array
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

from escalate.emulator import audio
from tests.ports import free_port

from .peers import LOOPBACK, PATIENCE_S, start, stop, until, until_bound
from .tones import samples_of

_CONFIG: Final = """
poll_method epoll
sip_listen {host}:{port}
audio_player aubridge,sink
audio_source aufile,{tone}
audio_alert aubridge,alert
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
audio_txmode thread
rtp_ports {rtp}-{rtp_end}
jitter_buffer_type fixed
jitter_buffer_delay 2-10
net_interface {host}
module_path /usr/lib/baresip/modules
module aubridge.so
module g711.so
module aufile.so
module sndfile.so
module cons.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
snd_path {path}
ctrl_tcp_listen {host}:{control}
cons_listen {host}:{keys}
"""


class Baresip:
    """A telephone: controlled by JSON, its keys pressed by datagrams, both its sides recorded."""

    def __init__(self, name: str, at: Path, port: int, keys: int) -> None:
        self.name = name
        self.uri = f"sip:{name}@{LOOPBACK}:{port}"
        self._at = at
        self._keys = keys
        self._events: list[dict[str, Any]] = []
        self._news = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None

    async def call(self, uri: str) -> None:
        """Dial."""
        await self._tell("dial", uri)

    async def pick_up(self) -> None:
        """Answer what rings."""
        await self._tell("accept")

    async def hang_up(self) -> None:
        """Hang up, or decline what rings."""
        await self._tell("hangup")

    def press(self, key: str) -> None:
        """Press a key and let go of it."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for letter in (key, "\x04"):
                sender.sendto(letter.encode(), (LOOPBACK, self._keys))

    async def event(self, kind: str, nth: int = 1) -> dict[str, Any]:
        """Wait for the nth event of a kind, such as CALL_ESTABLISHED."""
        async with asyncio.timeout(PATIENCE_S):
            while len(found := [one for one in self._events if one.get("type") == kind]) < nth:
                self._news.clear()
                await self._news.wait()
        return found[nth - 1]

    async def heard(self) -> array[int]:
        """Return what it heard in its only call, which is over."""
        await self.event("CALL_CLOSED")
        # The recorder writes how long it is when it closes the file.
        return await until(lambda: _recording(self._at))

    @contextlib.asynccontextmanager
    async def following(self, control: int) -> AsyncIterator[None]:
        """Follow what happens."""
        reader, self._writer = await asyncio.open_connection(LOOPBACK, control)
        task = asyncio.create_task(self._follow(reader))
        try:
            yield
        finally:
            task.cancel()
            self._writer.close()

    async def _tell(self, command: str, params: str = "") -> None:
        assert self._writer is not None
        text = json.dumps({"command": command, "params": params, "token": "test"}).encode()
        self._writer.write(b"%d:%s," % (len(text), text))
        await self._writer.drain()

    async def _follow(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length = int((await reader.readuntil(b":"))[:-1])
                text = await reader.readexactly(length + 1)
                self._events.append(json.loads(text[:-1]))
                self._news.set()


@contextlib.asynccontextmanager
async def baresip(
    at: Path,
    name: str,
    *,
    proxy: int | None = None,
    password: str = "",
    tone_hz: int = 440,
    picks_up: bool = True,
    codec: str = "PCMU",
) -> AsyncIterator[Baresip]:
    """Run a telephone that says a steady tone; with a proxy's port it registers there."""
    at.mkdir(parents=True, exist_ok=True)
    port, rtp, control, keys = free_port(), free_port(8), free_port(), free_port()
    (at / "tone.wav").write_bytes(audio.write_wav(audio.tone(60, (tone_hz,), 12000)))
    config = _CONFIG.format(
        host=LOOPBACK,
        port=port,
        tone=at / "tone.wav",
        rtp=rtp,
        rtp_end=rtp + 8,
        control=control,
        keys=keys,
        path=at,
    )
    (at / "config").write_text(config)
    account = [
        f"<sip:{name}@{'pbx.test' if proxy else LOOPBACK}>",
        f"auth_user={name}",
        f"auth_pass={password}",
        f"regint={60 if proxy else 0}",
        f"answermode={'auto' if picks_up else 'manual'}",
        f"audio_codecs={codec}/8000/1",
        "ptime=20",
        *([f'outbound="sip:{LOOPBACK}:{proxy}"'] if proxy else []),
    ]
    (at / "accounts").write_text(";".join(account) + "\n")
    process = await start("baresip", "-f", str(at), cwd=at)
    phone = Baresip(name, at, port, keys)
    try:
        await until_bound(port, process)
        await until_bound(control, process, "tcp")
        async with phone.following(control):
            if proxy:
                await until(lambda: "200 OK" in (at / "output.txt").read_text())
            yield phone
    finally:
        await stop(process)


def _recording(at: Path) -> array[int] | None:
    files = list(at.glob("dump-*-dec.wav"))
    return (samples_of(files[0].read_bytes()) or None) if files else None


_LINPHONE: Final = """
[sip]
sip_port={port}
sip_tcp_port=0
sip_tls_port=0
bind_address={host}
contact=sip:{name}@{host}
guess_hostname=0
register_only_when_network_is_up=0
media_encryption=none
default_proxy=0

[rtp]
audio_rtp_port={rtp}

[proxy_0]
reg_proxy=<sip:{proxy};transport=udp>
reg_identity=sip:{name}@{domain}
reg_expires=120
reg_sendregister=1

[sound]
playback_dev_id=ANull: null soundcard
capture_dev_id=ANull: null soundcard

[video]
display=0
capture=0
"""

_LINPHONE_PASSWORD: Final = """
[auth_info_0]
username={name}
passwd={password}
realm={domain}
domain={domain}
"""


class Linphone:
    """A telephone of another make, which picks up by itself; controlled by lines of text.

    It says nothing until it is told to `play` a file.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    def tell(self, command: str) -> None:
        """Type a command: play FILE, pause, resume, terminate."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n".encode())


@contextlib.asynccontextmanager
async def linphone(
    at: Path, name: str, *, proxy: str, domain: str = LOOPBACK, password: str = ""
) -> AsyncIterator[Linphone]:
    """Run a telephone that registers with a server, which may take it a while."""
    # Without a place for its database it has no network either.
    (at / ".local/share/linphone").mkdir(parents=True)
    port, rtp = free_port(), free_port(2)
    config = (_LINPHONE + _LINPHONE_PASSWORD * bool(password)).format(
        host=LOOPBACK,
        port=port,
        rtp=rtp,
        name=name,
        proxy=proxy,
        domain=domain,
        password=password,
    )
    (at / "linphonerc").write_text(config)
    process = await start(
        *("linphonec", "-c", str(at / "linphonerc"), "-a"),
        cwd=at,
        stdin=asyncio.subprocess.PIPE,
        HOME=str(at),
    )
    try:
        await until_bound(port, process)
        yield Linphone(process)
    finally:
        await stop(process)
