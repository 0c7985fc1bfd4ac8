"""`escalate check`, `replay` and `packs`, run as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from escalate.cli import main

CALLS = (
    '{"conv": "c1", "turns": ["hello", "get me an agent"], "pos": [1]}\n'
    '{"conv": "c2", "turns": ["close my account"]}\n'
)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    """Return the commands, in a directory of their own."""
    monkeypatch.chdir(tmp_path)
    return main


def run(app: typer.Typer, *arguments: str, text: str | None = None) -> tuple[int, str]:
    """Return the exit status and what was printed."""
    result = CliRunner().invoke(app, arguments, input=text)
    return result.exit_code, result.output


def test_check_says_which_words_ask(app: typer.Typer) -> None:
    """A request is shown with its rule, and the exit status is 0; else it is 1."""
    status, shown = run(app, "check", "I want a human")
    assert 0 == status
    assert "names-a-human" in shown
    assert 1 == run(app, "check", "I want a pizza")[0]


def test_check_reads_lines(app: typer.Typer) -> None:
    """Each line of stdin is judged by itself, as JSON where it is wanted."""
    status, shown = run(app, "check", "--json", text="get me an agent\nhello\n")
    rows = [json.loads(line) for line in shown.splitlines()]
    assert 0 == status
    assert [True, False] == [row["escalate"] for row in rows]
    assert [0, 15] == rows[0]["evidence"][0]["span"]


def test_check_takes_the_policy_that_lies_here(app: typer.Typer) -> None:
    """The [detect] table of escalate.toml counts; what else is in the file does not."""
    Path("escalate.toml").write_text(
        'public_url = "not looked at"\n[detect]\nphrases = ["pizza"]\n', encoding="utf-8"
    )
    assert 0 == run(app, "check", "I want a pizza")[0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[detect]\nphrase = []\n", "'phrase'"),
        ("[detect]\nhalf_life_s = -1\n", "half_life_s"),
        ("[detect]\nlanguages = ['xx']\n", "no language pack"),
        ("[detect]\nexpressions = ['(a']\n", "cannot be used"),
        ("[detect\n", "wrong.toml"),
    ],
)
def test_a_wrong_policy_is_refused(app: typer.Typer, text: str, reason: str) -> None:
    """One message names the file and what is wrong in it; the exit status is 2."""
    Path("wrong.toml").write_text(text, encoding="utf-8")
    status, shown = run(app, "check", "hello", "--config", "wrong.toml")
    assert 2 == status
    assert reason in shown
    assert "wrong.toml" in shown


def test_check_says_why_something_is_no_request(app: typer.Typer) -> None:
    """What looked like a request names the rule that tells otherwise."""
    assert "does-not-want-a-human" in run(app, "check", "I don't want a human")[1]
    assert "no   I want a pizza\n" == run(app, "check", "I want a pizza")[1]


def test_a_file_that_is_not_there_is_named(app: typer.Typer) -> None:
    """The message says which file, for each command that reads one."""
    for arguments in (
        ["replay", "no.jsonl"],
        ["packs", "no.toml"],
        ["check", "--config", "no.toml"],
    ):
        status, shown = run(app, *arguments)
        assert 2 == status
        assert f"escalate: {arguments[-1]}: No such file" in shown


def test_replay_prints_a_table(app: typer.Typer) -> None:
    """Each escalation has a row, and the share has an interval."""
    Path("calls.jsonl").write_text(CALLS, encoding="utf-8")
    status, shown = run(app, "replay", "calls.jsonl")
    assert 0 == status
    assert "get me an agent" in shown
    assert "1 of 2 conversations escalated, 50.00% (9.45% to" in " ".join(shown.split())


def test_replay_compares_two_policies(app: typer.Typer) -> None:
    """The difference is paired, and has an interval."""
    Path("calls.jsonl").write_text(CALLS, encoding="utf-8")
    Path("other.toml").write_text('[detect]\nphrases = ["close my account"]\n', encoding="utf-8")
    _, shown = run(app, "replay", "calls.jsonl", "--against", "other.toml", "--json")
    rows = [json.loads(line) for line in shown.splitlines()]
    first, second = (row["summary"] for row in rows if "summary" in row)
    assert (1, 2) == (first["escalated"], second["escalated"])
    assert (0, 1) == (second["difference"]["only_first"], second["difference"]["only_second"])


def test_replay_runs_twice_alike(app: typer.Typer) -> None:
    """The same recordings and policy print the same, to the byte."""
    Path("calls.jsonl").write_text(CALLS, encoding="utf-8")
    assert run(app, "replay", "calls.jsonl") == run(app, "replay", "calls.jsonl")


def test_replay_names_a_wrong_line(app: typer.Typer) -> None:
    """A recording that cannot be read ends with status 2."""
    Path("calls.jsonl").write_text("{", encoding="utf-8")
    status, shown = run(app, "replay", "calls.jsonl")
    assert 2 == status
    assert "line 1" in shown


def test_packs_are_checked(app: typer.Typer) -> None:
    """All shipped packs hold; a faulty one ends with status 1 and its faults."""
    assert 0 == run(app, "packs")[0]
    Path("xx.toml").write_text(
        'language="xx"\nname="T"\nchecked="no"\nanchors="A"\n[words]\nA="a"\n'
        '[[rule]]\nname="r"\nkind="request"\npatterns=["A"]\n',
        encoding="utf-8",
    )
    status, shown = run(app, "packs", "xx.toml")
    assert 1 == status
    assert "no [[bot]] of kind 'offer'" in shown
