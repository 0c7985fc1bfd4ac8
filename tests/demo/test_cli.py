"""The command `escalate`: what it prints, where, and with which exit status."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("pipecat")
pytest.importorskip("trustme")

import httpx
from typer.testing import CliRunner

from escalate.cli import main, playing
from escalate.demo.scenarios import SCENARIOS
from tests import nursery

COMMAND = ("-m", "escalate.cli")
CONFIG = """
public_url = "http://127.0.0.1:{port}/deep/escalate"
stream_url = "ws://127.0.0.1:{port}/ws"
plivo_api = "http://127.0.0.1:9"
store = "{store}"
[[destination]]
name = "support"
phone = "+14155550199"
"""
ACCOUNT = {"PLIVO_AUTH_ID": "MAXXXXXXXXXXXXXXXXXX", "PLIVO_AUTH_TOKEN": "a-token-for-tests"}


def run(*arguments: str) -> tuple[int, str, str]:
    """Run a command in this process: exit status, stdout, stderr."""
    result = CliRunner().invoke(main, arguments)
    return result.exit_code, result.stdout, result.stderr


async def start(*command: str, **environment: str) -> asyncio.subprocess.Process:
    """Run a command in a process of its own."""
    return await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, **environment},
    )


async def start_command(*arguments: str, **environment: str) -> asyncio.subprocess.Process:
    """Run `escalate`, in which everything is imported already."""
    return await start(nursery.python(), *COMMAND, *arguments, **environment)


async def end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    await asyncio.wait_for(process.communicate(), 10)


# --- demo -----------------------------------------------------------------------------------------


def test_list_prints_a_name_and_a_description_for_each_scenario() -> None:
    """Nothing else is on stdout, so that a script can read it."""
    status, out, _ = run("demo", "--list")

    rows = [line.split("\t") for line in out.splitlines()]
    assert 0 == status
    assert [
        "bridged",
        "sip-auth-failed",
        "no-answer",
        "caller-hangs-up",
        "not-wanted",
        "split-request",
        "in-french",
        "goodbye",
        "stream-lost",
        "warm",
        "warm-declined",
        "warm-introduced",
        "warm-later",
        "warm-parallel",
        "warm-machine",
        "warm-nobody",
        "warm-caller-hangs-up",
        "confirm",
        "voicemail",
        "callback",
        "armed-bot",
    ] == [name for name, _ in rows]
    assert all(description for _, description in rows)


def test_an_unknown_scenario_is_one_line_with_the_nearest_name() -> None:
    """It is refused before anything is started."""
    status, out, err = run("demo", "--scenario", "brigded")

    assert (2, "") == (status, out)
    assert 1 == len(err.splitlines())
    assert "no scenario 'brigded'; did you mean bridged?" in err


def test_a_scenario_of_one_framework_says_so() -> None:
    """LiveKit has no hang-up that could be left armed: one line, before anything is started."""
    status, out, err = run("demo", "--scenario", "armed-bot", "--framework", "livekit")

    assert (2, "") == (status, out)
    assert "armed-bot is about Pipecat's own hang-up" in err
    assert 1 == len(err.splitlines())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"text": "hello"}', 'line 1: "final": Field required'),
        ("not json", "line 1: not JSON"),
        ('{"text": "hello", "final": false, "at": 1.0}', "the last line is not final"),
    ],
)
def test_a_wrong_transcript_is_one_line_that_names_the_place(
    tmp_path: Path, text: str, problem: str
) -> None:
    """The file, the line and the fix."""
    file = tmp_path / "own.jsonl"
    file.write_text(text)

    status, _, err = run("demo", "--transcript", str(file))

    assert 2 == status
    assert 1 == len(err.splitlines())
    assert problem in err


def test_a_port_that_is_taken_is_one_line_with_the_option() -> None:
    """Before any process is started."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = str(other.getsockname()[1])
        status, _, said = run("demo", "--web", "--port", port)
    assert 2 == status
    assert f"127.0.0.1:{port} is taken" in said and "--port" in said


