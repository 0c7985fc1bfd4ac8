"""`escalate demo`: play a call and show it."""

from __future__ import annotations

import asyncio
import difflib
import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from escalate.cli.failing import CANNOT, WRONG, need, stop
from escalate.demo.scenarios import (
    DESTINATIONS,
    SCENARIOS,
    Framework,
    Scenario,
    own_conversation,
)
from escalate.demo.timeline import Timeline
from escalate.demo.transcripts import read_transcript
from escalate.errors import ConfigurationError

if TYPE_CHECKING:
    from escalate.demo.stage import Stage

_INTERRUPTED = 130


def demo(
    scenario: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which call: bridged; --list shows them all.")
    ] = None,
    transcript: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Play a conversation of your own instead: JSON lines with text, final and at "
            "(seconds), such as those in examples/transcripts.",
        ),
    ] = None,
    framework: Annotated[Framework, typer.Option(help="What the bot is made with.")] = "pipecat",
    list_: Annotated[bool, typer.Option("--list", help="List the scenarios and stop.")] = False,
    json_: Annotated[
        bool,
        typer.Option("--json", help="End with one line of JSON; the timeline goes to stderr."),
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", help="Show every document, request, callback and SIP message."),
    ] = False,
    web: Annotated[
        bool, typer.Option("--web", help="Play calls from a page, beginning with --scenario.")
    ] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where that page is, on this machine; 0: any.")
    ] = 8765,
) -> None:
    """Play one call on this machine: a caller, a voice bot, a local Plivo, a human's phone.

    Exit status 0: it came out as it must. 1: it did not. 2: it could not be played.
    """
    if list_:
        for one in SCENARIOS.values():
            sys.stdout.write(f"{one.name}\t{one.description}\n")
        return
    if web and (transcript or json_):
        stop("--web plays calls from its page; leave out --transcript and --json")
    chosen = _own(transcript) if transcript else _find(scenario or "bridged")
    if chosen.armed and framework != "pipecat":
        stop(f"{chosen.name} is about Pipecat's own hang-up; play it with --framework pipecat")
    need("pipecat", "emulator") if framework == "pipecat" else need("emulator")
    if web:
        from escalate.cli.browsing import show_playground

        show_playground(framework, port, first=chosen.name if scenario else None)
        return
    playing = _play(chosen, framework, as_json=json_, verbose=verbose)
    try:
        raise typer.Exit(asyncio.run(playing))
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise typer.Exit(_INTERRUPTED) from None


def _find(name: str) -> Scenario:
    if name in SCENARIOS:
        return SCENARIOS[name]
    near = difflib.get_close_matches(name, SCENARIOS, n=1, cutoff=0.4)
    meant = f"did you mean {near[0]}? " if near else ""
    stop(f"there is no scenario {name!r}; {meant}`escalate demo --list` shows them all")


def _own(path: Path) -> Scenario:
    try:
        return own_conversation(path.name, read_transcript(path))
    except ConfigurationError as error:
        stop(str(error))


async def _play(scenario: Scenario, framework: Framework, *, as_json: bool, verbose: bool) -> int:
    from escalate.demo.processes import StageError
    from escalate.demo.stage import Stage

    task = asyncio.current_task()
    assert task is not None
    # `timeout`, or a supervisor, ends the processes as Ctrl-C does.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    console = Console(stderr=as_json, highlight=False, soft_wrap=False)
    console.print(Text.assemble((scenario.name, "bold"), ": ", scenario.description, "\n"))
    stage = Stage(scenario, framework=framework, sip=True)
    try:
        with console.status("starting the local Plivo and the bot ..."):
            await stage.__aenter__()
        try:
            return await _show(stage, Timeline(console, DESTINATIONS, verbose=verbose), as_json)
        finally:
            await stage.__aexit__(None, None, None)
    except StageError as error:
        sys.stderr.write(f"escalate: {error}\n")
        return CANNOT


async def _show(stage: Stage, timeline: Timeline, as_json: bool) -> int:
    async for event in stage.play():
        timeline.show(event)
    report = stage.report()
    unmet = stage.scenario.must.unmet(report)
    timeline.finish(report, unmet)
    if trouble := stage.trouble():
        sys.stderr.write(f"escalate: {trouble}\n")
    if as_json:
        sys.stdout.write(json.dumps(report.as_dict()) + "\n")
    return WRONG if unmet else 0
