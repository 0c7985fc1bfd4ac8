"""Starts Python programs as forks of one process that has imported already what they need.

The tests play dozens of calls with real processes, and to import Pipecat and the local Plivo costs
more than to play one. `python()` returns an executable that is called like Python itself
(`-m module arguments`), and passes its arguments, environment and standard streams to the nursery;
there a fork becomes that program. Whoever ends the executable ends the fork, by whatever signal.
All workers of a test run share one nursery, which ends with whoever started it. The workers are
forks, too: of a fork that has collected the tests once for all of them.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import random
import runpy
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from escalate.emulator.client import LocalPlivo

ROOT: Final = Path(__file__).parents[1]
_IMPORTED: Final = (
    "escalate.cli.detecting",
    "escalate.cli.playing",
    "escalate.cli.serving",
    "escalate.switchboard",
    "escalate.demo.stage",
    "escalate.emulator.server",
    "escalate.demo.services",
    "escalate.pipecat",
    "pipecat.pipeline.worker",
    "pipecat.runner.utils",
    "pipecat.serializers.plivo",
    "pipecat.transports.websocket.fastapi",
    "pipecat.workers.runner",
    "fastapi",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "uvicorn.lifespan.on",
    "escalate.livekit",
    "escalate.demo.livekit_services",
)
_START_S: Final = 60.0
# Where the nursery of this run is, for the processes that the run consists of.
_HOME: Final = "TESTS_NURSERY"
# Isolated and without site packages: it has to start in a few milliseconds.
_EXECUTABLE: Final = """#!{python} -IS
import json, os, signal, socket, sys
nursery = socket.socket(socket.AF_UNIX)
nursery.connect({address!r})
order = json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]).encode()
socket.send_fds(nursery, [len(order).to_bytes(4, "big")], [0, 1, 2])
nursery.sendall(order)
pid = int.from_bytes(nursery.recv(4), "big")
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda number, _: os.kill(pid, number))
for stream in (0, 1, 2):
    os.close(stream)
