"""Ports of loopback that are free, and stay so until their owner is up.

They are below those that the system hands out to connections, and each worker of a run has some
of its own: what starts a process chooses its port before that listens.
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
from typing import Final

from escalate.demo import processes

_ALL: Final = range(12_000, 32_000)
_SHARES: Final = 16


def take_share() -> None:
    """Let this process choose among the ports of its own worker alone, for the stages, too."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    share = len(_ALL) // _SHARES
    first = int(worker) % _SHARES * share
    setattr(processes, "PORTS", _ALL[first : first + share])  # noqa: B010


def free_port(neighbours: int = 0) -> int:
    """Return an even port that is free for UDP and TCP, and so are its next neighbours."""
    while True:
        port = random.choice(processes.PORTS) // 2 * 2
        wanted = set(range(port, port + neighbours + 1))
        if wanted & _taken:
            continue
        try:
            with contextlib.ExitStack() as stack:
                for one in wanted:
                    stack.enter_context(_probe(one, socket.SOCK_DGRAM))
                    stack.enter_context(_probe(one, socket.SOCK_STREAM))
        except OSError:
            continue
        _taken.update(wanted)
        return port


_taken: set[int] = set()


def _probe(port: int, kind: socket.SocketKind) -> socket.socket:
    probe = socket.socket(socket.AF_INET, kind)
    try:
        probe.bind((processes.HOST, port))
    except OSError:
        probe.close()
        raise
    return probe
