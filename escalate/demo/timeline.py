"""Shows a call in a terminal while it happens: when, who, what; then what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import indent
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from escalate.demo.details import details
from escalate.demo.narrator import Narrator, Sentence, Weight, Who
from escalate.demo.record import Event
from escalate.demo.report import Report
from escalate.demo.wording import STAGES, ending_of, outcome_in

_COLOURS: Final = {
    Who.CALLER: "cyan",
    Who.BOT: "magenta",
    Who.PLIVO: "blue",
    Who.HUMAN: "green",
    Who.APP: "yellow",
}
_STYLES: Final = {
    Weight.QUIET: "dim",
    Weight.PLAIN: "",
    Weight.MILESTONE: "bold",
    Weight.TROUBLE: "bold red",
}
# Without colours a reader still has to see what matters.
_MARKS: Final = {
    Weight.QUIET: " ",
    Weight.PLAIN: " ",
    Weight.MILESTONE: ">",
    Weight.TROUBLE: "!",
}


class Timeline:
    """Prints a call, one line an event."""

    def __init__(
        self, console: Console, names: Mapping[str, str], *, verbose: bool = False
    ) -> None:
        """`names` are the configured names of destinations by address."""
        self._console = console
        self._narrator = Narrator(names)
        self._verbose = verbose
        self._zero: float | None = None

    def show(self, event: Event) -> None:
        """Print what an event means, and with `verbose` the exchange behind it."""
        if self._zero is None:
            self._zero = event["at"]
        sentence = self._narrator.tell(event)
        if sentence is not None:
            self._console.print(self._row(sentence))
        if self._verbose and (text := details(event)):
            # Not folded, so that a document can be copied.
            self._console.print(Text(indent(text, "    "), style="dim"), soft_wrap=True)

    def finish(self, report: Report, unmet: Sequence[str]) -> None:
        """Print the result; `unmet` says what should have come out otherwise."""
        self._console.print()
        self._console.print(outcome_panel(report, unmet))

    def _row(self, sentence: Sentence) -> RenderableType:
        colour, style = _COLOURS[sentence.who], _STYLES[sentence.weight]
        strong = sentence.weight is Weight.MILESTONE
        row = _grid()
        row.add_row(
            Text(f"{sentence.at - (self._zero or 0.0):.2f}", style="dim"),
            Text(sentence.who, style=f"{style} {colour}" if style else colour),
            Text(_MARKS[sentence.weight], style=style),
            Text(sentence.text, style=f"{style} {colour}" if strong else style),
        )
        return row


def outcome_panel(report: Report, unmet: Sequence[str]) -> Panel:
    """The result of a call as a box."""
    parts: list[RenderableType] = [Text(outcome_in(report), style="bold")]
    if report.attempts:
        parts += [Text(), _attempts(report)]
    if report.stages_ms:
        parts += [Text(), _stages(report)]
    parts += [Text(), _verdict(unmet)]
    colour = "red" if unmet else "green"
    return Panel(Group(*parts), title=f" {report.scenario} ", border_style=colour, padding=(1, 2))


def _attempts(report: Report) -> Table:
    table = Table.grid(padding=(0, 2))
    for number, attempt in enumerate(report.attempts, 1):
        table.add_row(f"{number}.", attempt.destination, ending_of(attempt))
    return table


def _stages(report: Report) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", no_wrap=True)
    for name, milliseconds in report.stages_ms.items():
        table.add_row(f"{milliseconds} ms", Text(STAGES[name], style="dim"))
    return table


def _verdict(unmet: Sequence[str]) -> Text:
    if not unmet:
        return Text("It came out as it must.", style="green")
    return Text("It did NOT come out as it must:\n" + "\n".join(unmet), style="red")


def _grid() -> Table:
    """One row of the timeline; long text is wrapped under itself."""
    row = Table.grid(padding=(0, 1))
    row.add_column(width=6, justify="right", no_wrap=True)
    row.add_column(width=6, no_wrap=True)
    row.add_column(width=1, no_wrap=True)
    row.add_column(ratio=1, overflow="fold")
    return row
