"""Every report has a story, a demonstration, a test, or a reason to have none."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from escalate.demo.scenarios import SCENARIOS

from . import test_stories
from .reports import NOT_HERE, SHOWN
from .telling import STORIES

TESTS = Path(__file__).parents[1]


@cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    defined = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, defined))


@pytest.mark.parametrize("what", sorted({one for shown in SHOWN for one in shown.by}))
def test_what_shows_a_report_exists(what: str) -> None:
    """A scenario of the demonstration, or a test by its file."""
    file, _, name = what.partition("::")
    if file.startswith("demo:"):
        assert file.removeprefix("demo:") in SCENARIOS
    else:
        assert name in names_in(file)


def test_every_module_of_stories_is_told() -> None:
    """Nothing that is written down here goes unplayed."""
    told = {Path(str(module.__file__)).name for module in test_stories.TOLD_IN}
    written = {
        file.name for file in Path(__file__).parent.glob("*.py") if "@story(" in file.read_text()
    }
    assert written - {"test_reports.py"} == told
    assert all(story.reports for story in STORIES.values())


def test_what_is_shown_is_not_excused() -> None:
    """A report is reproduced or explained, not both."""
    shown = {one.report for one in SHOWN} | {r for one in STORIES.values() for r in one.reports}
    assert not shown & {one.report for one in NOT_HERE}
