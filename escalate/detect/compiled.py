"""A policy made ready for use, shared by every call that has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from escalate.detect.asking import Reader
from escalate.detect.packs import load, shipped
from escalate.detect.phrases import PhraseTree
from escalate.detect.policy import DetectPolicy, Expression, Phrase
from escalate.errors import ConfigurationError


class Found(Protocol):
    """What an expression matched."""

    def span(self) -> tuple[int, int]:
        """Return where the match begins and ends, in characters."""
        ...


class Searcher(Protocol):
    """A compiled expression."""

    def search(self, text: str) -> Found | None:
        """Return the first match in `text`."""
        ...


Engine = Callable[[str], Searcher]
"""Compiles one expression for a search in linear time, as `re2.compile` does."""

_AT_ONCE = 100  # expressions searched together; most turns match none of them


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    """What a detector reads with."""

    policy: DetectPolicy
    reader: Reader
    phrases: PhraseTree
    expressions: tuple[tuple[Searcher | None, tuple[tuple[Expression, Searcher], ...]], ...]

    def matches(self, text: str) -> Iterator[tuple[Expression, tuple[int, int]]]:
        """Yield each configured expression that matches `text`, and where."""
        for gate, each in self.expressions:
            if gate is not None and gate.search(text) is None:
                continue
            for expression, searcher in each:
                found = searcher.search(text)
                if found is not None:
                    yield expression, found.span()


@lru_cache(maxsize=32)
def compiled(policy: DetectPolicy, engine: Engine | None = None) -> CompiledPolicy:
    """Return `policy` made ready; the same policy and engine give the same object.

    Raises:
        ConfigurationError: A language has no pack, a phrase holds no word, or there are expressions
            and no engine, or one that the engine does not take.
    """
    return CompiledPolicy(
        policy=policy,
        reader=reader(policy.languages),
        phrases=PhraseTree(Phrase(p) if isinstance(p, str) else p for p in policy.phrases),
        expressions=_searchers(policy.expressions, engine),
    )


def _searchers(
    rows: Sequence[Expression | str], engine: Engine | None
) -> tuple[tuple[Searcher | None, tuple[tuple[Expression, Searcher], ...]], ...]:
    expressions = [Expression(row) if isinstance(row, str) else row for row in rows]
    if not expressions:
        return ()
    if engine is None:
        raise ConfigurationError("expressions need a linear-time engine, and none was handed in")
    each = [(expression, _searcher(expression.pattern, engine)) for expression in expressions]
    batches = [tuple(each[i : i + _AT_ONCE]) for i in range(0, len(each), _AT_ONCE)]
    return tuple((_gate(batch, engine), batch) for batch in batches)


def _searcher(pattern: str, engine: Engine) -> Searcher:
    try:
        return engine(pattern)
    except Exception as exc:  # an engine that was handed in has errors of its own
        reason = exc.args[0] if exc.args else exc
        said = reason.decode(errors="replace") if isinstance(reason, bytes) else reason
        raise ConfigurationError(f"expressions: {pattern!r} cannot be used: {said}") from exc


def _gate(batch: Sequence[tuple[Expression, Searcher]], engine: Engine) -> Searcher | None:
    """Return one search that matches where any of `batch` does; None where that is too large."""
    if len(batch) == 1:
        return None
    try:
        return engine("|".join(f"(?:{expression.pattern})" for expression, _ in batch))
    except Exception:  # flags or names inside can forbid it; each is then searched alone
        return None


@lru_cache(maxsize=32)
def reader(languages: tuple[str, ...] = ()) -> Reader:
    """Return a reader of `languages`, or of every shipped pack; English reads first."""
    wanted = languages or tuple(
        sorted(shipped(), key=lambda language: (language != "en", language))
    )
    return Reader(load(language) for language in wanted)
