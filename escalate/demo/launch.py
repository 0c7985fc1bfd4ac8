"""Run a bot file so that the name api.plivo.com leads to the local Plivo.

    python -m escalate.demo.launch examples/pipecat_bot.py --port 7860

Pipecat's serializer hangs up by a request to Plivo's fixed address and swallows every error, so a
test in which that request cannot arrive proves nothing about it. Here it arrives: the name is
resolved to the local Plivo's TLS port, and SSL_CERT_FILE, which the caller of this module sets,
makes its certificate trusted. Nothing of Pipecat is touched.
"""

from __future__ import annotations

import gc
import os
import runpy
import socket
import sys
import threading
from pathlib import Path
from typing import Any, Final

PORT_VARIABLE: Final = "ESCALATE_DEMO_TLS_PORT"
ARMED_VARIABLE: Final = "ESCALATE_DEMO_ARMED"
CHILD_VARIABLE: Final = "ESCALATE_DEMO_CHILD"
_CARRIER: Final = "api.plivo.com"
# Objects made between two collections: the usual 700 make up a quarter of the start of a bot.
_BETWEEN_COLLECTIONS: Final = 100_000

_getaddrinfo = socket.getaddrinfo


def route_carrier(port: int) -> None:
    """Let every look-up of Plivo's API in this process find the local Plivo at `port`."""

    def look_up(host: Any, service: Any, *args: Any, **options: Any) -> Any:
        if host in (_CARRIER, _CARRIER.encode()):
            return _getaddrinfo("127.0.0.1", port, *args, **options)
        return _getaddrinfo(host, service, *args, **options)

    setattr(socket, "getaddrinfo", look_up)  # noqa: B010


def leave_hang_up_armed() -> None:
    """Take away what keeps Pipecat's serializer from hanging up: such a bot loses its callers."""
    from escalate.pipecat import processor

    setattr(processor, "take_over_hang_up", lambda transport: None)  # noqa: B010


def end_with_parent() -> None:
    """End this process when its stdin closes, as it does when whoever started it has died."""

    def wait() -> None:
        # Without a buffer, whose lock would be held when the interpreter ends.
        while os.read(0, 1024):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def main(arguments: list[str]) -> None:
    """Run the file named first with the rest as its own arguments."""
    bot, *rest = arguments
    gc.set_threshold(_BETWEEN_COLLECTIONS, *gc.get_threshold()[1:])
    if port := os.environ.get(PORT_VARIABLE):
        route_carrier(int(port))
    if os.environ.get(CHILD_VARIABLE):
        end_with_parent()
    if os.environ.get(ARMED_VARIABLE):
        leave_hang_up_armed()
    sys.argv = [bot, *rest]
    sys.path.insert(0, str(Path(bot).resolve().parent))
    runpy.run_path(bot, run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
