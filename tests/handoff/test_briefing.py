"""The human hears in ten seconds what the caller said, and nothing that nobody said."""

# ruff: noqa: RUF001 - callers speak Chinese.

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalate.detect.signals import Evidence
from escalate.handoff.briefing import Briefing, brief, seconds_of
from escalate.handoff.finding import Quote
from escalate.handoff.redaction import find_in_turns, masked
from escalate.handoff.sentences import briefing_labels, sentence_languages
from escalate.values import Party, Said, Trigger

REQUEST = (Evidence("asked", "talk to a human", (0, 15), "talk to a human"),)


def talk(*lines: str) -> list[Said]:
    """Turns from "c: ..." for the caller and "b: ..." for the bot."""
    parties = {"c": Party.CALLER, "b": Party.BOT}
    return [Said(parties[line[0]], line[3:], float(n)) for n, line in enumerate(lines)]


LAMP = talk(
    "b: Hello, this is the shop, how can I help?",
    "c: Hi, my name is John Smith, I ordered a lamp and it still hasn't arrived.",
    "b: What is your order number?",
    "c: It's 48 15 16 23.",
    "b: I have sent you a new tracking link.",
    "c: I already checked that link twice. This is ridiculous.",
    "c: My card is 4111 1111 1111 1111 and my mail is john at example dot com.",
    "c: I want to talk to a human.",
)
LAMENTS = {
    "es": talk(
        "c: Hola, me llamo Ana García, quiero cancelar mi contrato porque no funciona internet.",
        "c: mi número de contrato es 998877",
        "c: ya he llamado tres veces, estoy harta",
    ),
    "de": talk(
        "c: Guten Tag, mein Name ist Peter Müller, meine Waschmaschine ist kaputt.",
        "c: Kundennummer 5566",
        "c: Ich habe schon dreimal angerufen. Das ist eine Frechheit!",
    ),
    "fr": talk(
        "c: Bonjour, je m'appelle Marie Dupont, je voudrais un remboursement.",
        "c: numéro de commande 7788",
        "c: j'ai déjà appelé deux fois, c'est inadmissible",
    ),
    "pt": talk(
        "c: Oi, meu nome é João Silva, quero cancelar meu pedido.",
        "c: número do pedido é 4455",
        "c: já liguei três vezes, isso é um absurdo",
    ),
    "it": talk(
        "c: Buongiorno, mi chiamo Anna Rossi, vorrei un rimborso per il mio ordine.",
        "c: numero d'ordine 3344",
        "c: ho già chiamato due volte, è una vergogna",
    ),
    "nl": talk(
        "c: Goedemorgen, mijn naam is Jan Smit, ik wil mijn bestelling annuleren.",
        "c: ordernummer 2233",
        "c: ik heb al twee keer gebeld, dit is belachelijk",
    ),
    "ja": talk(
        "c: 田中と申します。注文した商品が届いていません。",
        "c: 注文番号は1234です",
        "c: ひどいです",
    ),
    "zh": talk(
        "c: 你好，我叫王伟。我的订单还没有收到，我想退款。", "c: 订单号是2024", "c: 太过分了"
    ),
}


def test_the_briefing_says_who_wants_what() -> None:
    """Name, request and number are spoken; the rest where there is time."""
    found = brief(LAMP, Trigger.ASKED, evidence=REQUEST)
    assert (
        "Name: John Smith. Request: I ordered a lamp and it still hasn't arrived. "
        "Details: 48 15 16 23." == found.spoken
    )
    assert found.seconds <= 10.0


def test_the_twin_holds_all_that_was_found() -> None:
    """Also what there was no time to say; with where it was said."""
    twin = json.loads(json.dumps(brief(LAMP, Trigger.ASKED, evidence=REQUEST).as_json()))
    assert "I already checked that link twice" == twin["tried"][0]["text"]
    assert "asked" == twin["trigger"]
    where = twin["mood"]
    assert "This is ridiculous" == LAMP[where["turn"]].text[where["start"] : where["end"]]


def test_what_is_withheld_is_in_no_part() -> None:
    """Neither spoken nor written."""
    shown = json.dumps(brief(LAMP, Trigger.ASKED).as_json())
    assert "4111" not in shown
    assert "john at" not in shown


@pytest.mark.parametrize("language", LAMENTS)
def test_other_languages_are_briefed_as_well(language: str) -> None:
    """Who, what for, which and in what mood, in the words of the caller."""
    found = brief(LAMENTS[language], Trigger.FRUSTRATED, language=language)
    assert language == found.language
    assert None not in (found.who, found.wants, found.mood)
    assert 1 == len(found.identifiers)
    assert found.spoken.startswith(briefing_labels(language)["who"].partition("{}")[0])
    assert 0 < found.seconds <= 10.0


