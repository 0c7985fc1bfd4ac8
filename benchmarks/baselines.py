"""What people use today to hear a request for a human: the other columns of `detector.py`."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Sequence
from typing import Any, Final

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
_FOLDS: Final = 5
_AT_ONCE: Final = 5_000  # turns; their features would not fit into memory all together


class Judge:
    """Says whether a turn asks for a human."""

    def one(self, text: str) -> bool:
        raise NotImplementedError

    def many(self, texts: Sequence[str]) -> list[bool]:
        return [self.one(text) for text in texts]

    def lines(self, texts: Sequence[str]) -> list[bool]:
        """Judge the labelled lines, in their order; what learns from them must not have seen it."""
        return self.many(texts)


class KeywordList(Judge):
    """The tutorials' loop: is one of eight keywords in the text?"""

    def one(self, text: str) -> bool:
        return any(keyword in text.lower() for keyword in KEYWORDS)


class PatternLoop(Judge):
    """A loop over `re` patterns."""

    def one(self, text: str) -> bool:
        folded = text.lower()
        return not _GUARD.search(folded) and any(pattern.search(folded) for pattern in _LOOP)


class LinearModel(Judge):
    """TF-IDF of two to five characters and logistic regression, trained on the labelled lines.

    Five-fold, near-duplicates kept together: a line is judged by the model that did not see it,
    anything else by one that saw all of them, and the threshold is the best there is for the lines.
    """

    def __init__(self, texts: Sequence[str], labels: Sequence[int], groups: Sequence[str]) -> None:
        selection = importlib.import_module("sklearn.model_selection")
        folds = selection.GroupKFold(_FOLDS).split(texts, labels, groups)
        self._folds = [(held_out, _trained(texts, labels, seen)) for seen, held_out in folds]
        self._all = _trained(texts, labels, range(len(texts)))
        self._threshold = _best_threshold(self._held_out(texts), labels)

    def one(self, text: str) -> bool:
        return self.many([text])[0]

    def many(self, texts: Sequence[str]) -> list[bool]:
        return [score > self._threshold for score in _scores(self._all, texts)]

    def lines(self, texts: Sequence[str]) -> list[bool]:
        return [score > self._threshold for score in self._held_out(texts)]

    def _held_out(self, texts: Sequence[str]) -> list[float]:
        scores = [0.0] * len(texts)
        for held_out, model in self._folds:
            found = _scores(model, [texts[i] for i in held_out])
            for i, score in zip(held_out, found, strict=True):
                scores[i] = score
        return scores


def has_scikit_learn() -> bool:
    return importlib.util.find_spec("sklearn") is not None


def _trained(texts: Sequence[str], labels: Sequence[int], rows: Sequence[int]) -> Any:
    text, linear, pipeline = (
        importlib.import_module(f"sklearn.{name}")
        for name in ("feature_extraction.text", "linear_model", "pipeline")
    )
    model = pipeline.make_pipeline(
        text.TfidfVectorizer(analyzer="char", ngram_range=(2, 5), sublinear_tf=True),
        linear.LogisticRegression(C=10, class_weight="balanced", max_iter=1000),
    )
    return model.fit([texts[i] for i in rows], [labels[i] for i in rows])


def _scores(model: Any, texts: Sequence[str]) -> list[float]:
    batches = (texts[at : at + _AT_ONCE] for at in range(0, len(texts), _AT_ONCE))
    return [float(share) for batch in batches for share in model.predict_proba(batch)[:, 1]]


def _best_threshold(scores: Sequence[float], labels: Sequence[int]) -> float:
    """Return the threshold at which the F1 over `scores` is best."""
    asks = sum(labels)
    best, threshold, caught = 0.0, 0.5, 0
    ranked = sorted(zip(scores, labels, strict=True), reverse=True)
    for said, (score, label) in enumerate(ranked, 1):
        caught += label
        f1 = 2 * caught / (said + asks)
        if f1 > best:
            best, threshold = f1, score - 1e-9
    return threshold
