"""`escalate doctor`: look for what would stand between a caller and a human."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from escalate.cli.failing import WRONG
from escalate.doctor import (
    CODECS,
    FIREWALL_PAGE,
    REGIONS,
    Finding,
    Status,
    Trouble,
    answers_to,
    examine,
)

_STYLES: Final = {
    Status.OK: "green",
    Status.SKIPPED: "dim",
    Status.WARNING: "yellow",
    Status.PROBLEM: "bold red",
}


def doctor(
    config: Annotated[
        Path | None,
        typer.Option(help="The policy. Without it: ESCALATE_CONFIG, or escalate.toml here."),
    ] = None,
    answer_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="The answer URL of your Plivo application, if it is not ours. It is asked for "
            "the document of a call that does not exist.",
        ),
    ] = None,
    symptom: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help='What goes wrong, such as "no audio": what to do.'),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check settings, credentials, URLs, signature, documents and the store; nothing is changed.

    Your webhook gets an event called test.

    Run it where the service runs. Exit status 0: nothing stands in the way. 1: something does.
    """
    if symptom is not None:
        _answer(answers_to(symptom), as_json=json_)
        return
    findings = asyncio.run(examine(config, answer_url=answer_url))
    well = not any(one.status is Status.PROBLEM for one in findings)
    if json_:
        _print_json(
            {
                "ok": well,
                "checks": [dataclasses.asdict(one) for one in findings],
                "whitelist": {"regions": REGIONS, "addresses": FIREWALL_PAGE},
                "codecs": CODECS,
            }
        )
    else:
        _show(findings)
    if not well:
        raise typer.Exit(WRONG)


def _answer(troubles: Sequence[Trouble], *, as_json: bool) -> None:
    if as_json:
        _print_json({"answers": [{"symptom": t.symptom, "answer": t.answer} for t in troubles]})
        return
    console = Console()
    for trouble in troubles:
        console.print(Text(trouble.symptom, style="bold"))
        console.print(Text(f"  {trouble.answer}"), soft_wrap=True)


def _show(findings: Sequence[Finding]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("check", "", "found"):
        table.add_column(column, overflow="fold")
    for one in findings:
        found = Text(one.found)
        if one.advice is not None:
            found.append(f"\n{one.advice}", style="italic")
        table.add_row(one.check, Text(one.status.value, style=_STYLES[one.status]), found)
    console = Console()
    console.print(table)
    console.print(
        Text(
            "\nIf the contact centre has a firewall, let Plivo's media servers of its region in: "
            f"{', '.join(REGIONS)}. Their addresses are on Plivo's page "
            f'"Voice Firewall and Network Configuration": {FIREWALL_PAGE}\n'
            f"Its trunk has to take {' or '.join(CODECS)}.\n"
            'Something else is wrong? escalate doctor --symptom "no audio"'
        ),
        soft_wrap=True,
    )


def _print_json(value: object) -> None:
    sys.stdout.write(f"{json.dumps(value, indent=2)}\n")
