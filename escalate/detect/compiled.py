"""A policy made ready for use, shared by every call that has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from escalate.detect.asking import Reader
from escalate.detect.packs import load, shipped
from escalate.detect.phrases import PhraseTree
from escalate.detect.policy import DetectPolicy, Expression, Phrase
from escalate.errors import ConfigurationError

Finder = Callable[[str], Iterable[tuple[int, int, int]]]
"""Text in; out which expression (by index) matches, from which character to which."""

Engine = Callable[[Sequence[str]], Finder]
"""Compiles expressions for a search in linear time; raises ConfigurationError with the reason."""


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    """What a detector reads with."""

    policy: DetectPolicy
    reader: Reader
    phrases: PhraseTree
    expressions: tuple[Expression, ...]
    find: Finder | None


@lru_cache(maxsize=32)
def compiled(policy: DetectPolicy, engine: Engine | None = None) -> CompiledPolicy:
    """Return `policy` made ready; the same policy and engine give the same object.

    Raises:
        ConfigurationError: A language has no pack, a phrase holds no word, or there are expressions
            and no engine, or one that the engine does not take.
    """
    expressions = tuple(
        Expression(row) if isinstance(row, str) else row for row in policy.expressions
    )
    if expressions and engine is None:
        raise ConfigurationError("expressions need a linear-time engine, and none was handed in")
    return CompiledPolicy(
        policy=policy,
        reader=reader(policy.languages),
        phrases=PhraseTree(Phrase(p) if isinstance(p, str) else p for p in policy.phrases),
        expressions=expressions,
        find=engine([e.pattern for e in expressions]) if engine and expressions else None,
    )


@lru_cache(maxsize=32)
def reader(languages: tuple[str, ...] = ()) -> Reader:
    """Return a reader of `languages`, or of every shipped pack; English reads first."""
    wanted = languages or tuple(
        sorted(shipped(), key=lambda language: (language != "en", language))
    )
    return Reader(load(language) for language in wanted)
