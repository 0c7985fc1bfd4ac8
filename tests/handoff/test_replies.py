"""The human's answer is read as he means it, and never as a yes that he did not say."""

from __future__ import annotations

import os
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from importlib import resources

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from escalate.handoff.deciding import Reply
from escalate.handoff.reading import Answer
from escalate.handoff.replies import (
    hints,
    languages,
    read_reply,
    recogniser,
)
from tests.handoff.lists import FOLDER, MEASURING, held_out, lines_of, measuring

LISTS = sorted(FOLDER.glob("*.txt"))
HARDER = sorted((FOLDER / "harder").glob("*.txt"))
FRESH = sorted((FOLDER / "fresh").glob("*.txt"))
BLIND = sorted(file for file in (FOLDER / "blind").glob("*/*.txt") if file.parent not in MEASURING)
VARIED = sorted((FOLDER / "varied").glob("*/*.txt"))
PACKS = resources.files("escalate.handoff") / "data" / "replies"
TARGET = 0.99
MEANT = ("accept", "decline", "defer")
# What is read right of the half of the first blind round that was scored before it was read.
NEVER_SEEN = {"en": 0.98, "de": 0.97, "es": 0.975, "fr": 0.955, "other": 0.965}

# What is read right of lists that nothing was learned from (of lines that stand in no other one),
# and of the varied ones that weights are learned from, where oddly put answers are asked again.
UNLEARNED = {"en": 0.99, "de": 0.97, "es": 0.98, "fr": 0.97, "other": 0.985}
VARIED_BAR = 0.9
TAKEN_BAR = 0.008


def shown(answer: Answer) -> str:
    return "machine" if answer.machine else str(answer.reply)


def lines(group: str) -> Iterator[tuple[str, str, str, str]]:
    """Language, part, meaning and line of all lists in a language, or in "other" ones.

    Outside CI a third of all but our own lists is enough.
    """
    for file in (*LISTS, *HARDER, *FRESH, *BLIND):
        if group != (file.stem if file.stem in NEVER_SEEN else "other"):
            continue
        every = 1 if os.environ.get("CI") or file in LISTS else 3
        for meaning, line in list(lines_of(file))[::every]:
            if file in BLIND:
                part = "blind, never read" if held_out(file, line) else "blind, read"
            else:
                part = "held out" if held_out(file, line) else "looked at"
            yield file.stem, part, meaning, line


@pytest.mark.parametrize("group", NEVER_SEEN)
def test_ninety_nine_of_a_hundred_replies_are_read_right(group: str) -> None:
    """Of all meanings in our own lists, of accepts, declines and defers in the blind ones.

    And not one line in any of them that is no yes is read as one.
    """
    bars = {"held out": TARGET, "looked at": TARGET, "blind, read": TARGET}
    bars["blind, never read"] = NEVER_SEEN[group]
    wrong: dict[str, list[str]] = {part: [] for part in bars}
    taken_for_yes: list[str] = []
    counts: Counter[str] = Counter()
    for language, part, meaning, line in lines(group):
        answer = read_reply(speech=line, language=language)
        if meaning != "accept" and answer.reply is Reply.ACCEPT:
            taken_for_yes.append(f"{language}: {line!r} is {meaning}")
        got = str(answer.reply) if part.startswith("blind") else shown(answer)
        if meaning in MEANT or not part.startswith("blind"):
            counts[part] += 1
            if meaning != got:
                wrong[part].append(f"{language}: {line!r} is {meaning}, read as {got}")
    assert taken_for_yes == []
    for part, bar in bars.items():
        assert counts[part] >= 50
        assert len(wrong[part]) <= (1 - bar) * counts[part], "\n".join(wrong[part])


