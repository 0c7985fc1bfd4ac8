"""Find the line of a TOML file on which a key stands, so that an error can point at it."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TABLE = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?$")
_ARRAY = re.compile(r"\s*\[\[\s*([^\[\]]+?)\s*\]\]\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*(?:"([^"]+)"|'([^']+)'|([\w.-]+))\s*=""")

Path = Sequence[str | int]


def line_of(text: str, path: Path) -> int | None:
    """Return the line (from 1) of `path`, or of the nearest table around it; None if unknown.

    `path` is what pydantic calls a location: table names, indices in arrays of tables, a key.
    """
    wanted = tuple(path)
    places = _places(text)
    around = [(len(found), -line) for line, found in places if wanted[: len(found)] == found]
    inside = [line for line, found in places if found[: len(wanted)] == wanted]
    if around:
        return -max(around)[1]
    return inside[0] if inside else None


def _places(text: str) -> list[tuple[int, tuple[str | int, ...]]]:
    """Every table header and key of the file, as (line, path)."""
    table: tuple[str | int, ...] = ()
    counts: dict[str, int] = {}
    places: list[tuple[int, tuple[str | int, ...]]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if array := _ARRAY.match(line):
            name = array.group(1)
            counts[name] = counts.get(name, -1) + 1
            table = (*name.split("."), counts[name])
            places.append((number, table))
        elif header := _TABLE.match(line):
            table = tuple(header.group(1).split("."))
            places.append((number, table))
        elif key := _KEY.match(line):
            name = next(part for part in key.groups() if part)
            places.append((number, (*table, name)))
    return places
