"""Words of greeting and thanks around an answer do not turn it into a yes."""

from __future__ import annotations

from itertools import cycle

import pytest

from escalate.handoff.deciding import Reply
from escalate.handoff.replies import read_reply
from tests.handoff.lists import FOLDER, lines_of

# What may stand before and behind any answer.
AROUND = {
    "ar": (("الو، ", "السلام عليكم، ", "آسف، "), (" من فضلك", "، شكرا")),
    "de": (("hallo, ", "äh, ", "tut mir leid, "), (" bitte", ", danke")),
    "en": (("hello, ", "um, ", "sorry, "), (" please", ", thank you")),
    "es": (("buenos días, ", "eh, ", "lo siento, "), (" por favor", ", gracias")),
    "fr": (("bonjour, ", "euh, ", "désolé, "), (" s'il vous plaît", ", merci")),
    "hi": (("नमस्ते, ", "देखिए ", "माफ़ कीजिए, "), (" जी", ", धन्यवाद")),
    "id": (("halo, ", "eh, ", "maaf, "), (" ya", ", terima kasih")),
    "it": (("buongiorno, ", "eh, ", "mi dispiace, "), (" per favore", ", grazie")),
    "ja": (("もしもし、", "えっと、", "すみません、"), ("ね", "、ありがとうございます")),
    "nl": (("hallo, ", "nou ", "sorry, "), (" hoor", ", dank u")),
    "pl": (("dzień dobry, ", "no ", "przepraszam, "), (" proszę", ", dziękuję")),
    "pt": (("bom dia, ", "eh, ", "desculpe, "), (" por favor", ", obrigado")),
    "tr": (("merhaba, ", "şey, ", "üzgünüm, "), (" efendim", ", teşekkürler")),
    "zh": (("喂、", "嗯、", "不好意思、"), ("吧", "、谢谢")),
}


def refusals(language: str) -> list[str]:
    """A third of the declines and defers that were written blind in later rounds."""
    return [
        line.rstrip(".。!")
        for file in sorted(FOLDER.glob(f"blind/1[3-9]/{language}.txt"))
        for meaning, line in lines_of(file)
        if meaning in ("decline", "defer")
    ][::3]


@pytest.mark.parametrize("language", AROUND)
def test_politeness_makes_no_yes_of_a_refusal(language: str) -> None:
    """A "please" is a yes in some languages, and a particle behind anything in others."""
    before, after = map(cycle, AROUND[language])
    lines = refusals(language)
    spoken = [f"{next(before)}{line}" for line in lines]
    spoken += [f"{line}{word}" for line in lines if not line.endswith(word := next(after))]
    taken = [
        text for text in spoken if read_reply(speech=text, language=language).reply is Reply.ACCEPT
    ]
    assert taken == []
    assert len(lines) >= 30


# "No thanks", and what people say behind it that is a yes elsewhere.
NO_THANKS = {
    "ar": "لا شكرا، تمام",
    "de": "nein danke, passt schon",
    "en": "no thanks, that's fine",
    "es": "no gracias, está bien",
    "fr": "non merci, ça va",
    "hi": "नहीं धन्यवाद, ठीक है",
    "id": "tidak terima kasih, oke",
    "it": "no grazie, va bene così",
    "ja": "いえ結構です、大丈夫です",
    "nl": "nee bedankt, prima",
    "pl": "nie dziękuję, dobrze",
    "pt": "não obrigado, tá tranquilo",
    "tr": "hayır teşekkürler, tamam",  # noqa: RUF001
    "zh": "不用了谢谢，好的",  # noqa: RUF001
}


def test_a_no_thanks_stays_a_no() -> None:
    """Whatever friendly word follows."""
    heard = {one: read_reply(speech=said, language=one).reply for one, said in NO_THANKS.items()}
    assert heard == dict.fromkeys(NO_THANKS, Reply.DECLINE)