def test_a_local_plivo_that_does_not_run_cannot_be_watched() -> None:
    """One line says what to start."""
    status, _, said = run("watch", "http://127.0.0.1:9")
    assert (2, True) == (status, "start one with: escalate emulate" in said)


def test_what_the_page_does_not_do_is_refused(tmp_path: Path) -> None:
    """Rather than left out in silence."""
    for option in (["--json"], ["--transcript", str(tmp_path / "own.jsonl")]):
        status, _, said = run("demo", "--web", *option)
        assert (2, True) == (status, "leave out --transcript and --json" in said)


async def test_a_missing_extra_is_one_line_to_type() -> None:
    """Without Pipecat there is no demo, and nothing is imported that needs it."""
    code = "import sys; sys.modules['pipecat'] = None; from escalate.cli import main; main()"
    process = await start(sys.executable, "-c", code, "demo")
    out, err = await asyncio.wait_for(process.communicate(), 20)

    assert (2, b"") == (process.returncode, out)
    assert 1 == len(err.splitlines())
    assert b"pip install 'escalate-voice[pipecat]'" in err


async def test_a_bot_with_its_hang_up_left_armed_loses_the_caller() -> None:
    """Pipecat's own request ends the call, the local Plivo sees it, and the JSON says so."""
    process = await start_command("demo", "--scenario", "armed-bot", "--json")
    out, err = await asyncio.wait_for(process.communicate(), 50)

    assert 0 == process.returncode
    (line,) = out.decode().splitlines()
    assert {
        "scenario": "armed-bot",
        "outcome": "lost",
        "reason": "api_request",
        "destination": None,
        "attempts": [],
        "caller_connected_to": None,
        "caller_lost": True,
    }.items() <= json.loads(line).items()
    assert re.search(r"asks Plivo to hang the\s+caller up \(DELETE", err.decode())
    assert "\x1b[" not in err.decode()