def test_a_caller_who_said_no_more_is_quoted_with_that() -> None:
    """The request itself is all there is; with no words at all nothing is said."""
    asked = brief(talk("c: hi i want to talk to a human"), Trigger.ASKED, evidence=REQUEST)
    assert "Request: i want to talk to a human." == asked.spoken
    assert "" == brief([], Trigger.SILENCE).spoken
    assert "" == brief(talk("b: Hello?"), Trigger.SILENCE).spoken


def test_what_the_bot_did_stands_in_for_what_the_caller_tried() -> None:
    """So that the human does not propose it again."""
    found = brief(talk("b: I have reset your router.", "c: it is still broken"), Trigger.ASKED)
    assert ["I have reset your router"] == [quote.text for quote in found.tried]


def test_a_long_story_is_cut_to_the_time() -> None:
    """Three seconds hold less than ten, and still what the caller wants."""
    story = talk("c: I want a refund for the tickets that I bought for my whole family in May")
    ten, three = (brief(story, Trigger.ASKED, limit_s=limit) for limit in (10.0, 3.0))
    assert three.seconds <= 3.0
    assert three.spoken.startswith("Request: I want a refund")
    assert len(three.spoken) < len(ten.spoken)


def test_numbers_take_longer_than_words() -> None:
    """They are read digit by digit."""
    assert seconds_of("12345678", "en") > seconds_of("hello there", "en")
    assert seconds_of("订单还没有收到", "zh") > 1.0


def quotes_of(found: Briefing) -> list[Quote]:
    singles = [quote for quote in (found.who, found.wants, found.mood) if quote is not None]
    return [*singles, *found.tried, *found.identifiers]


phrases = st.sampled_from(
    [
        *(turn.text for lament in LAMENTS.values() for turn in lament),
        *(turn.text for turn in LAMP),
        "my password is swordfish",
        "one two three four five six",
        "",
    ]
)
turns = st.lists(
    st.builds(
        Said,
        party=st.sampled_from(Party),
        text=st.lists(phrases | st.text(max_size=30), max_size=4).map(" ".join),
        at=st.just(0.0),
    ),
    max_size=8,
)


@pytest.mark.parametrize("behind", ["", " ", ", ", " - "])
def test_a_password_at_the_end_is_withheld_whatever_stands_behind_it(behind: str) -> None:
    """A recogniser may leave a blank there."""
    said = [
        Said(Party.CALLER, f"my order number is 998877 and my password is swordfish{behind}", 0.0)
    ]
    found = brief(said, Trigger.ASKED, language="en", evidence=REQUEST)
    assert "998877" in found.spoken
    assert "swordfish" not in found.spoken + json.dumps(found.as_json())


@settings(max_examples=150, deadline=None)
@given(turns, st.sampled_from(sentence_languages()), st.floats(0.5, 20.0))
def test_nothing_is_said_that_no_turn_contains(
    said: list[Said], language: str, limit_s: float
) -> None:
    """Each part is a stretch of one turn, and between the parts stand fixed words alone."""
    found = brief(said, Trigger.ASKED, language=language, evidence=REQUEST, limit_s=limit_s)
    assert found.seconds <= limit_s
    hidden, names = find_in_turns(said, language), briefing_labels(language)
    whole = [masked(turn.text, places, names) for turn, places in zip(said, hidden, strict=True)]
    for quote in quotes_of(found):
        assert quote.text in whole[quote.turn]
        for place in hidden[quote.turn]:
            cut = place.start < quote.start < place.end or place.start < quote.end < place.end
            assert not cut, "a quote ends inside of what is withheld"
    rest = found.spoken
    for label in ("who", "wants", "identifiers", "tried", "mood"):
        head, _, tail = names[label].partition("{}")
        start = rest.find(head)
        if start >= 0 and rest.startswith(head):
            end = _end_of(rest, tail, head, whole)
            assert end is not None, f"{label} is no quote: {rest!r}"
            rest = rest[end:].lstrip()
    assert "" == rest


def _end_of(rest: str, tail: str, head: str, whole: list[str]) -> int | None:
    """Where the part at the beginning of `rest` ends, if quotes fill it."""
    ends = [n for n in range(len(head), len(rest) + 1) if rest.startswith(tail, n)]
    for end in reversed(ends):
        parts = rest[len(head) : end].split(", ")
        joined = [", ".join(parts[:n]) for n in range(1, len(parts) + 1)]
        if any(
            any(first in text for text in whole)
            and all(any(part in text for text in whole) for part in parts[n:])
            for n, first in enumerate(joined, start=1)
        ):
            return end + len(tail)
    return None


def test_a_briefing_in_a_language_without_data_is_english() -> None:
    """Nobody is left without one."""
    assert "en" == brief(LAMP, Trigger.ASKED, language="sw").language


def test_words_of_the_caller_stay_out_of_the_repr() -> None:
    """A briefing may be logged by mistake."""
    assert "lamp" not in repr(brief(LAMP, Trigger.ASKED))
