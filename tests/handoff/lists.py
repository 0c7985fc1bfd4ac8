"""What humans answer and what it means, as the lists in `replies/` hold it."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from escalate.detect.text import PAUSES, words_of
from escalate.handoff.deciding import Reply

FOLDER: Final = Path(__file__).with_name("replies")
# Rounds that nothing is learned from: they only measure.
MEASURING: Final = tuple(FOLDER / "blind" / number for number in ("20", "22", "23"))


def lines_of(file: Path) -> Iterator[tuple[str, str]]:
    """Each line with what it means."""
    meaning = ""
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            meaning = line[2:]
        elif line.strip():
            yield meaning, line


def words(line: str) -> str:
    """What the readers hear of a line: two that differ in a comma are one."""
    return " ".join(word for word in words_of(line) if word not in PAUSES)


def held_out(file: Path, line: str) -> bool:
    """Half of our own lists and of the first blind round, which nobody looked at before."""
    return file.parent in (FOLDER, FOLDER / "blind" / "1") and zlib.crc32(line.encode()) % 2 == 1


@cache
def learned_from(language: str) -> list[tuple[Reply, str]]:
    """The answers that weights are learned from.

    No line that is held out is among them, wherever else it stands. A recording is a decline.
    """
    lines = [
        (meaning, line, held_out(file, line))
        for file in sorted(FOLDER.rglob(f"{language}.txt"))
        if file.parent not in MEASURING
        for meaning, line in lines_of(file)
    ]
    measured = {words(line) for _, line, out in lines if out}
    return [
        (Reply.DECLINE if meaning == "machine" else Reply(meaning), line)
        for meaning, line, _ in lines
        if words(line) not in measured
    ]


@cache
def measuring(language: str) -> list[tuple[Reply, str]]:
    """The lines of `MEASURING` that stand in no list that may be learned from, each once."""
    others = {
        words(line)
        for file in FOLDER.rglob(f"{language}.txt")
        if file.parent not in MEASURING
        for _, line in lines_of(file)
    }
    lines = (line for folder in MEASURING for line in lines_of(folder / f"{language}.txt"))
    once = {words(line): (Reply(meaning), line) for meaning, line in lines}
    return [line for heard, line in once.items() if heard not in others]


def checksum(answers: Sequence[tuple[Reply, str]]) -> str:
    """What stands in a file of weights, so that a test sees when it is older than the lists."""
    told = "\n".join(f"{meaning} {line}" for meaning, line in answers)
    return hashlib.sha256(told.encode()).hexdigest()[:16]
