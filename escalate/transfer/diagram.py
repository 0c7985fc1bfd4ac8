"""Draw the table: `python -m escalate.transfer.diagram` prints it as Mermaid for the README."""

from __future__ import annotations

import re
import sys

from escalate.transfer import events as e
from escalate.transfer.model import State
from escalate.transfer.table import TABLE


def mermaid() -> str:
    """Return the states and what leads from one to another, in the order of the table."""
    labels: dict[tuple[State, State], list[str]] = {}
    for row in TABLE:
        words = labels.setdefault((row.state, row.to), [])
        if (word := _words(row.on)) not in words:
            words.append(word)
    edges = [
        f"    {start} --> {end if end is not State.ENDED else '[*]'}: {', '.join(words)}"
        for (start, end), words in labels.items()
        if start is not end
    ]
    starts = [
        f"    [*] --> {State.ANNOUNCING}: requested, cold",
        f"    [*] --> {State.CONSULTING}: requested, warm",
    ]
    return "\n".join(["stateDiagram-v2", *starts, *edges])


def _words(event: type[e.Event]) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", event.__name__).lower()


if __name__ == "__main__":
    sys.stdout.write(mermaid() + "\n")
