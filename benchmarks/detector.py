"""Measures the detector beside a keyword list, a loop of `re` patterns and a trained linear model.

    python benchmarks/detector.py DATA_DIR [--scorer detect_eval.py]

DATA_DIR holds `positives.jsonl` and `negatives.jsonl` (text, label, lang, source, group) and
`calls_*.jsonl` (conv, turns, pos, amb). Turns are judged as a streaming recogniser hands them over:
lower case, no punctuation, numbers spelt. `--scorer` takes that styling and the corruption of words
from a scorer's file (`asr_style`, `mishear`) instead of from here. The linear model needs
scikit-learn and is trained five-fold with near-duplicates kept together; without scikit-learn it
is left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import re
import time
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from escalate.detect import Detector, DetectPolicy, Heard, wants_human
from escalate.detect.intervals import wilson

Judge = Callable[[str], bool]

KEYWORDS: Final = (
    "human", "agent", "representative", "operator",
    "real person", "speak to someone", "talk to someone", "customer service",
)  # fmt: skip

# The usual loop: a dozen patterns, tried one after the other, behind a guard against negation.
_WHO: Final = "(?:human|person|agent|representative|rep|operator|someone|somebody|manager)"
_ANY: Final = "(?:an? |the |your )?(?:real |live |human )?"
_LOOP: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?:speak|talk|chat)(?:ing)? (?:to|with) {_ANY}{_WHO}\b",
        rf"\b(?:transfer|connect|put) me (?:through )?(?:to|with) {_ANY}{_WHO}\b",
        rf"\b(?:get|give) me {_ANY}{_WHO}\b",
        rf"\b(?:want|need) {_ANY}{_WHO}\b",
        rf"\bis there {_ANY}{_WHO}\b",
        r"\b(?:speak|talk) (?:to|with) customer (?:service|support|care)\b",
        r"\b(?:real|live|actual) (?:person|human|agent)\b",
        r"\bhuman being\b",
        r"^(?:representative|agent|operator|human)(?: please)?$",
        r"\bcustomer service representative\b",
        r"\bput me through\b",
    )
)
_GUARD: Final = re.compile(
    r"\b(?:don't|do not|not|never|no need) (?:\w+ ){0,3}(?:speak|talk|want|need|transfer)"
)


def keywords(text: str) -> bool:
    """Judge by the tutorials' loop: is one of eight keywords in the text?"""
    return any(keyword in text.lower() for keyword in KEYWORDS)


def patterns(text: str) -> bool:
    """Judge by a loop over `re` patterns."""
    folded = text.lower()
    return not _GUARD.search(folded) and any(pattern.search(folded) for pattern in _LOOP)


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


