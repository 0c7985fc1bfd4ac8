"""What humans answer and what it means, as the lists in `replies/` hold it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).with_name("replies")


def lines_of(file: Path) -> Iterator[tuple[str, str]]:
    """Each line with what it means."""
    meaning = ""
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            meaning = line[2:]
        elif line.strip():
            yield meaning, line
