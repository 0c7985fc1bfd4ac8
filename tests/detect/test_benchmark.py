"""The benchmark, run as its docstring says, on a few lines of our own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests import nursery

HERE = Path(__file__).parent
SCRIPT = HERE.parents[1] / "benchmarks" / "detector.py"


def rows(name: str, label: int, count: int) -> list[dict[str, object]]:
    """Return the first lines of a file beside this one as labelled English rows."""
    said = (HERE / name).read_text(encoding="utf-8").splitlines()[:count]
    return [{"text": text, "label": label, "lang": "en", "source": "own"} for text in said]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a folder with twenty requests, forty other turns and two conversations."""
    asks, others = rows("asks.txt", 1, 20), rows("asks_not.txt", 0, 40)
    spanish = {"text": "quiero un agente", "label": 1, "lang": "es", "source": "own"}
    calls = [{"turns": ["hello", "get me a human"], "pos": [1]}, {"turns": ["is it open"]}]
    for name, lines in (
        ("positives", [*asks, spanish]), ("negatives", others), ("calls_own", calls),
    ):  # fmt: skip
        text = "\n".join(map(json.dumps, lines))
        (tmp_path / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return tmp_path


def test_the_table_shows_the_detector_beside_the_others(data: Path) -> None:
    """Each figure stands in a row, with its bar; the eight keywords do worse."""
    done = subprocess.run(
        [nursery.python(), str(SCRIPT), str(data)], capture_output=True, text=True, check=True
    )
    table = [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if "|" in line]
    shown = {cells[0]: cells for cells in table}
    assert "0 of 40" == shown["false alarms"][2] != shown["false alarms"][3]
    assert "1 of 1" == shown["requests caught in own"][2]
    assert shown["recall"][2].startswith("1.000 (0.839-1.000)")
    assert shown["recall"][3] < shown["recall"][2]
    assert "<= 25" == shown["p99, times the keyword list"][1]
    assert "own 20/20" in done.stdout
