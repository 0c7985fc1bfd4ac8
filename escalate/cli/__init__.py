"""The command `escalate`."""

from __future__ import annotations

from typing import Final

import typer

from escalate.cli import browsing, detecting, doctoring, playing, serving

_HELP: Final = """Makes sure that a caller who needs a human gets one.

Begin with [bold]escalate demo[/bold]: a whole call on this machine alone, no account, no key."""

main = typer.Typer(
    name="escalate",
    help=_HELP,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
main.command("demo")(playing.demo)
main.command("serve")(serving.serve)
main.command("watch")(browsing.watch)
main.command("console")(browsing.console)
main.command(
    "emulate",
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "help_option_names": [],
    },
)(serving.emulate)
main.command("doctor")(doctoring.doctor)
detecting.register(main)
