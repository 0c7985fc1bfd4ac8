"""Checks a language pack against the lines it brings along."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from escalate.detect.asking import Reader
from escalate.detect.packs import Pack
from escalate.detect.text import words_of
from escalate.errors import ConfigurationError

_LEAST_LINES: Final = 10
_KINDS: Final = {
    "rule": ("request", "refuse", "block", "identity", "retract"),
    "trouble": ("misunderstood", "frustration", "profanity"),
    "bot": ("no_match", "offer", "promise", "apology"),
    "answer": ("yes", "no"),
}


@dataclass(frozen=True, slots=True)
class Report:
    """What a check of one pack found; no `faults` means that it may be shipped."""

    language: str
    name: str
    checked: str
    asks: int
    asks_not: int
    faults: tuple[str, ...]


def check_pack(path: Path) -> Report:
    """Compile the pack at `path` and read each of its lines with it alone.

    Raises:
        ConfigurationError: The file is no pack.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        pack = Pack(data)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ConfigurationError) as exc:
        raise ConfigurationError(f"{path.name}: {exc}") from exc
    lines = data.get("lines", {})
    asks, asks_not = lines.get("asks", []), lines.get("asks_not", [])
    faults = (*_missing(data, asks, asks_not), *_misread(Reader([pack]), asks, asks_not))
    return Report(pack.language, pack.name, pack.checked, len(asks), len(asks_not), faults)


def _missing(data: dict[str, Any], asks: list[str], asks_not: list[str]) -> Iterator[str]:
    for table, kinds in _KINDS.items():
        held = {row["kind"] for row in data.get(table, ())}
        for kind in kinds:
            if kind not in held:
                yield f"no [[{table}]] of kind {kind!r}"
        for kind in sorted(held - set(kinds)):
            yield f"[[{table}]] has an unknown kind {kind!r}"
    for name, lines in (("asks", asks), ("asks_not", asks_not)):
        if len(lines) < _LEAST_LINES:
            yield f"only {len(lines)} lines in lines.{name}; {_LEAST_LINES} are the least"


def _misread(reader: Reader, asks: list[str], asks_not: list[str]) -> Iterator[str]:
    for line in asks:
        if reader.request(words_of(line)) is None:
            yield f"no request was heard in {line!r}"
    for line in asks_not:
        found = reader.request(words_of(line))
        if found is not None:
            yield f"the rule {found.hit.rule.name!r} heard a request in {line!r}"