def _lines(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def _share(hits: int, of: int) -> str:
    low, high = wilson(hits, of)
    return f"{hits / of if of else 0:.3f} ({low:.3f}-{high:.3f})"


def score(judge: Judge, asks: Sequence[str], others: Sequence[str]) -> dict[str, str]:
    """Return precision, recall, F1 and false alarms of `judge`, with Wilson intervals."""
    caught, false = sum(map(judge, asks)), sum(map(judge, others))
    precision = caught / (caught + false) if caught + false else 0.0
    recall = caught / len(asks) if asks else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {
        "F1": f"{f1:.3f}",
        "precision": _share(caught, caught + false),
        "recall": _share(caught, len(asks)),
        "false alarms": f"{false} of {len(others)}",
    }


def calls(judge: Judge, rows: Iterable[dict[str, Any]], spoken: Callable[[str], str]) -> str:
    """Return false-alarm turns and caught requests of `judge` over conversations."""
    false = quiet = asked = caught = 0
    for row in rows:
        asks, unclear = set(row.get("pos", ())), set(row.get("amb", ()))
        fired = {i for i, turn in enumerate(row["turns"]) if judge(spoken(turn))}
        false += len(fired - asks - unclear)
        quiet += len(row["turns"]) - len(asks | unclear)
        asked += bool(asks)
        caught += bool(fired & asks)
    return f"{false} false of {quiet} turns, {caught} of {asked} caught"


def microseconds(judge: Judge, texts: Sequence[str]) -> tuple[float, float]:
    """Return the median and the 99th percentile of one judgement; each text's best of three."""
    took = []
    for text in texts:
        times = []
        for _ in range(3):
            begun = time.perf_counter_ns()
            judge(text)
            times.append(time.perf_counter_ns() - begun)
        took.append(min(times))
    took.sort()
    return took[len(took) // 2] / 1e3, took[int(len(took) * 0.99)] / 1e3


def phrase_cost(texts: Sequence[str]) -> float:
    """Return what 10,000 configured phrases cost, as a multiple of ten."""

    def seconds(count: int) -> float:
        phrases = tuple(f"special offer {number} please" for number in range(count))
        detector = Detector(DetectPolicy(phrases=phrases))
        best = float("inf")
        for _ in range(5):
            begun = time.perf_counter()
            for at, text in enumerate(texts):
                detector.receive(Heard(text, final=False), at * 60.0)
            best = min(best, time.perf_counter() - begun)
        return best

    return seconds(10_000) / seconds(10)


def linear_model(rows: Sequence[dict[str, Any]], spoken: Callable[[str], str]) -> Judge | None:
    """Return a judge that knows each row's five-fold verdict, or None without scikit-learn."""
    if importlib.util.find_spec("sklearn") is None:
        return None
    text, linear, selection, pipeline = (
        importlib.import_module(f"sklearn.{name}")
        for name in ("feature_extraction.text", "linear_model", "model_selection", "pipeline")
    )
    texts = [spoken(row["text"]) for row in rows]
    labels = [row["label"] for row in rows]
    groups = [row.get("group") or row["id"] for row in rows]
    verdicts: dict[str, bool] = {}
    for train, test in selection.GroupKFold(5).split(texts, labels, groups):
        model = pipeline.make_pipeline(
            text.TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
            linear.LogisticRegression(C=10, class_weight="balanced", max_iter=1000),
        )
        model.fit([texts[i] for i in train], [labels[i] for i in train])
        shares = model.predict_proba([texts[i] for i in test])[:, 1]
        verdicts |= {texts[i]: share > 0.5 for i, share in zip(test, shares, strict=True)}
    return lambda turn: verdicts.get(turn, False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--scorer", type=Path)
    options = parser.parse_args()
    style = _style(options.scorer)
    asks = _lines(options.data / "positives.jsonl")
    others = _lines(options.data / "negatives.jsonl")
    english = [[row for row in rows if row["lang"] == "en"] for rows in (asks, others)]
    spoken = [[style.spoken(row["text"]) for row in rows] for rows in english]
    noisy = [[style.misheard(text, 0.2, 0) for text in texts] for texts in spoken]
    judges: dict[str, Judge] = {
        "escalate": wants_human, "keyword list": keywords, "re loop": patterns,
    }  # fmt: skip
    for name, judge in judges.items():
        print(f"\n## {name}")
        _print("English", score(judge, *spoken))
        _print("English, 20 % of words misheard", score(judge, *noisy))
        _languages(judge, asks, others, style.spoken)
        for path in sorted(options.data.glob("calls_*.jsonl")):
            print(f"{path.stem}: {calls(judge, _lines(path), style.spoken)}")
    model = linear_model([*english[0], *english[1]], style.spoken)
    if model is not None:
        print("\n## linear model, five-fold")
        _print("English", score(model, *spoken))
    _speed(judges, [*spoken[0], *spoken[1]])


def _print(name: str, figures: dict[str, str]) -> None:
    print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in figures.items()))


def _languages(
    judge: Judge,
    asks: Sequence[dict[str, Any]],
    others: Sequence[dict[str, Any]],
    spoken: Callable[[str], str],
) -> None:
    spanish = [spoken(row["text"]) for row in asks if row["lang"] == "es"]
    foreign = [spoken(row["text"]) for row in others if row["lang"] != "en"]
    print(f"Spanish: recall {_share(sum(map(judge, spanish)), len(spanish))}")
    print(f"other languages: false alarms {sum(map(judge, foreign))} of {len(foreign)}")


def _speed(judges: dict[str, Judge], texts: Sequence[str]) -> None:
    print("\n## speed, one utterance")
    took = {name: microseconds(judge, texts) for name, judge in judges.items()}
    base = took["keyword list"][1]
    for name, (median, high) in took.items():
        print(
            f"{name}: median {median:.1f} us, p99 {high:.1f} us, {high / base:.1f} times the list"
        )
    print(f"10,000 configured phrases cost {phrase_cost(texts[:2000]):.2f} times ten")


if __name__ == "__main__":
    main()
