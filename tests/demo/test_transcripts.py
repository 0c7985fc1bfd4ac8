from __future__ import annotations

from pathlib import Path

import pytest

from escalate.demo.transcripts import (
    Line,
    conversation,
    read_transcript,
    says,
    script_from_env,
    spoken,
    streams,
)
from escalate.errors import ConfigurationError

SHIPPED = sorted((Path(__file__).parents[2] / "examples" / "transcripts").glob("*.jsonl"))


def written(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "call.jsonl"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_a_file_is_read_line_by_line_without_notes_and_blank_lines(tmp_path: Path) -> None:
    """Every result of the recogniser is one line; notes and blank lines are for the reader."""
    path = written(
        tmp_path,
        '{"note": "made up"}',
        '{"text": "hello", "final": false, "at": 1}',
        "",
        '{"text": "hello there", "final": true, "at": 1.5}',
        '{"text": "me again", "final": true, "at": 0.5, "stream": 2}',
    )

    assert [
        Line("hello", False, 1.0),
        Line("hello there", True, 1.5),
        Line("me again", True, 0.5, stream=2),
    ] == read_transcript(path)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ('{"text": "hello"', "not JSON"),
        ('"hello"', "dictionary"),
        ('{"text": "hello", "final": true}', '"at": Field required'),
        ('{"text": "hello", "final": "yes", "at": 3}', '"final": Input should be a valid boolean'),
        ('{"text": "hello", "final": true, "at": -1}', '"at": '),
        ('{"text": "", "final": true, "at": 3}', '"text": '),
        ('{"text": "hello", "final": true, "at": 3, "speaker": "a"}', '"speaker": '),
        ('{"text": "hello", "final": true, "at": 0.5}', "earlier than the line before"),
    ],
)
def test_a_wrong_line_is_named_with_its_number_and_the_fix(
    tmp_path: Path, row: str, fault: str
) -> None:
    """One error names the file, the line, what is wrong with it and how it should look."""
    path = written(tmp_path, '{"text": "hi", "final": true, "at": 1}', row)

    with pytest.raises(ConfigurationError) as raised:
        read_transcript(path)

    message = str(raised.value)
    assert message.startswith(f"{path}, line 2: ")
    assert fault in message
    assert "a line looks like {" in message or "put the lines in the order" in message


def test_a_transcript_must_end_in_a_final_line(tmp_path: Path) -> None:
    """Words that never become final would never be answered, so they are an error."""
    path = written(tmp_path, '{"text": "hello", "final": false, "at": 1}')

    with pytest.raises(ConfigurationError, match='end every utterance with "final": true'):
        read_transcript(path)


def test_a_file_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    """A mistyped path is told as such."""
    with pytest.raises(ConfigurationError, match="no such file; check the path"):
        read_transcript(tmp_path / "nothing.jsonl")


def test_interims_grow_by_a_word_and_a_final_follows_them() -> None:
    """A sentence becomes what a streaming recogniser gives for it."""
    assert [
        Line("can", False, 2.35),
        Line("can I", False, 2.7),
        Line("can I ask", False, 3.05),
        Line("can I ask", True, 3.35),
    ] == spoken("can I ask", 2.0)


def test_what_the_caller_says_begins_with_his_first_word() -> None:
    """The local Plivo hears each utterance from its first word to its last."""
    lines = conversation([(2.0, "can I talk to"), (0.5, "a person please")])

    assert [
        {"at": 2.0, "text": "can I talk to", "seconds": 1.4},
        {"at": 3.9, "text": "a person please", "seconds": 1.05},
    ] == says(lines)


def test_finals_alone_are_spoken_before_they_are_final() -> None:
    """Without interims the words themselves tell when he must have begun."""
    lines = [Line("hello", True, 1.0), Line("no I do not want that", True, 1.5)]

    assert [
        {"at": 0.35, "text": "hello", "seconds": 0.35},
        {"at": 0.7, "text": "no I do not want that", "seconds": 0.5},
    ] == says(lines)


def test_each_stream_of_a_call_has_its_own_lines() -> None:
    """A stream that is opened again goes on with the caller's next words, not with his first."""
    lines = [*spoken("hello", 1.0), *spoken("me again", 1.0, stream=2)]
    of_next_stream = streams(lines)

    assert spoken("hello", 1.0) == of_next_stream()
    assert spoken("me again", 1.0, stream=2) == of_next_stream()
    assert [] == of_next_stream()
    assert ["me again"] == [said["text"] for said in says(lines, stream=2)]


def test_the_environment_names_the_script_of_a_process(tmp_path: Path) -> None:
    """ESCALATE_TRANSCRIPT is read when the process starts; without it the caller is silent."""
    path = written(tmp_path, '{"text": "hello", "final": true, "at": 1}')

    assert [Line("hello", True, 1.0)] == script_from_env({"ESCALATE_TRANSCRIPT": str(path)})()
    assert [] == script_from_env({})()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_transcript_can_be_played_and_says_where_it_is_from(path: Path) -> None:
    """Each example is readable, names its corpus and licence, and owns up to its timing."""
    note = path.read_text(encoding="utf-8").splitlines()[0]

    assert [] != says(read_transcript(path))
    assert "MultiDoGO" in note
    assert "CDLA-Permissive-1.0" in note
    assert "timing is synthetic" in note
