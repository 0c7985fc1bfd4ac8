"""`escalate check`, `escalate replay` and `escalate packs`: the detector without a call."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import asdict, fields
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from escalate.cli.failing import WRONG, stop
from escalate.detect import Detector, DetectPolicy, Escalate, Heard
from escalate.detect.checking import Report, check_pack
from escalate.detect.compiled import reader
from escalate.detect.intervals import paired_difference, wilson
from escalate.detect.packs import FOLDER
from escalate.detect.replay import Conversation, Escalated, Tally, read_recording, replay
from escalate.detect.text import words_of
from escalate.errors import ConfigurationError
from escalate.expressions import linear_time

_DEFAULT_FILE: Final = Path("escalate.toml")
_Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help=r"Whose \[detect] table to use; escalate.toml if it is here.",
    ),
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON lines for machines.")]


def check(
    text: Annotated[
        str | None, typer.Argument(help="What the caller says; without it each line of stdin.")
    ] = None,
    config: _Config = None,
    json_: _Json = False,
) -> None:
    """Say whether a caller who says this asks for a human, and which words say so.

    Exit status 0: a text given as an argument asks, or stdin was read. 1: it does not ask.
    """
    policy = _policy(config)
    console = Console(highlight=False, soft_wrap=True)
    lines = [text] if text is not None else (line.rstrip("\n") for line in sys.stdin)
    asked = False
    for line in lines:
        decision = _detector(policy).receive(Heard(line), 0.0)
        asked = isinstance(decision, Escalate)
        if json_:
            sys.stdout.write(json.dumps(_as_json(line, decision)) + "\n")
        elif isinstance(decision, Escalate):
            console.print(_shown(line, decision))
        else:
            console.print(_passed_over(line, policy))
    if text is not None and not asked:
        raise typer.Exit(WRONG)


def replays(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="JSON lines.")],
    config: _Config = None,
    against: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A second policy to compare with.")
    ] = None,
    json_: _Json = False,
) -> None:
    """Run recorded conversations through the policy, and print what it would have done.

    A recording is JSON lines: one turn a line, {"who", "text", "at", "final"}, or one conversation
    a line, {"conv", "turns", "pos", "amb"}.
    """
    policies = [_policy(config)] + ([_policy(against)] if against else [])
    tallies = [Tally() for _ in policies]
    rows: list[tuple[Conversation, Escalated]] = []
    for conversation in chain.from_iterable(map(_recorded, files)):
        for policy, tally in zip(policies, tallies, strict=True):
            found = _replayed(conversation, policy)
            tally.add(conversation, found)
            if tally is tallies[0]:
                rows.extend((conversation, one) for one in found)
    if json_:
        _print_json(rows, tallies)
    else:
        _print_tables(rows, tallies)


def packs(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE...]", help="Packs; else all shipped.")
    ] = None,
) -> None:
    """Check language packs: that they compile, are complete and read their own lines rightly."""
    reports = [_checked(path) for path in files or sorted(FOLDER.glob("*.toml"))]
    table = Table("language", "name", "lines", "faults", "how it was checked", box=None)
    for report in reports:
        lines = f"{report.asks} + {report.asks_not}"
        faults = Text(str(len(report.faults)), style="red" if report.faults else "green")
        table.add_row(report.language, report.name, lines, faults, report.checked)
    console = Console(highlight=False)
    console.print(table)
    for report in reports:
        for fault in report.faults:
            console.print(Text(f"{report.language}: {fault}", style="red"))
    if any(report.faults for report in reports):
        raise typer.Exit(WRONG)


def _policy(path: Path | None) -> DetectPolicy:
    """Return the policy in the [detect] table of `path`; the other tables are not looked at."""
    if path is None and not _DEFAULT_FILE.exists():
        return DetectPolicy()
    file = path or _DEFAULT_FILE
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8")).get("detect", {})
    except OSError as error:
        stop(f"{file}: {error.strerror}")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        stop(f"{file}: {error}")
    unknown = sorted(set(table) - {field.name for field in fields(DetectPolicy)})
    if unknown:
        stop(f"{file}: [detect] has no setting {unknown[0]!r}; mend its spelling or remove it")
    try:
        policy = TypeAdapter(DetectPolicy).validate_python(table)
        _detector(policy)
    except ValidationError as error:
        first = error.errors()[0]
        stop(f"{file}: detect.{'.'.join(map(str, first['loc']))}: {first['msg']}")
    except ConfigurationError as error:
        stop(f"{file}: {error}")
    return policy


def _detector(policy: DetectPolicy) -> Detector:
    return Detector(policy, compile_expressions=linear_time)


def _as_json(line: str, decision: object) -> dict[str, Any]:
    if not isinstance(decision, Escalate):
        return {"text": line, "escalate": False}
    evidence = [asdict(one) for one in decision.evidence]
    return {"text": line, "escalate": True, "trigger": decision.trigger, "evidence": evidence}


def _passed_over(line: str, policy: DetectPolicy) -> Text:
    found = reader(policy.languages).other_meaning(words_of(line))
    why = f"  {found.hit.rule.name} {found.pack.language}" if found else ""
    return Text.assemble((f"no   {_printable(line)}", "dim"), (why, "dim cyan"))


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _shown(line: str, decision: Escalate) -> Text:
    evidence = decision.evidence[0]
    shown = Text(_printable(line))
    shown.stylize("bold green", *evidence.span)
    rule = f"  {evidence.rule}"
    score = f" {evidence.score:.2f}"
    language = f" {evidence.language}" if evidence.language else ""
    return Text.assemble(("YES  ", "bold green"), shown, (rule + score + language, "cyan"))


def _recorded(path: Path) -> Iterable[Conversation]:
    try:
        yield from read_recording(str(path), path.read_text(encoding="utf-8"))
    except OSError as error:
        stop(f"{path}: {error.strerror}")
    except UnicodeDecodeError as error:
        stop(f"{path}: {error}")
    except ConfigurationError as error:
        stop(str(error))


def _replayed(conversation: Conversation, policy: DetectPolicy) -> list[Escalated]:
    return replay(conversation, policy, linear_time)


def _checked(path: Path) -> Report:
    try:
        return check_pack(path)
    except OSError as error:
        stop(f"{path}: {error.strerror}")
    except ConfigurationError as error:
        stop(str(error))


def _print_json(rows: list[tuple[Conversation, Escalated]], tallies: list[Tally]) -> None:
    for conversation, one in rows:
        found = {"conversation": conversation.name, "turn": one.turn}
        line = found | _as_json(one.decision.evidence[0].text, one.decision)
        sys.stdout.write(json.dumps(line) + "\n")
    summaries = [_summary(tally) for tally in tallies]
    if len(tallies) == 2:
        summaries[1] |= {"difference": _difference(*tallies)}
    for summary in summaries:
        sys.stdout.write(json.dumps({"summary": summary}) + "\n")


def _summary(tally: Tally) -> dict[str, Any]:
    return {
        "conversations": tally.conversations,
        "turns": tally.turns,
        "escalated": len(tally.escalated),
        "escalated_interval": wilson(len(tally.escalated), tally.conversations),
        "triggers": dict(tally.triggers),
        "asked": tally.asked,
        "caught": tally.caught,
        "quiet_turns": tally.quiet_turns,
        "false_turns": tally.false_turns,
    }


def _difference(first: Tally, second: Tally) -> dict[str, Any]:
    only_first = len(first.escalated - second.escalated)
    only_second = len(second.escalated - first.escalated)
    interval = paired_difference(only_first, only_second, first.conversations)
    return {"only_first": only_first, "only_second": only_second, "interval": interval}


def _print_tables(rows: list[tuple[Conversation, Escalated]], tallies: list[Tally]) -> None:
    console = Console(highlight=False)
    table = Table("conversation", "turn", "trigger", "rule", "words", box=None)
    for conversation, one in rows:
        first = one.decision.evidence[0]
        words = Text(_printable(first.words))
        table.add_row(
            conversation.name, str(one.turn), one.decision.trigger.value, first.rule, words
        )
    if rows:
        console.print(table)
    for name, tally in zip(("policy", "against"), tallies, strict=False):
        console.print(_line(name, tally))
    if len(tallies) == 2:
        console.print(_difference_line(*tallies))


def _line(name: str, tally: Tally) -> Text:
    low, high = wilson(len(tally.escalated), tally.conversations)
    share = len(tally.escalated) / tally.conversations if tally.conversations else 0.0
    text = (
        f"{name}: {len(tally.escalated)} of {tally.conversations} conversations escalated, "
        f"{share:.2%} ({low:.2%} to {high:.2%}), {tally.turns} turns"
    )
    if tally.asked or tally.quiet_turns:
        text += f"; {tally.caught} of {tally.asked} that ask were caught"
        text += f", {tally.false_turns} false alarms in {tally.quiet_turns} other turns"
    return Text(text, style="bold")


def _difference_line(first: Tally, second: Tally) -> Text:
    found = _difference(first, second)
    share = (found["only_second"] - found["only_first"]) / max(1, first.conversations)
    low, high = found["interval"]
    return Text(
        f"against - policy: {share:+.2%} ({low:+.2%} to {high:+.2%}); "
        f"{found['only_second']} escalate only with the second, {found['only_first']} only with "
        "the first"
    )
