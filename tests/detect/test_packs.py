"""Language packs: that the shipped ones hold, and that a wrong one is refused with a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from escalate.detect.checking import check_pack
from escalate.detect.packs import FOLDER, Pack, load, read_file, shipped
from escalate.detect.text import words_of
from escalate.errors import ConfigurationError

LANGUAGES = ("ar", "de", "en", "es", "fr", "hi", "id", "it", "ja", "nl", "pl", "pt", "tr", "zh")


def pack(**changes: Any) -> dict[str, Any]:
    """Return the smallest pack there can be, with `changes`."""
    rule = {"name": "asks", "kind": "request", "patterns": ["WANT a? HUMAN"], "slack": 1}
    words = {"WANT": "want need", "HUMAN": "human person"}
    base = {"language": "xx", "name": "Test", "checked": "not", "anchors": "HUMAN"}
    return base | {"words": words, "rule": [rule]} | changes


def found(data: dict[str, Any], text: str) -> list[str]:
    """Return the words that the rules of a pack match in `text`."""
    words = words_of(text)
    return [" ".join(words[h.first : h.last + 1]) for h in Pack(data).read(words)]


def test_every_promised_language_is_shipped() -> None:
    """A pack that vanishes is noticed."""
    assert LANGUAGES == shipped()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_shipped_pack_reads_its_own_lines_rightly(language: str) -> None:
    """Each pack is complete, and hears a request in just those of its lines that hold one."""
    assert () == check_pack(FOLDER / f"{language}.toml").faults


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_shipped_pack_says_how_it_was_checked(language: str) -> None:
    """Nobody has to guess how far a pack can be trusted."""
    assert len(load(language).checked) > 20


def test_a_pack_reads_words_by_their_classes() -> None:
    """A pattern holds where the words belong to its classes."""
    assert ["want a person"] == found(pack(), "I want a person now")


def test_a_misspelt_word_counts_where_the_pack_is_tolerant() -> None:
    """One slip in a tolerant word is forgiven; another word of the language is not."""
    tolerant = pack(tolerant="person", own_words="parson")
    assert ["want a perosn"] == found(tolerant, "want a perosn")
    assert [] == found(tolerant, "want a parson")
    assert [] == found(pack(), "want a perosn")


def test_slack_bounds_what_may_be_misheard() -> None:
    """A rule without slack takes words as they are only."""
    rule = {"name": "asks", "kind": "request", "patterns": ["WANT a? HUMAN"], "slack": 0}
    assert [] == found(pack(tolerant="person", rule=[rule]), "want a perosn")


def test_a_sound_alike_in_two_pieces_is_joined() -> None:
    """What a recogniser splits is read as one word, and quoted in full."""
    assert ["want a purse on"] == found(
        pack(sounds={"person": "purse+on"}), "want a purse on please"
    )


def test_words_that_ran_together_are_two() -> None:
    """A missing blank between two words of the pack does not hide them."""
    assert ["wanthuman"] == found(pack(), "I wanthuman")
    assert [] == found(pack(own_words="wanthuman"), "I wanthuman")


def test_fillers_and_repeats_are_not_words() -> None:
    """A hesitating caller is understood."""
    words = {"WANT": "want", "HUMAN": "human", "FILLER": "uh um"}
    assert ["want uh a um a human"] == found(pack(words=words), "I want uh a um a human")


def test_glued_prefixes_are_part_of_a_word() -> None:
    """Articles that grow together with their noun do not hide it."""
    assert ["want lhuman"] == found(pack(glued="l d"), "want l'human")


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("WANT HUMAN*", "no [*]"),
        ("WANT [a] HUMAN", "are known"),
        ("WANT (a HUMAN", "without its"),
        ("WANT a) HUMAN", "without its"),
        ("WANT NOBODY", "no class, macro or word 'NOBODY'"),
        ("a?", "without a word"),
        ("_ HUMAN", "must begin with"),
        ("WANT | ?", "follows nothing"),
        ("WANT (?<! a WANT?) HUMAN", "fixed-width"),
    ],
)
def test_a_wrong_pattern_is_refused(pattern: str, reason: str) -> None:
    """The message says what is wrong with a pattern."""
    rule = {"name": "asks", "kind": "request", "patterns": [pattern]}
    with pytest.raises(ConfigurationError, match=reason):
        Pack(pack(rule=[rule]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_shipped_pattern_compiles(language: str) -> None:
    """Patterns are compiled when they are first tried, so here each is tried."""
    held = load(language)
    for grammar in (held._rules, held._trouble, held._bot, held._answers):
        for trial in grammar._trials:
            assert trial.source == trial.compile().pattern


def test_a_macro_that_names_itself_is_refused() -> None:
    """Macros in a circle end with a message and not with a crash."""
    rule = {"name": "asks", "kind": "request", "patterns": ["ROUND"]}
    with pytest.raises(ConfigurationError):
        Pack(pack(macros={"ROUND": "WANT ROUND"}, rule=[rule]))


@pytest.mark.parametrize(
    ("change", "reason"), [({"colour": "red"}, "unknown key 'colour'"), ({"rule": None}, "rule")]
)
def test_a_wrong_key_is_refused(change: dict[str, Any], reason: str) -> None:
    """A misspelt key cannot pass unseen."""
    data = {key: value for key, value in pack(**change).items() if value is not None}
    with pytest.raises(ConfigurationError, match=reason):
        Pack(data)


def test_a_file_that_is_no_pack_is_named(tmp_path: Path) -> None:
    """The message begins with the name of the file."""
    path = tmp_path / "xx.toml"
    path.write_text("language = ", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"^xx\.toml"):
        read_file(path)


def test_an_unknown_language_is_refused() -> None:
    """The message lists what there is."""
    with pytest.raises(ConfigurationError, match="shipped are ar, de, en"):
        load("xx")


def test_a_check_names_what_is_missing_and_misread(tmp_path: Path) -> None:
    """A pack without lines, or that misreads one, is told so."""
    path = tmp_path / "xx.toml"
    path.write_text(
        'language="xx"\nname="T"\nchecked="no"\nanchors="HUMAN"\n[words]\nHUMAN="human"\n'
        '[[rule]]\nname="a"\nkind="request"\npatterns=["HUMAN"]\n'
        '[lines]\nasks=["robot"]\nasks_not=["human"]\n',
        encoding="utf-8",
    )
    faults = "\n".join(check_pack(path).faults)
    assert "no request was heard in 'robot'" in faults
    assert "heard a request in 'human'" in faults
    assert "no [[bot]] of kind 'promise'" in faults
