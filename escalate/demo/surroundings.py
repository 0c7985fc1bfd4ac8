"""What the bot of the demonstration finds around it: a script, settings and an environment."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from escalate.demo import launch
from escalate.demo.processes import HOST
from escalate.demo.scenarios import (
    DESTINATIONS,
    SIP_ADDRESS,
    SIP_PASSWORD,
    SIP_USERNAME,
    Scenario,
)
from escalate.demo.transcripts import Line
from escalate.settings import password_variable

# Shorter than anybody would configure, so that the demonstration goes on.
_CONFIRM_S: Final = 4
_CALLER_ID: Final = "+14155550100"
STORE: Final = "escalate.db"
_SETTINGS: Final = "escalate.toml"
_SCRIPT: Final = "caller.jsonl"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the processes listen; without a web side of its own `web` is the bot's."""

    plivo: int
    tls: int
    bot: int
    web: int


def write_files(directory: Path, ports: Ports, scenario: Scenario, *, ring_s: int) -> Path:
    """Write the caller's script and the settings, whose path is returned."""
    (directory / _SCRIPT).write_text(_as_jsonl(scenario.lines))
    config = directory / _SETTINGS
    config.write_text(settings_text(directory, ports, scenario, ring_s=ring_s))
    return config


def settings_text(directory: Path, ports: Ports, scenario: Scenario, *, ring_s: int) -> str:
    """Return the settings with which a scenario is played."""
    root = (
        f'public_url = "http://{HOST}:{ports.web}/escalate"\n'
        f'stream_url = "ws://{HOST}:{ports.bot}/ws"\n'
        f'plivo_api = "http://{HOST}:{ports.plivo}"\n'
        f"store = {json.dumps(str(directory / STORE))}\n"
    )
    tables = "".join(_destination(name, where, ring_s) for where, name in DESTINATIONS.items())
    tables += f'\n[handoff]\nlast_resort = "{scenario.last_resort}"\n'
    tables += f'strategy = "{scenario.strategy}"\n'
    if scenario.confirm:
        tables += f'mode = "confirm"\n\n[limits]\nconfirm_s = {_CONFIRM_S}\n'
    if scenario.warm:
        root += f'caller_id = "{_CALLER_ID}"\n'
        tables += f'mode = "warm"\nintroduce = {str(scenario.introduce).lower()}\n'
    return root + tables


def live_ears(ports: Ports) -> dict[str, str]:
    """What lets the bot hear whatever callers say, instead of a script."""
    return {"ESCALATE_TRANSCRIPT": f"http://{HOST}:{ports.plivo}/emulator/log"}


def environment_for(directory: Path, ports: Ports, scenario: Scenario) -> dict[str, str]:
    """What the bot gets: nothing of the user's own accounts, so that nothing leaves here."""
    inherited = {k: v for k, v in os.environ.items() if not _is_private(k)}
    return {
        **inherited,
        password_variable(DESTINATIONS[SIP_ADDRESS]): SIP_PASSWORD,
        "ESCALATE_CONFIG": str(directory / _SETTINGS),
        "ESCALATE_TRANSCRIPT": str(directory / _SCRIPT),
        launch.PORT_VARIABLE: str(ports.tls),
        launch.CHILD_VARIABLE: "1",
        "LOGURU_LEVEL": "INFO",
        **({launch.ARMED_VARIABLE: "1"} if scenario.armed else {}),
    }


def _destination(name: str, address: str, ring_s: int) -> str:
    kind = "sip" if address.startswith("sip:") else "phone"
    credentials = f'username = "{SIP_USERNAME}"\n' if kind == "sip" else ""
    head = f'\n[[destination]]\nname = "{name}"\n{kind} = "{address}"\n'
    return f"{head}{credentials}ring_s = {ring_s}\n"


def _as_jsonl(lines: Sequence[Line]) -> str:
    keys = ("text", "final", "at", "stream")
    return "".join(json.dumps({key: getattr(line, key) for key in keys}) + "\n" for line in lines)


def _is_private(variable: str) -> bool:
    """Whether a variable would lead the bot to somebody's account, settings or proxy."""
    name = variable.upper()
    return name.startswith(("ESCALATE_", "PLIVO_")) or name.endswith(("_API_KEY", "_PROXY"))
