"""Read humans' answers by patterns alone, by weights alone and by both, side by side.

Run `python benchmarks/replies.py [language ...]` for the lists that nothing was learned from, or
`python benchmarks/replies.py --fourths [language ...]` to learn of three quarters of the varied
answers and read the fourth, each in its turn (after `make weights`; minutes for each language).
"""

from __future__ import annotations

import sys
import tomllib
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from escalate.handoff import languages
from escalate.handoff.deciding import Reply
from escalate.handoff.reading import Pack
from escalate.handoff.replies import FOLDER, UNCLEAR, agreed
from escalate.handoff.weighing import Weights
from tests.handoff.lists import FOLDER as LISTS
from tests.handoff.lists import learned_from, lines_of, measuring, words

Line = tuple[Reply, str]


@dataclass
class Tally:
    """Of accepts, declines and defers those read right, and each yes that nobody said."""

    decided: int = 0
    right: int = 0
    refused: int = 0
    taken: int = 0
    lines: int = 0
    seconds: float = 0.0

    def count(self, meaning: Reply, reply: Reply, seconds: float) -> None:
        decided, refused = meaning is not Reply.UNCLEAR, meaning is not Reply.ACCEPT
        self.decided += decided
        self.right += decided and reply is meaning
        self.refused += refused
        self.taken += refused and reply is Reply.ACCEPT
        self.lines += 1
        self.seconds += seconds

    def __iadd__(self, other: Tally) -> Tally:
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
        return self

    def __str__(self) -> str:
        milliseconds = 1000 * self.seconds / max(self.lines, 1)
        return (
            f"{self.right / max(self.decided, 1):.3f} right of {self.decided:5}, "
            f"{self.taken:3} of {self.refused:5} taken for a yes, {milliseconds:.2f} ms"
        )


class Readers:
    """One language, read in three ways, none of which falls back to English."""

    def __init__(self, language: str, learned: bytes | None = None) -> None:
        self._pack = Pack(data_of(language))
        self._weights = Weights(learned or (FOLDER / f"{language}.weights").read_bytes())

    def ways(self) -> dict[str, Callable[[str], Reply]]:
        return {"patterns": self._by_patterns, "weights": self._by_weights, "both": self._by_both}

    def _by_patterns(self, speech: str) -> Reply:
        return (self._pack.read(speech) or UNCLEAR).reply

    def _by_weights(self, speech: str) -> Reply:
        chances = self._weights.chances(speech)
        return max(chances, key=lambda reply: chances[reply], default=Reply.UNCLEAR)

    def _by_both(self, speech: str) -> Reply:
        return agreed(self._pack.read(speech) or UNCLEAR, self._weights.chances(speech))


def data_of(language: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))


def tried(readers: Readers, lines: list[Line], tallies: dict[str, Tally]) -> None:
    for name, read in readers.ways().items():
        for meaning, line in lines:
            began = perf_counter()
            reply = read(line)
            tallies[name].count(meaning, reply, perf_counter() - began)


def fourths(language: str) -> Iterator[tuple[Readers, list[Line]]]:
    """Yield readers that learned of all but a fourth of the varied answers, and that fourth."""
    from tests.handoff.learn import learn  # which needs scikit-learn

    files = sorted((LISTS / "varied").glob(f"*/{language}.txt"))
    varied = {words(line) for file in files for _, line in lines_of(file)}
    everything = [(meaning, line, words(line)) for meaning, line in learned_from(language)]
    spaced = data_of(language).get("spaced", True)
    for part in range(4):
        held = {heard for heard in varied if zlib.crc32(heard.encode()) % 4 == part}
        rest = [(meaning, line) for meaning, line, heard in everything if heard not in held]
        tried_on = [(meaning, line) for meaning, line, heard in everything if heard in held]
        yield Readers(language, learn(rest, spaced=spaced)), tried_on


def main() -> None:
    named = [one for one in sys.argv[1:] if not one.startswith("-")] or list(languages())
    everywhere: dict[str, Tally] = defaultdict(Tally)
    for language in named:
        tallies: dict[str, Tally] = defaultdict(Tally)
        measured = [(Readers(language), measuring(language))]
        for readers, lines in fourths(language) if "--fourths" in sys.argv else measured:
            tried(readers, lines, tallies)
        for name, tally in tallies.items():
            everywhere[name] += tally
            print(f"{language} {name:8} {tally}", flush=True)
    for name, tally in everywhere.items():
        print(f"all {name:8} {tally}")


if __name__ == "__main__":
    main()
