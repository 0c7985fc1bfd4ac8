"""Measures the detector beside a keyword list, a loop of `re` patterns and a trained linear model.

    python benchmarks/detector.py DATA_DIR [--scorer detect_eval.py]

DATA_DIR holds `positives.jsonl` and `negatives.jsonl` (text, label, lang, source, group) and
`calls_*.jsonl` (conv, turns, pos, amb). Turns are judged as a streaming recogniser hands them over:
lower case, no punctuation, numbers spelt. `--scorer` takes that styling and the corruption of words
from a scorer's file (`asr_style`, `mishear`) instead of from here. Intervals are Wilson, 95 %. The
linear model needs scikit-learn and is left out without it.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from baselines import Judge, KeywordList, LinearModel, PatternLoop, has_scikit_learn

from escalate.detect import Detector, DetectPolicy, Heard, wants_human
from escalate.detect.intervals import wilson

Row = dict[str, Any]

# What the project asks of itself; the figures that count are those of data nobody has read.
BARS: Final = {
    "English: F1": ">= 0.97",
    "recall": ">= 0.96",
    "false alarms": "<= 6",
    "false alarms in bt_oasis": "<= 1",
    "false alarms in switchboard": "<= 3",
    "false alarms in multidogo": "<= 1",
    "false alarms in sgd": "0",
    "20 % of words misheard: recall": ">= 0.85",
    "20 % of words misheard: precision": ">= 0.96",
    "Spanish: recall": ">= 0.92",
    "other languages: false alarms per 10,000": "<= 1",
    "p99, times the keyword list": "<= 25",
    "10,000 configured phrases, times ten": "<= 1.3",
}
_PHRASES: Final = (10, 10_000)
_SAMPLE: Final = 1_000  # turns that a slow judge is timed on
_SLOW_S: Final = 100e-6


class Escalate(Judge):
    """The product, default policy, every pack."""

    def one(self, text: str) -> bool:
        return wants_human(text)


@dataclass(frozen=True)
class Style:
    """How written text becomes what a recogniser says, and how words are misheard."""

    spoken: Callable[[str], str]
    misheard: Callable[[str, float, int], str]


_DIGITS: Final = dict(
    zip("0123456789", "zero one two three four five six seven eight nine".split(" "), strict=True)
)


def _spoken(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).replace("\u2019", "'").lower()
    folded = re.sub(r"\{\{[^}]*\}\}|<[^<>]*>|\[[^\]]*\]", " ", folded)
    folded = "".join(f" {_DIGITS[c]} " if c in _DIGITS else c for c in folded)
    return " ".join(re.sub(r"[^\w\s']|_", " ", folded).split())


def _misheard(text: str, rate: float, seed: int) -> str:
    draw = random.Random(f"{seed} {rate} {text}")
    return " ".join(_slip(word, draw) if draw.random() < rate else word for word in text.split())


def _slip(word: str, draw: random.Random) -> str:
    if len(word) < 4:
        return draw.choice((f"{word} uh", f"um {word}", f"{word} {word}"))
    at = draw.randrange(1, len(word) - 1)
    return draw.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + draw.choice("aeiou") + word[at + 1 :],
        )
    )


def _style(path: Path | None) -> Style:
    if path is None:
        return Style(_spoken, _misheard)
    spec = importlib.util.spec_from_file_location("scorer", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Style(module.asr_style, module.mishear)


@dataclass(frozen=True)
class Data:
    """What is measured on, as it is heard. `english` comes before training and judging alike."""

    english: Sequence[Row]
    spoken: Sequence[str]
    noisy: Sequence[str]
    spanish_asks: Sequence[str]
    foreign_others: Sequence[str]
    calls: dict[str, list[Row]]


def read(folder: Path, style: Style) -> Data:
    rows = [*_rows(folder / "positives.jsonl"), *_rows(folder / "negatives.jsonl")]
    english = [row for row in rows if row["lang"] == "en"]
    spoken = [style.spoken(row["text"]) for row in english]
    spanish = [row for row in rows if row["lang"] == "es" and row["label"]]
    foreign = [row for row in rows if row["lang"] != "en" and not row["label"]]
    calls = {path.stem[6:]: _rows(path) for path in sorted(folder.glob("calls_*.jsonl"))}
    for row in (row for held in calls.values() for row in held):
        row["turns"] = [style.spoken(turn) for turn in row["turns"]]
    return Data(
        english=english,
        spoken=spoken,
        noisy=[style.misheard(text, 0.2, 0) for text in spoken],
        spanish_asks=[style.spoken(row["text"]) for row in spanish],
        foreign_others=[style.spoken(row["text"]) for row in foreign],
        calls=calls,
    )


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def judged(judge: Judge, data: Data) -> dict[str, str]:
    """Return what `judge` hears, by row of the table."""
    figures = _lines(judge.lines(data.spoken), data.english)
    noisy = _lines(judge.lines(data.noisy), data.english)
    for name in ("recall", "precision"):
        figures[f"20 % of words misheard: {name}"] = noisy[name]
    for name, rows in data.calls.items():
        figures |= _conversations(judge, name, rows)
    figures["Spanish: recall"] = _share(sum(judge.many(data.spanish_asks)), len(data.spanish_asks))
    false, of = sum(judge.many(data.foreign_others)), len(data.foreign_others)
    figures["other languages: false alarms per 10,000"] = (
        f"{1e4 * false / max(of, 1):.1f} ({false} of {of:,})"
    )
    return figures


def _lines(said: Sequence[bool], rows: Sequence[Row]) -> dict[str, str]:
    of = Counter(row["label"] for row in rows)
    heard = Counter(row["label"] for row, verdict in zip(rows, said, strict=True) if verdict)
    caught, false = heard[1], heard[0]
    return {
        "English: F1": f"{2 * caught / max(caught + false + of[1], 1):.3f}",
        "recall": _share(caught, of[1]),
        "precision": _share(caught, caught + false),
        "false alarms": f"{false} of {of[0]:,}",
    }


def _conversations(judge: Judge, name: str, rows: Sequence[Row]) -> dict[str, str]:
    verdicts = iter(judge.many([turn for row in rows for turn in row["turns"]]))
    false = quiet = asked = caught = 0
    for row in rows:
        asks = set(row.get("pos", ()))
        settled = asks | set(row.get("amb", ()))
        fired = {i for i, _ in enumerate(row["turns"]) if next(verdicts)}
        false += len(fired - settled)
        quiet += len(row["turns"]) - len(settled)
        asked += bool(asks)
        caught += bool(fired & asks)
    figures = {f"false alarms in {name}": f"{false} of {quiet:,} turns"}
    if asked:
        figures[f"requests caught in {name}"] = f"{caught} of {asked}"
    return figures


def _share(hits: int, of: int) -> str:
    low, high = wilson(hits, of)
    return f"{hits / of if of else 0:.3f} ({low:.3f}-{high:.3f})"


def p99(judge: Judge, texts: Sequence[str]) -> float:
    """Return the 99th percentile of one judgement in seconds; each text's best of three."""
    begun = time.perf_counter()
    for text in texts[:100]:
        judge.one(text)
    if (time.perf_counter() - begun) / 100 > _SLOW_S:
        texts = texts[:: max(1, len(texts) // _SAMPLE)]
    took = sorted(min(_seconds(judge.one, text) for _ in range(3)) for text in texts)
    return took[int(len(took) * 0.99)]


def _seconds(call: Callable[[str], object], text: str) -> float:
    begun = time.perf_counter_ns()
    call(text)
    return (time.perf_counter_ns() - begun) / 1e9


def _phrases(count: int) -> tuple[str, ...]:
    draw = random.Random(count)
    syllables = ("ba", "do", "ki", "lu", "me", "no", "ra", "sti", "tor", "ven")
    words = ["".join(draw.choices(syllables, k=3)) for _ in range(3 * count)]
    return tuple(" ".join(words[i : i + 3]) for i in range(0, len(words), 3))


def phrase_cost(texts: Sequence[str]) -> float:
    """Return what 10,000 configured phrases cost, as a multiple of ten."""

    def seconds(count: int) -> float:
        detector = Detector(DetectPolicy(phrases=_phrases(count)))
        return _fastest(lambda text: detector.receive(Heard(text, final=False), 0.0), texts)

    few, many = map(seconds, _PHRASES)
    return many / few


def pattern_cost(texts: Sequence[str]) -> float:
    """Return what one `re` pattern of 10,000 phrases costs, as a multiple of ten."""
    few, many = (
        _fastest(re.compile("|".join(map(re.escape, _phrases(count)))).search, texts)
        for count in _PHRASES
    )
    return many / few


def _fastest(call: Callable[[str], object], texts: Sequence[str]) -> float:
    return min(sum(_seconds(call, text) for text in texts) for _ in range(3))


def table(columns: dict[str, dict[str, str]]) -> str:
    """Return the figures side by side, as Markdown."""
    names = list(dict.fromkeys(row for figures in columns.values() for row in figures))
    head = ["", "bar", *columns]
    body = [
        [name, BARS.get(name, ""), *(figures.get(name, "") for figures in columns.values())]
        for name in names
    ]
    return "\n".join(
        "| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *body)
    )


def by_source(data: Data) -> str:
    """Return the recall of the product in each source: a rule may have learnt one by heart."""
    caught: Counter[str] = Counter()
    of: Counter[str] = Counter()
    for row, text in zip(data.english, data.spoken, strict=True):
        if row["label"]:
            of[row["source"]] += 1
            caught[row["source"]] += wants_human(text)
    return ", ".join(f"{source} {caught[source]}/{of[source]}" for source in sorted(of))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--scorer", type=Path)
    options = parser.parse_args()
    data = read(options.data, _style(options.scorer))
    judges: dict[str, Judge] = {
        "escalate": Escalate(), "keyword list": KeywordList(), "re loop": PatternLoop(),
    }  # fmt: skip
    if has_scikit_learn():
        labels = [row["label"] for row in data.english]
        groups = [row.get("group") or row["text"] for row in data.english]
        judges["linear model"] = LinearModel(data.spoken, labels, groups)
    columns = {name: judged(judge, data) for name, judge in judges.items()}
    took = {name: p99(judge, data.spoken) for name, judge in judges.items()}
    for name, high in took.items():
        times = high / took["keyword list"]
        columns[name]["p99, times the keyword list"] = f"{times:.1f} ({high * 1e6:.0f} us)"
    row = "10,000 configured phrases, times ten"
    columns["escalate"][row] = f"{phrase_cost(data.spoken[:2000]):.2f}"
    columns["re loop"][row] = f"{pattern_cost(data.spoken[:50]):.0f}"
    print(table(columns))
    print(f"\nrequests caught by source: {by_source(data)}")
    if "linear model" not in judges:
        print("\nno linear model: it needs scikit-learn, which is not installed")


if __name__ == "__main__":
    main()