@pytest.mark.parametrize("group", NEVER_SEEN)
def test_ninety_nine_of_a_hundred_are_right_that_nothing_was_learned_from(group: str) -> None:
    """A list by people who had seen nothing of this, of which only new lines count."""
    among = [group] if group in languages() else sorted(set(languages()) - set(NEVER_SEEN))
    said = [(language, *line) for language in among for line in measuring(language)]
    read = [(meaning, read_reply(speech=line, language=one).reply) for one, meaning, line in said]
    decided = [(meaning, reply) for meaning, reply in read if meaning is not Reply.UNCLEAR]
    wrong = [line for line, (meaning, reply) in zip(said, read, strict=True) if meaning != reply]
    assert not any(reply is Reply.ACCEPT is not meaning for meaning, reply in read), wrong
    assert sum(meaning is reply for meaning, reply in decided) >= UNLEARNED[group] * len(decided)


@pytest.mark.parametrize("group", NEVER_SEEN)
def test_answers_of_all_kinds_of_people_are_read(group: str) -> None:
    """Most of them right, and hardly one that is no yes is a yes; weights learned from them."""
    among = [group] if group in languages() else sorted(set(languages()) - set(NEVER_SEEN))
    files = [file for file in VARIED if file.stem in among]
    said = [(file.stem, *line) for file in files for line in lines_of(file)][::18]
    read = [(one, str(read_reply(speech=line, language=lang).reply)) for lang, one, line in said]
    meant = [(meaning, reply) for meaning, reply in read if meaning in MEANT]
    taken = sum(reply == "accept" != meaning for meaning, reply in read)
    assert sum(meaning == reply for meaning, reply in meant) >= VARIED_BAR * len(meant)
    assert taken <= TAKEN_BAR * len(read)
    assert len(read) > 250


def test_every_language_has_its_list_and_all_meanings() -> None:
    """A pack nobody measures is a guess."""
    assert set(languages()) == {file.stem for file in LISTS}
    for file in LISTS:
        meanings = Counter(meaning for meaning, _ in lines_of(file))
        assert {"accept", "decline", "defer", "unclear", "machine"} == set(meanings)
        assert sum(meanings.values()) >= 80


@pytest.mark.parametrize("language", languages())
def test_a_pack_holds_nothing_that_has_no_effect(language: str) -> None:
    """Every macro is used, and no pattern stands twice."""
    pack = tomllib.loads((PACKS / f"{language}.toml").read_text(encoding="utf-8"))
    kinds = [kind for part in ("patterns", "general") for kind in pack.get(part, {}).values()]
    patterns = Counter(pattern for kind in kinds for pattern in kind)
    assert [] == [pattern for pattern, times in patterns.items() if times > 1]
    written = " ".join([*patterns, *pack.get("macros", {}).values(), *pack.get("times", {})])
    assert [] == [name for name in pack.get("macros", {}) if f"{{{name}}}" not in written]


@pytest.mark.parametrize(
    ("speech", "expected"),
    [
        ("yes but not now", Reply.DEFER),
        ("no problem, put them through", Reply.ACCEPT),
        ("I can't right now", Reply.DECLINE),
        ("give me ten minutes", Reply.DEFER),
        ("who is this?", Reply.UNCLEAR),
        ("I'm busy, but put them through", Reply.ACCEPT),
        ("don't put them through", Reply.DECLINE),
        ("put them through to voicemail", Reply.DECLINE),
        ("should I press one?", Reply.UNCLEAR),
        ("what is it about, just put them through", Reply.ACCEPT),
        ("that is where accounting comes in", Reply.UNCLEAR),
        ("put them through no actually don't", Reply.DECLINE),
        ("go ahead no wait don't please", Reply.DECLINE),
        ("well do not connect the call", Reply.DECLINE),
        ("I have no idea what this is but sure", Reply.ACCEPT),
        ("I'm up a ladder", Reply.DECLINE),
        ("no, you're not disturbing me, put her through", Reply.ACCEPT),
        ("don't make her wait, connect us", Reply.ACCEPT),
        ("yes I hear you, but I can't", Reply.DECLINE),
        ("yes, just not now", Reply.DEFER),
        ("no, okay?", Reply.DECLINE),
        ("put her through, okay?", Reply.ACCEPT),
        ("my answer is no okay", Reply.DECLINE),
        ("hold on I'm on another call", Reply.DEFER),
        ("oh yes she called yesterday", Reply.UNCLEAR),
        ("please put them on hold", Reply.DEFER),
        ("her file was on the desk of a colleague all along, put her through", Reply.ACCEPT),
        ("yes but", Reply.UNCLEAR),
        ("yes but the plumber is here", Reply.UNCLEAR),
        ("yes but make it quick", Reply.ACCEPT),
        ("yes but sorry", Reply.UNCLEAR),
        ("", Reply.UNCLEAR),
        ("\u00ad\u200b ... !", Reply.UNCLEAR),
    ],
)
def test_negation_and_hedges_are_understood(speech: str, expected: Reply) -> None:
    """A yes inside a no is no yes, and the other way round."""
    assert expected is read_reply(speech=speech).reply


