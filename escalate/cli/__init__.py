"""The command `escalate`."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup

_HELP: Final = """Makes sure that a caller who needs a human gets one.

Begin with [bold]escalate demo[/bold]: a whole call on this machine alone, no account, no key."""

# What each is called, and the function that carries it out.
_COMMANDS: Final = {
    "demo": ("playing", "demo"),
    "serve": ("serving", "serve"),
    "watch": ("browsing", "watch"),
    "console": ("browsing", "console"),
    "emulate": ("serving", "emulate"),
    "doctor": ("doctoring", "doctor"),
    "check": ("detecting", "check"),
    "replay": ("detecting", "replays"),
    "packs": ("detecting", "packs"),
}
# The options of this one are those of the program that it becomes.
_PASSED_ON: Final = {
    "emulate": {
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "help_option_names": [],
    }
}
_STYLE: Final[dict[str, Any]] = {
    "add_completion": False,
    "rich_markup_mode": "rich",
    "pretty_exceptions_enable": False,
}


class _Commands(TyperGroup):
    """Imports a command when it is asked for, so that none waits for what only others need."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        names: dict[str, Any] = dict.fromkeys(_COMMANDS)
        self.commands = names

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of this name; None when there is none."""
        if cmd_name not in _COMMANDS:
            return None
        module, function = _COMMANDS[cmd_name]
        alone = typer.Typer(**_STYLE)
        carry_out = getattr(import_module(f"{__name__}.{module}"), function)
        alone.command(cmd_name, context_settings=_PASSED_ON.get(cmd_name))(carry_out)
        return typer.main.get_command(alone)


main = typer.Typer(name="escalate", help=_HELP, no_args_is_help=True, cls=_Commands, **_STYLE)


@main.callback()
def _group() -> None:
    pass