def test_an_armed_bot_that_keeps_the_caller_is_exit_status_1(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Twin of armed-bot: with the hang-up disarmed he is connected, which is not what must be."""
    disarmed = replace(SCENARIOS["armed-bot"], armed=False)
    monkeypatch.setattr(playing, "SCENARIOS", {**SCENARIOS, "armed-bot": disarmed})

    with nursery.in_use():
        status, out, err = run("demo", "--scenario", "armed-bot", "--json")

    assert 1 == status
    assert "connected" == json.loads(out)["outcome"]
    assert "outcome is connected, must be lost" in err


async def test_a_conversation_of_ones_own_is_played(tmp_path: Path) -> None:
    """The words of the file are said, and whatever becomes of it is right but a lost caller."""
    file = tmp_path / "own.jsonl"
    file.write_text('{"text": "operator", "final": true, "at": 1.2}\n')
    process = await start_command("demo", "--transcript", str(file), "--json", "--verbose")
    out, err = await asyncio.wait_for(process.communicate(), 50)

    assert 0 == process.returncode
    result = json.loads(out)
    assert ("own.jsonl", "connected") == (result["scenario"], result["outcome"])
    assert '"operator"' in err.decode()
    assert 'sipAuthPassword="***"' in err.decode()
    assert "< SIP/2.0 407 Proxy Authentication Required" in err.decode()
    assert "response=***" in err.decode()
    assert "correct-horse" not in err.decode()


@pytest.mark.parametrize(("number", "so_far"), [(signal.SIGINT, b"calls"), (signal.SIGTERM, b"")])
async def test_an_interrupted_demo_leaves_nothing_behind(
    number: signal.Signals, so_far: bytes
) -> None:
    """Ctrl-C in a call, and what supervisors send before it, end every process it has started."""
    process = await start(sys.executable, *COMMAND, "demo")
    assert process.stdout is not None
    async with asyncio.timeout(40):
        while so_far not in await process.stdout.readline():
            pass
        while len(children := children_of(process.pid)) < 2:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    process.send_signal(number)
    _, err = await asyncio.wait_for(process.communicate(), 10)

    assert 130 == process.returncode
    assert 2 == len(children)
    assert [] == [pid for pid in children if Path(f"/proc/{pid}").exists()]
    assert b"Traceback" not in err


def children_of(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    if not listed.exists():
        pytest.skip("this system does not list the children of a process")
    return [int(word) for word in listed.read_text().split()]


# --- serve and emulate ----------------------------------------------------------------------------


def test_serve_refuses_wrong_settings_in_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File, line, key and fix; exit status 2; no traceback."""
    config = tmp_path / "escalate.toml"
    config.write_text(CONFIG.format(port=1, store="x.db").replace('phone = "+', 'phon = "+'))
    for name, value in ACCOUNT.items():
        monkeypatch.setenv(name, value)

    status, out, err = run("serve", "--config", str(config))

    assert (2, "") == (status, out)
    assert f"{config}:" in err
    assert "phon" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("token", "fix"),
    [(None, "set ESCALATE_CONSOLE_TOKEN: make a token"), ("guess", "at least 16 random")],
)
def test_the_console_needs_a_token_that_nobody_guesses(
    token: str | None, fix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line says how to make one, and nobody listens meanwhile."""
    file = tmp_path / "escalate.toml"
    file.write_text(
        'public_url = "https://bot.example.com"\nstream_url = "wss://bot.example.com/ws"\n'
        '[[destination]]\nname = "support"\nphone = "+14155550199"\n'
    )
    monkeypatch.setenv("PLIVO_AUTH_ID", "MAXXXXXXXXXXXXXXXXXX")
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", "token")
    if token is not None:
        monkeypatch.setenv("ESCALATE_CONSOLE_TOKEN", token)
    status, _, said = run("console", "--config", str(file))
    assert (2, True) == (status, fix in said)


async def test_serve_answers_at_the_path_of_the_public_url(tmp_path: Path) -> None:
    """The web side alone: health is there, and what is unsigned is refused."""
    config = tmp_path / "escalate.toml"
    config.write_text(CONFIG.format(port=1, store=tmp_path / "escalate.db"))
    process = await start_command("serve", "--config", str(config), "--port", "0", **ACCOUNT)
    try:
        assert process.stderr is not None
        async with asyncio.timeout(20):
            while not (found := re.search(rb"http://[\d.:]+", await process.stderr.readline())):
                pass
        async with httpx.AsyncClient(base_url=found[0].decode(), trust_env=False) as http:
            healthy = await http.get("/deep/escalate/health")
            unsigned = await http.post("/deep/escalate/hangup", data={"CallUUID": "c-1"})
            elsewhere = await http.get("/health")
    finally:
        await end(process)

    assert (200, 403, 404) == (
        healthy.status_code,
        unsigned.status_code,
        elsewhere.status_code,
    )


async def test_emulate_runs_the_local_plivo_with_its_own_options() -> None:
    """It says where it listens, and ends with the signal."""
    process = await start_command("emulate", "--auth-id", "MA1", **ACCOUNT)
    try:
        assert process.stdout is not None
        ready = await asyncio.wait_for(process.stdout.readline(), 20)
        async with httpx.AsyncClient(trust_env=False) as http:
            about = await http.get(ready.split()[1].decode() + "/emulator/")
    finally:
        await end(process)

    assert ready.startswith(b"ready http://127.0.0.1:")
    assert 200 == about.status_code
    assert 0 == process.returncode


def test_help_names_the_first_command_to_try() -> None:
    """A newcomer sees what it is for and where to begin."""
    status, out, _ = run("--help")

    assert 0 == status
    assert "escalate demo" in out
    assert all(command in out for command in ("demo", "serve", "emulate"))
