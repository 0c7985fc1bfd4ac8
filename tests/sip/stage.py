"""A bot, a local Plivo that speaks SIP, a contact centre, and telephones: all of them real."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from escalate.demo import launch
from escalate.demo.processes import Child
from escalate.demo.stage import examples
from escalate.emulator.client import LocalPlivo
from escalate.emulator.tls import issue
from escalate.settings import password_variable
from tests import nursery
from tests.ports import free_port

from .pbx import Pbx, kamailio
from .peers import LOOPBACK, PATIENCE_S, need
from .phones import Baresip, baresip

NUMBER: Final = "14155550100"
CALLER: Final = "14155550123"
CALLER_HZ, SUPPORT_HZ, DUTY_HZ = 1000, 440, 700
TRUNK: Final = {"plivo": "s3cret-of-the-trunk"}
AGENTS: Final = {"support": "s3cret-of-support", "agent1": "s3cret-of-agent1"}
# The example of each framework, and what has to be there for it.
_BOTS: Final = {
    "pipecat": ("pipecat_bot.py", "pipecat"),
    "livekit": ("livekit_agent.py", "livekit.agents"),
}
_ASKS: Final = {"text": "i want to talk to a human please", "final": True, "at": 1.0}


@dataclass(frozen=True)
class Destination:
    """Whom the policy names: somebody behind the contact centre, or a telephone with no server."""

    name: str
    uri: str
    password: str | None = None


@dataclass
class Stage:
    """Everybody, up and listening."""

    plivo: LocalPlivo
    pbx: Pbx
    caller: Baresip
    support: Baresip
    duty: Baresip

    async def call(self) -> str:
        """Let the caller dial the bot's number; returns the call's id."""
        await self.caller.call(f"sip:{NUMBER}@{self.plivo.sip}")
        return str((await self.sees("stream.opened"))["call"])

    async def sees(self, kind: str, call: str | None = None, **fields: Any) -> dict[str, Any]:
        """Wait for an event in the local Plivo's log, however slow the machine is."""
        return await self.plivo.wait_for(kind, call, timeout_s=PATIENCE_S, **fields)


@contextlib.asynccontextmanager
async def stage(
    at: Path,
    *,
    warm: bool = False,
    places: Mapping[str, str] | None = None,
    first: str = "support",
    password: str = TRUNK["plivo"],
    picks_up: bool = True,
    framework: str = "pipecat",
) -> AsyncIterator[Stage]:
    """Put everybody in place.

    The policy tries `first`, behind the contact centre's challenge and with this password, and
    then the duty telephone, which asks for none.
    """
    need("kamailio", "baresip", bot=_BOTS[framework][1])
    async with contextlib.AsyncExitStack() as stack:
        pbx = await stack.enter_async_context(kamailio(at / "pbx", {**TRUNK, **AGENTS}, places))
        caller = await stack.enter_async_context(baresip(at / "caller", CALLER, tone_hz=CALLER_HZ))
        support = await stack.enter_async_context(
            baresip(
                at / "support",
                "support",
                proxy=pbx.port,
                password=AGENTS["support"],
                tone_hz=SUPPORT_HZ,
                picks_up=picks_up,
            )
        )
        duty = await stack.enter_async_context(baresip(at / "duty", "duty", tone_hz=DUTY_HZ))
        destinations = [
            Destination("support", pbx.uri(first), password),
            Destination("duty", duty.uri),
        ]
        plivo = await stack.enter_async_context(
            bot(at / "bot", destinations, warm=warm, framework=framework)
        )
        yield Stage(plivo, pbx, caller, support, duty)


@contextlib.asynccontextmanager
async def bot(
    at: Path, destinations: list[Destination], *, warm: bool, framework: str
) -> AsyncIterator[LocalPlivo]:
    """Run the example's bot on a local Plivo whose numbers it answers."""
    at.mkdir(parents=True, exist_ok=True)
    port, tls_port, bot_port = free_port(), free_port(), free_port()
    certificates = issue(at / "tls")
    (at / "caller.jsonl").write_text(json.dumps(_ASKS) + "\n")
    (at / "escalate.toml").write_text(_settings(at, port, bot_port, destinations, warm=warm))
    plivo = LocalPlivo(port=port, tls_dir=at / "tls", tls_port=tls_port, config={"sip": {}})
    passwords = {password_variable(one.name): one.password for one in destinations if one.password}
    environment = {
        **os.environ,
        **passwords,
        "ESCALATE_CONFIG": str(at / "escalate.toml"),
        "ESCALATE_TRANSCRIPT": str(at / "caller.jsonl"),
        launch.PORT_VARIABLE: str(tls_port),
        launch.CHILD_VARIABLE: "1",
        "PLIVO_AUTH_ID": plivo.auth_id,
        "PLIVO_AUTH_TOKEN": plivo.auth_token,
        "SSL_CERT_FILE": str(certificates.authority),
    }
    file = str(examples() / _BOTS[framework][0])
    arguments = ["-m", launch.__name__, file, "--port", str(bot_port)]
    child = Child("bot", arguments, bot_port, at, environment)
    async with contextlib.AsyncExitStack() as stack:
        with nursery.in_use():
            stack.push_async_callback(child.stop)
            await child.start()
            await stack.enter_async_context(plivo)
        await child.listens()
        base = f"http://{LOOPBACK}:{bot_port}/escalate"
        await plivo.application(f"{base}/answer", hangup_url=f"{base}/hangup")
        yield plivo


def _settings(
    at: Path, plivo_port: int, bot_port: int, destinations: list[Destination], *, warm: bool
) -> str:
    lines = [
        f'public_url = "http://{LOOPBACK}:{bot_port}/escalate"',
        f'stream_url = "ws://{LOOPBACK}:{bot_port}/ws"',
        f'plivo_api = "http://{LOOPBACK}:{plivo_port}"',
        f"store = {json.dumps(str(at / 'escalate.db'))}",
        f'caller_id = "+{NUMBER}"',
    ]
    for one in destinations:
        lines += ["[[destination]]", f'name = "{one.name}"', f'sip = "{one.uri}"', "ring_s = 20"]
        lines += ['username = "plivo"'] if one.password else []
    lines += ["[handoff]", f'mode = "{"warm" if warm else "cold"}"']
    return "\n".join(lines) + "\n"