@pytest.mark.parametrize(
    ("speech", "language"),
    [
        ("no puedo atender la llamada en este momento", "es"),
        ("lamentablemente no puedo atender", "es"),
        ("no estoy ocupado", "es"),
        ("não posso atender a ligação neste momento", "pt"),
        ("non posso prendere la chiamata", "it"),
        ("I don't want them put through", "en"),
        ("you don't have to connect me", "en"),
        ("dudo que pueda atender", "es"),
        ("nikt nie może odebrać", "pl"),
        ("saya tidak mau disambungkan", "id"),
        ("没人能接", "zh"),
        ("lo siento no lo pase", "es"),
        ("desgraciadamente no me encuentro disponible", "es"),
        ("nie mogę odebrać", "pl"),
        ("przepraszam nie mogę", "pl"),
        ("przykro mi nie łącz", "pl"),
        ("no nie nie odbieram", "pl"),
        ("maaf jangan sambungkan", "id"),
        ("tidak tidak terima kasih", "id"),
        ("ich kann den Anruf nicht annehmen", "de"),
        ("ich nehme den Anruf nicht an", "de"),
        ("ich kann heute keine Anrufe mehr annehmen", "de"),
        ("i kann heit ned rangehen", "de"),
        ("stellen Sie sie ja nicht durch, danke", "de"),
        ("das geht aber nicht, tut mir leid", "de"),
        ("je ne le prends pas", "fr"),
        ("मैं कॉल नहीं लूँगा", "hi"),
        ("出られません", "ja"),
        ("我不能接", "zh"),
        ("لا أستطيع أخذ المكالمة", "ar"),
    ],
)
def test_a_negated_verb_is_no_yes(speech: str, language: str) -> None:
    """Wherever a language puts its "not", and although its word for it may also mean "no"."""
    assert Reply.DECLINE is read_reply(speech=speech, language=language).reply


@pytest.mark.parametrize(
    ("speech", "language"),
    [
        ("I am at home", "en"),
        ("Anna has got it", "en"),
        ("my colleague would be happy to take it", "en"),
        ("Anna is free, put her through", "en"),
        ("Susan does that, so please send her there", "en"),
        ("my colleague was waiting for her call", "en"),
        ("Mike is ready", "en"),
        ("Sarah kann das übernehmen", "de"),
        ("die Anna hat sicher Zeit", "de"),
        ("die Anna spricht gern mit ihr", "de"),
        ("die Anna ist frei, Sie können durchstellen", "de"),
        ("Anna wollte mit ihr sprechen", "de"),
        ("kann das jemand anders übernehmen", "de"),
        ("Luis está disponible", "es"),
        ("con Ana está bien", "es"),
        ("puede Sara atender la llamada", "es"),
        ("Jean peut le prendre", "fr"),
        ("Marco può rispondere", "it"),
        ("con Anna va bene", "it"),
        ("a Sara pode atender", "pt"),
        ("Tomek może odebrać", "pl"),
        ("proszę to dać kasi z biura", "pl"),
        ("Ayşe müsait", "tr"),
        ("mehmet bey e aktarın", "tr"),  # noqa: RUF001
        ("rekan saya bisa ambil", "id"),
        ("田中さんが対応できます", "ja"),
        ("同事可以接", "zh"),
        ("سارة تستطيع أخذ المكالمة", "ar"),
    ],
)
def test_a_yes_of_somebody_else_is_no_yes(speech: str, language: str) -> None:
    """A caller goes to who says that he takes him, and to nobody he names."""
    assert Reply.ACCEPT is not read_reply(speech=speech, language=language).reply


