"""`python -m escalate.emulator`: the local Plivo as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from escalate.emulator.call import Routes
from escalate.emulator.callbacks import Route
from escalate.emulator.server import Account, Ports, serve
from escalate.emulator.services import Config, SipConfig

_TOKEN_VARIABLE = "PLIVO_AUTH_TOKEN"


def main() -> int:
    """Parse the command line and serve until a signal or, if asked for, the end of stdin."""
    options = _parser().parse_args()
    token = options.auth_token or os.environ.get(_TOKEN_VARIABLE)
    if not token:
        return _refuse(f"--auth-token or {_TOKEN_VARIABLE} is needed")
    if (options.tls_port is None) != (options.tls_dir is None):
        return _refuse("--tls-port and --tls-dir go together")
    try:
        config = _config(options)
    except (OSError, ValidationError) as exc:
        return _refuse(f"--config: {exc}")
    ports = Ports(options.port, options.tls_port, options.tls_dir)
    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(_serve(Account(options.auth_id, token), ports, config, options))
    return 0


async def _serve(
    account: Account, ports: Ports, config: Config, options: argparse.Namespace
) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if options.until_stdin_closes:
        # The system closes the pipe when the parent dies, however it dies.
        loop.add_reader(sys.stdin.fileno(), _read_stdin, stop)
    try:
        await serve(
            account, ports, config=config, routes=_routes(options), ready=_say_ready, stop=stop
        )
    except OSError as exc:
        return _refuse(str(exc))
    return 0


def _config(options: argparse.Namespace) -> Config:
    config = Config.model_validate_json(options.config.read_text() if options.config else "{}")
    if options.sip is None:
        return config
    sip = (config.sip or SipConfig()).model_copy(update={"port": options.sip})
    return config.model_copy(update={"sip": sip})


def _routes(options: argparse.Namespace) -> Routes | None:
    if not options.answer_url:
        return None
    hangup = Route(options.hangup_url) if options.hangup_url else None
    return Routes(answer=Route(options.answer_url), hangup=hangup)


def _read_stdin(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop.set()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m escalate.emulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on loopback; 0: any free one")
    parser.add_argument("--tls-port", type=int, help="TLS port for clients of api.plivo.com")
    parser.add_argument("--tls-dir", type=Path, help="where ca.pem and server.pem are written")
    parser.add_argument(
        "--sip",
        type=int,
        nargs="?",
        const=5060,
        metavar="PORT",
        help="speak SIP on this port of loopback (5060; 0: any free one): softphones can call any "
        "number at it and register, sip: URIs on this machine are called for real, and scripted "
        "SIP telephones by SIP, too",
    )
    parser.add_argument("--answer-url", help="the application that owns every number")
    parser.add_argument("--hangup-url", help="where it is told that a call is over")
    parser.add_argument("--auth-id", required=True)
    parser.add_argument("--auth-token", help=f"better given as {_TOKEN_VARIABLE}")
    parser.add_argument("--config", type=Path, help="a JSON file; see escalate.emulator.Config")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with the parent")
    return parser


def _say_ready(about: Mapping[str, Any]) -> None:
    sys.stdout.write(f"ready {about['base_url']}\n")
    if "sip" in about:
        sys.stdout.write(f"sip {about['sip']}\n")
    sys.stdout.flush()


def _refuse(why: str) -> int:
    sys.stderr.write(f"escalate.emulator: {why}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