status = nursery.recv(4)
os._exit(int.from_bytes(status, "big") if status else 1)
"""


@contextlib.contextmanager
def in_use() -> Iterator[None]:
    """Let what starts Python in this block start forks of the nursery."""
    usual, sys.executable = sys.executable, python()
    try:
        yield
    finally:
        sys.executable = usual


def python() -> str:
    """Return the executable; whoever asks first starts the nursery for all that he starts.

    Raises:
        RuntimeError: The nursery does not start.
    """
    if _HOME not in os.environ:
        os.environ[_HOME] = tempfile.mkdtemp(prefix="nursery-")
    folder = Path(os.environ[_HOME])
    if not _answers(folder / "door"):
        _wait_for(_open(folder, str(folder / "python")), folder)
    return str(folder / "python")


def python_that_collected(arguments: Sequence[str]) -> str:
    """Return an executable for workers, which need not import the tests that `arguments` name.

    Raises:
        RuntimeError: The nursery does not start.
    """
    folder = Path(tempfile.mkdtemp(prefix="nursery-"))
    process = _open(folder, sys.executable, *arguments)
    # The workers will want the other one, and find it in their environment.
    python()
    _wait_for(process, folder)
    return str(folder / "python")


@contextlib.asynccontextmanager
async def local_plivo(**options: Any) -> AsyncIterator[LocalPlivo]:
    """A local Plivo that is a fork of the nursery."""
    # Pytest has to be the first to import what is imported with it.
    from escalate.emulator.client import LocalPlivo

    async with contextlib.AsyncExitStack() as stack:
        with in_use():
            plivo = await stack.enter_async_context(LocalPlivo(**options))
        yield plivo


_opened: list[subprocess.Popen[bytes]] = []


def _open(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    door, executable = folder / "door", folder / "python"
    door.unlink(missing_ok=True)
    executable.write_text(_EXECUTABLE.format(python=sys.executable, address=str(door)))
    executable.chmod(0o700)
    with (folder / "messages").open("w") as messages:
        _opened.append(
            subprocess.Popen(
                [sys.executable, "-m", "tests.nursery", str(folder), *arguments],
                stdin=subprocess.PIPE,
                stdout=messages,
                stderr=messages,
                cwd=ROOT,
                start_new_session=True,
            )
        )
    if len(_opened) == 1:
        atexit.register(_end_all)
    return _opened[-1]


def _end_all() -> None:
    for process in _opened:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()


def _wait_for(process: subprocess.Popen[bytes], folder: Path) -> None:
    give_up_at = time.monotonic() + _START_S
    while not _answers(folder / "door"):
        if process.poll() is not None or time.monotonic() > give_up_at:
            said = (folder / "messages").read_text()
            raise RuntimeError(f"the nursery does not start; it said:\n{said}")
        time.sleep(0.05)


def _answers(door: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as visitor:
        return visitor.connect_ex(str(door)) == 0


# --- the nursery itself ---------------------------------------------------------------------------


def serve(folder: Path, python: str, *tests: str) -> None:
    """Fork a child for each order, until stdin closes; `python` is what it takes for Python."""
    if tests:
        _collect(tests)
    else:
        _import()
    _read_languages(all_of_humans=bool(tests))
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    waker, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    children: dict[int, socket.socket] = {}
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(folder / "door"))
        door.listen(64)
        while True:
            waited_for: list[Any] = [0, waker, door, *children.values()]
            ready, _, _ = select.select(waited_for, [], [])
            if 0 in ready:
                break
            if door in ready:
                _take_in(door.accept()[0], children, python)
            if waker in ready:
                os.read(waker, 512)
                _bury(children)
            for pid in [pid for pid, parent in children.items() if parent in ready]:
                # Whoever started it has ended without it.
                os.kill(pid, signal.SIGKILL)
                children.pop(pid).close()
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


def _import() -> None:
    setattr(ssl, "create_default_context", _create_and_note)  # noqa: B010
    for name in _IMPORTED:
        # A test of one framework may run where the other is not installed.
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def _collect(tests: Sequence[str]) -> None:
    """Import what pytest would, and its way; what is wrong with a test is told by the workers."""
    with (
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        pytest.main(["--collect-only", "-qq", "-p", "no:cacheprovider", *tests])


def _read_languages(*, all_of_humans: bool) -> None:
    """Every bot reads all that callers speak, and tests what humans speak besides English."""
    from escalate.detect import DetectPolicy
    from escalate.detect.compiled import compiled
    from escalate.handoff import languages, prepare

    compiled(DetectPolicy())
    prepare(languages() if all_of_humans else ())


_contexts: list[ssl.SSLContext] = []
_create_default_context = ssl.create_default_context


def _create_and_note(*args: Any, **options: Any) -> ssl.SSLContext:
    """What is made while something is imported trusts whom the nursery trusts, and nobody else."""
    _contexts.append(_create_default_context(*args, **options))
    return _contexts[-1]


def _take_in(parent: socket.socket, children: dict[int, socket.socket], python: str) -> None:
    head, streams, _, _ = socket.recv_fds(parent, 4, 3)
    if not head:
        parent.close()
        return
    left, order = int.from_bytes(head, "big"), b""
    while len(order) < left:
        order += parent.recv(left - len(order))
    pid = os.fork()
    if not pid:
        sys.executable = python
        _become(streams, *json.loads(order))
    for stream in streams:
        os.close(stream)
    parent.sendall(pid.to_bytes(4, "big"))
    children[pid] = parent


def _bury(children: dict[int, socket.socket]) -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            parent = children.pop(pid, None)
            if parent is not None:
                code = os.waitstatus_to_exitcode(status)
                with contextlib.suppress(OSError):
                    parent.sendall((code if code >= 0 else 128 - code).to_bytes(4, "big"))
                parent.close()


def _become(streams: list[int], argv: list[str], environment: dict[str, str], cwd: str) -> None:
    """Be the program that was ordered; never returns."""
    status = 1
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        for place, stream in enumerate(streams):
            os.dup2(stream, place)
        # Whatever else is open belongs to the nursery and to other children.
        os.closerange(3, 4096)
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(environment)
        random.seed()
        if authorities := environment.get("SSL_CERT_FILE"):
            for context in _contexts:
                context.load_verify_locations(authorities)
        own = [cwd, *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
        sys.path[:] = [*own, *(path for path in sys.path if path not in own)]
        _run(argv)
        status = 0
    except SystemExit as end:
        status = _status_of(end.code)
    except KeyboardInterrupt:
        status = 130
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        for stream_ in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream_.flush()
        os._exit(status)


def _run(argv: list[str]) -> None:
    first, *rest = argv[1:] if argv[0] == "-u" else argv
    if first == "-c":
        sys.argv = [first]
        exec(rest[0], {"__name__": "__main__"})
    elif first == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = [first, *rest]
        sys.path[0] = str(Path(first).resolve().parent)
        runpy.run_path(first, run_name="__main__")


def _status_of(code: Any) -> int:
    if code is None or isinstance(code, int):
        return code or 0
    sys.stderr.write(f"{code}\n")
    return 1


if __name__ == "__main__":
    serve(Path(sys.argv[1]), *sys.argv[2:])
