"""How a command says that it cannot go on: one message on stderr, never a traceback."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

import typer

WRONG: Final = 1
"""Exit status: it ran, and came out otherwise than it must."""

CANNOT: Final = 2
"""Exit status: it could not begin. Something is missing or wrongly set."""

_MODULES: Final = {"pipecat": ("pipecat", "fastapi"), "emulator": ("trustme", "websockets")}


def stop(message: str, *, status: int = CANNOT) -> NoReturn:
    """Say why, and end the command."""
    sys.stderr.write(f"escalate: {message}\n")
    raise typer.Exit(status)


def need(*extras: str) -> None:
    """End the command with the line to type if an optional part is not installed."""
    missing = [extra for extra in extras if not _has(_MODULES[extra])]
    if missing:
        wanted = f"escalate-voice[{','.join(missing)}]"
        stop(f"this needs more than the core; install it with: pip install '{wanted}'")


def _has(modules: Sequence[str]) -> bool:
    return all(importlib.util.find_spec(module) is not None for module in modules)
