"""The table of what the local Plivo promises is true to the tests and to the page."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from escalate.emulator import conformance

FOLDERS = Path(__file__).parents[1]


@cache
def names_in(module: str) -> set[str]:
    """Return the names of the tests in a module, of this folder unless it names another."""
    *folder, name = module.split("/")
    tree = ast.parse((FOLDERS / (folder or ["emulator"])[0] / f"{name}.py").read_text())
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, functions)}


@pytest.mark.parametrize("rule", conformance.RULES, ids=lambda rule: rule.holds)
def test_every_rule_has_its_test(rule: conformance.Rule) -> None:
    """A test that was renamed or removed takes its rule with it."""
    module, _, name = rule.test.partition("::")
    assert name in names_in(module)


def test_the_page_says_what_the_table_says() -> None:
    """Write it again with `python -m escalate.emulator.conformance`."""
    assert conformance.render() == conformance.PAGE.read_text()


def test_each_rule_is_written_once() -> None:
    """And stands with the others about the same thing."""
    headings = [line for line in conformance.render().splitlines() if line.startswith("## ")]
    assert len(conformance.RULES) == len({rule.holds for rule in conformance.RULES})
    assert len(headings) == len(set(headings))
