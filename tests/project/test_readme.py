"""What the README shows is what there is."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import pytest

from escalate.settings import load_settings
from escalate.transfer.diagram import mermaid

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def difference() -> list[str]:
    """The drop-in against the stock bot, as `diff -U1` shows it without its first lines."""
    stock, dropped_in = (
        (ROOT / "examples" / name).read_text(encoding="utf-8").splitlines()
        for name in ("stock_bot.py", "pipecat_bot.py")
    )
    # The module's own description is no change to the bot.
    hunks = list(difflib.unified_diff(stock, dropped_in, lineterm="", n=1))[2:]
    starts = [n for n, line in enumerate(hunks) if line.startswith("@@")]
    return [line for line in hunks[starts[1] :] if not line.startswith("@@")]


def test_the_drop_in_is_shown_line_by_line() -> None:
    """And it is at most fifteen changed lines."""
    shown = difference()
    assert shown == blocks("diff")[0].splitlines()
    assert 15 >= sum(line.startswith(("+", "-")) for line in shown)


def test_the_state_diagram_is_drawn_from_the_table() -> None:
    """`python -m escalate.transfer.diagram` prints it."""
    assert mermaid() in [block.strip() for block in blocks("mermaid")]


def test_the_settings_file_is_a_good_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the variables that the text names."""
    monkeypatch.setenv("PLIVO_AUTH_ID", "MAXXXXXXXXXXXXXXXXXX")
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", "token")
    monkeypatch.setenv("ESCALATE_SIP_PASSWORD_SUPPORT", "correct-horse")
    file = tmp_path / "escalate.toml"
    file.write_text(blocks("toml")[0])
    assert ["support", "duty-phone"] == [one.name for one in load_settings(file).destination]


def test_the_python_shown_runs() -> None:
    """Each block on its own."""
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), {})


def test_every_command_shown_exists() -> None:
    """The Makefile has the targets, the examples are where they are said to be."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", "\n".join(blocks("bash")), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    for path in re.findall(r"(?:examples|escalate)/[\w./]+\.\w+", README):
        assert (ROOT / path).is_file()


def test_the_readme_is_short_and_shows_code_early() -> None:
    """A newcomer sees what to type before he scrolls; pictures are looked at, not read."""
    lines = README.splitlines()
    written = len(lines) - sum(len(picture.splitlines()) for picture in blocks("mermaid"))
    assert 75 <= written <= 160
    assert 50 > next(n for n, line in enumerate(lines) if line.startswith("```"))
