"""What a scripted caller says, as a streaming recogniser would hand it over.

A transcript is a list of `Line`. On disk it is JSON lines, one object per result of the recogniser:

    {"text": "where is", "final": false, "at": 2.4}
    {"text": "where is my parcel", "final": true, "at": 3.5}

`at` counts seconds of the caller's audio from the opening of the media stream. A call whose stream
is opened again (the caller came back to the bot, or the stream broke) starts to count again; lines
with `"stream": 2` belong to that second one. Without the key a line belongs to stream 1. An object
`{"note": "..."}` says something to the reader of the file, such as where it comes from.
"""

from __future__ import annotations

import itertools
import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypedDict

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from escalate.errors import ConfigurationError

WORD_S = 0.35
"""Seconds a caller takes for one word: about 170 words a minute."""

ENDPOINT_S = 0.3
"""Seconds of silence after which a recogniser calls what it has heard final."""

_EXAMPLE = '{"text": "hello", "final": true, "at": 1.5}'


@dataclass(frozen=True, slots=True)
class Line:
    """One result of the recogniser, `at` seconds into the audio of stream number `stream`.

    `language` is the tag that it gives the words, if it tells languages apart.
    """

    text: str
    final: bool
    at: float
    stream: int = 1
    language: str | None = None


class Utterance(TypedDict):
    """The caller speaks `text` from `at` on, for `seconds`."""

    at: float
    text: str
    seconds: float


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    text: Annotated[str, Field(min_length=1)]
    final: bool
    at: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    stream: Annotated[int, Field(ge=1)] = 1
    language: str | None = None


def read_transcript(path: Path) -> list[Line]:
    """Read a transcript file; blank lines and notes do not count.

    Raises:
        ConfigurationError: The file cannot be read or a line of it is wrong; names line and fix.
    """
    lines: list[Line] = []
    for number, row in enumerate(_rows(path), 1):
        line = _parse(row, f"{path}, line {number}") if row.strip() else None
        if line is None:
            continue
        if lines and (line.stream, line.at) < (lines[-1].stream, lines[-1].at):
            raise ConfigurationError(
                f"{path}, line {number}: at {line.at} is earlier than the line before it; "
                "put the lines in the order in which they are heard"
            )
        lines.append(line)
    if not lines or not lines[-1].final:
        raise ConfigurationError(
            f'{path}: the last line is not final; end every utterance with "final": true'
        )
    return lines


def _rows(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: no such file; check the path") from None
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(f"{path}: not a readable UTF-8 file; check the path") from None


def _parse(row: str, where: str) -> Line | None:
    """The `Line` in one row of a file; None for a note."""
    try:
        data = json.loads(row)
        if isinstance(data, dict) and data.keys() == {"note"}:
            return None
        parsed = _Row.model_validate(data)
    except json.JSONDecodeError as error:
        fault = f"not JSON ({error.msg} in column {error.colno})"
    except ValidationError as error:
        first = error.errors()[0]
        fault = "".join(f'"{part}": ' for part in first["loc"]) + first["msg"]
    else:
        return Line(**parsed.model_dump())
    raise ConfigurationError(f"{where}: {fault}; a line looks like {_EXAMPLE}")


def spoken(text: str, at: float, *, stream: int = 1, language: str | None = None) -> list[Line]:
    """The results a recogniser gives for `text` spoken from second `at` on.

    An interim grows by one word each `WORD_S`; the final follows the last word after `ENDPOINT_S`.
    """
    words = text.split()
    interims = [
        Line(" ".join(words[:count]), False, round(at + count * WORD_S, 2), stream, language)
        for count in range(1, len(words) + 1)
    ]
    end = round(at + len(words) * WORD_S + ENDPOINT_S, 2)
    return [*interims, Line(text, True, end, stream, language)]


def conversation(
    sentences: Iterable[tuple[float, str]], *, stream: int = 1, language: str | None = None
) -> list[Line]:
    """A transcript of `(pause, sentence)` pairs: each is spoken `pause` seconds after the last."""
    lines: list[Line] = []
    for pause_s, sentence in sentences:
        at = (lines[-1].at - ENDPOINT_S if lines else 0.0) + pause_s
        lines += spoken(sentence, at, stream=stream, language=language)
    return lines


def says(lines: Sequence[Line], *, stream: int = 1) -> list[Utterance]:
    """The caller's side of a transcript: one utterance per final, from when he begins to speak.

    He begins as long before the first result as its words take, and has ended `ENDPOINT_S` before
    the final one; two utterances never overlap.
    """
    utterances: list[Utterance] = []
    first: Line | None = None
    for line in (line for line in lines if line.stream == stream):
        first = first or line
        if line.final:
            utterances.append(_utterance(first, line, after=utterances[-1:]))
            first = None
    return utterances


def _utterance(first: Line, final: Line, *, after: Sequence[Utterance]) -> Utterance:
    silence = ENDPOINT_S if first.final else 0.0
    begins = max(
        0.0,
        first.at - silence - WORD_S * len(first.text.split()),
        *(before["at"] + before["seconds"] for before in after),
    )
    seconds = max(WORD_S, final.at - ENDPOINT_S - begins)
    return {"at": round(begins, 2), "text": final.text, "seconds": round(seconds, 2)}


def streams(lines: Sequence[Line]) -> Callable[[], list[Line]]:
    """A lookup that gives the lines of stream 1 when first called, then those of stream 2, ...

    It counts the streams of one caller, so it serves a process that carries one call.
    """
    numbers = itertools.count(1)

    def of_next_stream() -> list[Line]:
        number = next(numbers)
        return [line for line in lines if line.stream == number]

    return of_next_stream


def script_from_env(environ: Mapping[str, str] = os.environ) -> Callable[[], Sequence[Line]]:
    """`streams` of the file that ESCALATE_TRANSCRIPT names; without it the caller says nothing.

    The URL of a local Plivo's log stands for what its callers say, as they say it.

    Raises:
        ConfigurationError: The file is wrong; see `read_transcript`.
    """
    named = environ.get("ESCALATE_TRANSCRIPT", "")
    if named.startswith("http://"):
        from escalate.demo.live_ears import following

        return following(named)
    return streams(read_transcript(Path(named)) if named else [])


def pending(lines: Sequence[Line]) -> deque[Line]:
    """Return the lines to come, the next one first; a queue is taken as it is, and may grow."""
    return lines if isinstance(lines, deque) else deque(sorted(lines, key=lambda line: line.at))