@pytest.mark.parametrize(
    ("speech", "language"),
    [
        ("normally yes", "en"),
        ("in theory I could take it", "en"),
        ("put me through to your boss", "en"),
        ("I'll take the next one", "en"),
        ("put her on the callback list", "en"),
        ("normalerweise ja", "de"),
        ("Montag passt es mir gut", "de"),
        ("normalmente sí", "es"),
        ("póngame con su jefe", "es"),
        ("normalement oui", "fr"),
        ("passez-moi votre chef", "fr"),
        ("in teoria sì", "it"),
        ("mi passi il suo capo", "it"),
        ("em princípio sim", "pt"),
        ("normaal gesproken ja", "nl"),
        ("teoretycznie tak", "pl"),
    ],
)
def test_a_yes_in_general_or_to_something_else_is_no_yes(speech: str, language: str) -> None:
    """To his habits, to another day, to the list, to whoever is above the bot."""
    assert Reply.ACCEPT is not read_reply(speech=speech, language=language).reply


@pytest.mark.parametrize("speech", ["put her through. No.", "sure, but two", "yes, but me first"])
def test_a_yes_and_then_something_else_is_no_yes(speech: str) -> None:
    """It is a no, or nobody knows."""
    assert Reply.ACCEPT is not read_reply(speech=speech).reply


@pytest.mark.parametrize(("speech", "expected"), [("Yes?", Reply.UNCLEAR), ("Yes.", Reply.ACCEPT)])
def test_a_yes_with_a_question_mark_is_a_greeting(speech: str, expected: Reply) -> None:
    """It is how people answer the phone."""
    assert expected is read_reply(speech=speech).reply


@pytest.mark.parametrize(
    ("speech", "language", "expected"),
    [
        ("give me ten minutes", "en", 600.0),
        ("call me back in 2 hours", "en", 7200.0),
        ("half an hour", "en", 1800.0),
        ("one moment", "en", 15.0),
        ("later", "en", None),
        ("dame cinco minutos", "es", 300.0),
        ("in einer halben Stunde", "de", 1800.0),
        ("dans dix minutes", "fr", 600.0),
        ("10分待ってください", "ja", 600.0),
        ("给我十分钟", "zh", 600.0),
        ("दस मिनट दीजिए", "hi", 600.0),
        ("أعطني عشر دقائق", "ar", 600.0),
    ],
)
def test_a_defer_says_how_long(speech: str, language: str, expected: float | None) -> None:
    """In seconds, where a time was named."""
    answer = read_reply(speech=speech, language=language)
    assert (Reply.DEFER, expected) == (answer.reply, answer.after_s)


def test_a_recording_is_a_decline_that_is_known_as_such() -> None:
    """A caller never gets to a voicemail."""
    answer = read_reply(speech="Please leave a message after the tone.")
    assert Answer(Reply.DECLINE, machine=True, words=answer.words) == answer


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("1", Reply.ACCEPT),
        ("2", Reply.DECLINE),
        ("3", Reply.DEFER),
        ("1#", Reply.ACCEPT),
        ("11", Reply.ACCEPT),
        ("12", Reply.UNCLEAR),
        ("9", Reply.UNCLEAR),
        ("*", Reply.UNCLEAR),
    ],
)
def test_keys_count_more_than_words(digits: str, expected: Reply) -> None:
    """He may press one while somebody beside him says no."""
    assert expected is read_reply(digits=digits, speech="no").reply


