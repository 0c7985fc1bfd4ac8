"""The engine that configured expressions run on: linear in what a caller says, whatever it is."""

from __future__ import annotations

from typing import Final

import re2

from escalate.detect.compiled import Searcher

# A pattern it refuses is told to whoever configured it, and need not be on stderr as well.
_QUIETLY: Final = re2.Options()
_QUIETLY.log_errors = False


def linear_time(pattern: str) -> Searcher:
    """Return `pattern`, compiled.

    Raises:
        re2.error: The pattern is malformed, or cannot be searched for in linear time.
    """
    searcher: Searcher = re2.compile(pattern, _QUIETLY)
    return searcher
