"""What nobody but the caller should know does not leave the call."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalate.handoff.identities import is_card, is_iban, is_identity
from escalate.handoff.redaction import Secret, find_in_turns, find_secrets, masked, redact
from escalate.handoff.sentences import briefing_labels, sentence_languages
from escalate.values import Party, Said

NAMES: dict[str, str] = {kind.value: f"<{kind}>" for kind in Secret}
WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def luhn_card(chance: random.Random, length: int = 16) -> str:
    body = "4" + "".join(chance.choices("0123456789", k=length - 2))
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(body))]
    total = sum(number - 9 * (number > 9) for number in doubled)
    return body + str(-total % 10)


def test_published_numbers_check() -> None:
    """Test numbers of card networks, registers and standards."""
    assert is_card("4111111111111111")
    assert is_card("378282246310005")
    assert not is_card("4111111111111112")
    assert not is_card("0000000000000000")
    assert is_iban("GB82 WEST 1234 5698 7654 32")
    assert not is_iban("GB82 WEST 1234 5698 7654 33")
    assert is_identity("52998224725", ())  # Brazil
    assert is_identity("10000000146", ())  # Turkey
    assert is_identity("11010519491231002", ()) is False
    assert is_identity("078051120", (3, 2, 4))  # United States
    assert not is_identity("078051120", (9,))


@pytest.mark.parametrize(
    ("text", "language", "before", "expected"),
    [
        ("my card is 4111 1111-1111 1111 ok", "en", "", "my card is <card> ok"),
        ("four one one one " + "one one one one " * 3, "en", "", "<card> "),
        ("four triple one " + "double one double one " * 3, "en", "", "<card> "),
        ("forty one eleven " + "eleven eleven " * 3, "en", "", "<card> "),
        ("it ends in 4111 1111 1111 1112", "en", "", "it ends in <card>"),
        ("my order is 1234567 thanks", "en", "", "my order is 1234567 thanks"),
        ("482193", "en", "What is the code we sent you?", "<code>"),
        ("4 8 2 1 9 3", "en", "please read me the pin", "<code>"),
        ("482193 is the code", "en", "", "<code> is the code"),
        ("AB12 9XQ", "en", "What is the security code?", "<code>"),
        ("90210", "en", "What is your zip code?", "90210"),
        ("my password is swordfish seven. Help", "en", "", "my password is <code>. Help"),
        ("my password is not working", "en", "", "my password is not working"),
        ("john at example dot com", "en", "", "<email>"),
        ("it's j o h n underscore d at gmail dot com", "en", "", "it's <email>"),
        ("j.d+x@example.co.uk please", "en", "", "<email> please"),
        ("john.doe at example.com", "en", "", "<email>"),
        ("my social is 078 05 1120", "en", "", "my social is <national_id>"),
        ("QQ 12 34 56 C", "en", "", "QQ 12 34 56 C"),
        ("AB 12 34 56 C", "en", "", "<national_id>"),
        ("passport X1234567", "en", "", "passport <national_id>"),
        ("IBAN DE89 3704 0044 0532 0130 00 ist es", "de", "", "IBAN <iban> ist es"),
        ("hans punkt müller at beispiel punkt de", "de", "", "<email>"),
        ("meine Karte: vier eins eins" + " eins" * 12, "de", "", "meine Karte: <card>"),
        ("meine Pin ist neunundneunzig elf", "de", "", "meine Pin ist <code>"),
        ("juan arroba ejemplo punto com", "es", "", "<email>"),
        ("mi DNI es 12345678Z", "es", "", "mi DNI es <national_id>"),
        ("mon code est 4821", "fr", "", "mon code est <code>"),
        ("jean point dupont arobase exemple point fr", "fr", "", "<email>"),
        ("meu CPF é 529.982.247-25", "pt", "", "meu CPF é <national_id>"),
        ("maria arroba exemplo ponto com ponto br", "pt", "", "<email>"),
        ("mario chiocciola esempio punto it", "it", "", "<email>"),
        ("codice fiscale RSSMRA85T10A562S", "it", "", "codice fiscale <national_id>"),
        ("jan apenstaartje voorbeeld punt nl", "nl", "", "<email>"),
        ("mój PESEL to 44051401359", "pl", "", "mój PESEL to <national_id>"),
        ("TC kimlik numaram 10000000146", "tr", "", "TC kimlik numaram <national_id>"),
        ("kode OTP saya 482193", "id", "", "kode OTP saya <code>"),
        ("मेरा ओटीपी ४८२१९३ है", "hi", "", "मेरा ओटीपी <code> है"),
        ("暗証番号は四八二一です", "ja", "", "暗証番号は<code>です"),
        ("验证码是四八二一九三", "zh", "", "验证码是<code>"),
        ("رمز التحقق ٤٨٢١٩٣", "ar", "", "رمز التحقق <code>"),
    ],
)
def test_secrets_are_withheld_and_the_rest_is_not(
    text: str, language: str, before: str, expected: str
) -> None:
    """Written and spoken, in every language; an order number is no secret."""
    assert expected == redact(text, language, NAMES, before=before)


def test_a_number_over_several_turns_is_withheld_in_each() -> None:
    """Callers stop for breath, and bots say "go on"."""
    said = ["it's 4111 1111", "go on", "1111", "mhm", "1111 and that is all"]
    parties = [Party.CALLER, Party.BOT, Party.CALLER, Party.BOT, Party.CALLER]
    turns = [Said(party, text, 0.0) for party, text in zip(parties, said, strict=True)]
    hidden = find_in_turns(turns, "en")
    shown = [masked(turn.text, places, NAMES) for turn, places in zip(turns, hidden, strict=True)]
    assert ["it's <card>", "go on", "<card>", "mhm", "<card> and that is all"] == shown


def speak_digits(digits: str, chance: random.Random) -> str:
    return " ".join(WORDS[int(digit)] for digit in digits)


def written_in_fours(digits: str, chance: random.Random) -> str:
    separator = chance.choice(["", " ", "-", ", "])
    return separator.join(digits[place : place + 4] for place in range(0, len(digits), 4))


@pytest.mark.parametrize("shape", [speak_digits, written_in_fours])
def test_generated_cards_are_found(shape: Callable[[str, random.Random], str]) -> None:
    """At least 99 of 100, with words around them; here it is all of them."""
    chance = random.Random(11)
    missed = []
    for _ in range(500):
        text = f"so it is {shape(luhn_card(chance, chance.choice([13, 15, 16, 19])), chance)} okay"
        if "so it is <card> okay" != redact(text, "en", NAMES):
            missed.append(text)
    assert [] == missed


def test_generated_codes_and_addresses_are_found() -> None:
    """In answers to a bot that asks for them, whatever the language of the words around."""
    chance = random.Random(12)
    for _ in range(300):
        code = "".join(chance.choices("0123456789", k=chance.randrange(4, 9)))
        spoken = chance.choice([code, " ".join(code), speak_digits(code, chance)])
        assert "<code>" == redact(spoken, "en", NAMES, before="Tell me the verification code.")
        user = "".join(chance.choices("abcdefghij", k=5))
        mail = chance.choice([f"{user} at mail dot example dot com", f"{user}@example.com"])
        for language in sentence_languages():
            if language not in ("ja", "zh"):
                assert "<email>" == redact(mail, language, NAMES)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=120), st.sampled_from(sentence_languages()), st.text(max_size=40))
def test_any_text_is_read(text: str, language: str, before: str) -> None:
    """Places are in order, inside the text, and do not overlap."""
    places = find_secrets(text, language, before=before)
    edges = [edge for place in places for edge in (place.start, place.end)]
    assert sorted(edges) == edges
    assert all(0 <= place.start < place.end <= len(text) for place in places)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80), st.integers(0, 10**6), st.text(max_size=80))
def test_a_card_is_found_in_any_surroundings(lead: str, seed: int, tail: str) -> None:
    """Unless digits of the surroundings make it another number."""
    card = luhn_card(random.Random(seed))
    lead, tail = ("".join(c for c in part if not c.isdecimal()) for part in (lead, tail))
    assert card not in redact(f"{lead} {card} {tail}", "en", briefing_labels("en"))


def test_a_long_text_costs_little() -> None:
    """A caller who reads out numbers for minutes does not hold up the handoff."""
    text = "one two three at dot " * 400 + "4111 " * 400 + "a at " * 400
    began = time.perf_counter()
    find_secrets(text, "en")
    assert time.perf_counter() - began < 2.0