@pytest.mark.parametrize(
    ("language", "taken", "refused", "later"),
    [
        ("de", "ähm eins", "zwei bitte", "die drei"),
        ("en", "uh one", "um, two please", "number three"),
        ("es", "eh uno", "el dos, gracias", "tres por favor"),
        ("fr", "un s'il vous plaît", "euh deux", "touche trois"),
        ("it", "eh, uno", "due grazie", "premo il tre"),
        ("nl", "nummer een", "eh twee", "drie graag"),
        ("pt", "um por favor", "hum, dois", "aperto o três"),
    ],
)
def test_a_key_may_be_spoken(language: str, taken: str, refused: str, later: str) -> None:
    """He is told the keys, and says one of them, seldom all by itself."""
    said = [read_reply(speech=one, language=language).reply for one in (taken, refused, later)]
    assert [Reply.ACCEPT, Reply.DECLINE, Reply.DEFER] == said


def test_what_the_language_does_not_know_is_read_as_english() -> None:
    """Many people answer in English; one word of it by chance, such as "ya", is no English."""
    assert Reply.ACCEPT is read_reply(speech="go ahead", language="de-AT").reply
    assert Reply.DECLINE is read_reply(speech="no thanks", language="sw").reply
    assert Reply.ACCEPT is read_reply(speech="好的", language="cmn-CN").reply
    assert Reply.UNCLEAR is read_reply(speech="ayer ya vino", language="es").reply


def test_the_carriers_recogniser_is_told_language_and_phrases() -> None:
    """A tag with a region is the user's choice; hints fit Plivo's GetInput page."""
    assert "es-ES" == recogniser("es")
    assert "es-MX" == recogniser("es-MX")
    for language in languages():
        assert 0 < len(hints(language)) <= 500
        assert all(len(hint) <= 100 and "," not in hint for hint in hints(language))


@pytest.mark.parametrize("again", [1, 14, 40])
def test_of_an_answer_that_is_too_long_nothing_is_a_yes(again: int) -> None:
    """What would have followed may be a no."""
    cut = again > 1
    assert cut is (read_reply(speech="yes " * 79 * again).reply is not Reply.ACCEPT)
    beside = "yes put her through to me please zorble " * again
    assert cut is (read_reply(speech=beside).reply is not Reply.ACCEPT)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200), st.sampled_from(languages()))
@example("\ud83d\ude00 half of a smile", "en")
@example("give me " + "9" * 400 + " minutes", "en")
def test_any_text_has_an_answer(speech: str, language: str) -> None:
    """Nothing that a recogniser writes can break the handoff."""
    assert isinstance(read_reply(speech=speech, language=language).reply, Reply)


@pytest.mark.parametrize(
    ("speech", "language"),
    [
        ("páselos por favor la semana que viene", "es"),
        ("oui passez-le sur mon poste la semaine prochaine", "fr"),
        ("qu'il me parle demain, je suis là", "fr"),
    ],
)
def test_a_yes_that_says_when_is_a_defer(speech: str, language: str) -> None:
    """Although the words that say when could be the object of the yes."""
    assert Reply.DEFER is read_reply(speech=speech, language=language).reply


@pytest.mark.parametrize("language", languages())
def test_a_long_monologue_costs_little(language: str) -> None:
    """Only the first words are read, and no pattern is explosive on repeats."""
    file = next(file for file in LISTS if file.stem == language)
    words = " ".join(line for _, line in lines_of(file))
    read_reply(speech=words, language=language)
    began = time.perf_counter()
    for speech in (words, "yes " * 2000, "one " * 2000, words[::-1]):
        read_reply(speech=speech, language=language)
    assert time.perf_counter() - began < 2.0
