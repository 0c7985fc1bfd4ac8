"""Turns what a recogniser hands over into folded words, and words back into places in the text.

Folding makes spellings equal that a caller cannot tell apart: case, accents, apostrophes, width,
Arabic vowel marks and hamza seats, direction marks. It works on one character at a time, so its
cost grows with the length of the text and with nothing else.
"""

# ruff: noqa: RUF001 - folding look-alike characters is what this file is for.
from __future__ import annotations

import re
import unicodedata
from typing import Final

_SINGLE: Final = {
    "ß": "ss", "ẞ": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th",
    "ł": "l", "ı": "i", "ŋ": "n",
    "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ة": "ه", "ؤ": "و", "ئ": "ي", "ـ": "",
    "\u0901": "\u0902", "\u093c": "",  # candrabindu as anusvara; no nukta
    "'": "", "’": "", "‘": "", "ʼ": "", "`": "", "´": "",
}  # fmt: skip

_DROPPED: Final = (
    range(0x0300, 0x0370),  # combining accents
    range(0x064B, 0x0653),  # Arabic vowel marks
    range(0x200B, 0x2010),  # zero width and direction marks
    range(0x202A, 0x202F),
    range(0x2060, 0x2070),
    range(0xFEFF, 0xFF00),
)

_DECOMPOSED: Final = (
    range(0x00C0, 0x0250),  # Latin with accents
    range(0x1E00, 0x1F00),
    range(0xFB00, 0xFB07),  # ligatures
    range(0xFB50, 0xFE00),  # Arabic presentation forms
    range(0xFE70, 0xFEFD),
    range(0xFF01, 0xFF5F),  # full width
)


def _folding() -> dict[int, str]:
    table: dict[int, str] = {}
    for block in _DECOMPOSED:
        for code in block:
            parts = unicodedata.normalize("NFKD", chr(code))
            table[code] = "".join(p for p in parts if not unicodedata.combining(p)).lower()
    for block in _DROPPED:
        table.update(dict.fromkeys(block, ""))
    table.update({ord(character): folded for character, folded in _SINGLE.items()})
    return table


_FOLDING: Final = _folding()
_SEPARATORS: Final = (
    r"\s\x00-\x26\x28-\x2f\x3a-\x40\x5b-\x5f\x7b-\x9f"
    "¡¢£¤¥¦§¨©«¬®¯°±¶·¸»¿÷×‐-‘‚-‟•…‰‹›、-】！-／：-＠［-｀｛-･।॥؟،؛۔"
)
# "No, I want ..." is not "no I want ..." where the word for no also negates: a pause after such a
# word is a word of its own.
PAUSES: Final = ",.;:!?…，。！？،؟।"
_NO: Final = ("no", "não", "nao", "nie", "tidak", "nahi", "नहीं", "لا", "不", "不是")
_PAUSE: Final = "|".join(rf"(?<=\b{no})[{PAUSES}]" for no in _NO)
_PAUSED: Final = re.compile(r"\b(?:no|nao|nie|tidak|nahi)[,.;:!?]")
_MARKS: Final = ",.;:!?"
_ASCII_WORD: Final = re.compile("[a-z0-9]+")
_ASCII_SPAN: Final = re.compile("['`]*[A-Za-z0-9][A-Za-z0-9'`]*")
_ASCII_WORD_OR_PAUSE: Final = re.compile(f"[a-z0-9]+|{_PAUSE}")
# Han and kana are written without blanks: each character is a word, packs join them again.
_UNSPACED: Final = "\u3041-\u3096\u30a1-\u30ff\u3400-\u9fff"
_WORD: Final = re.compile(f"[{_UNSPACED}]|[^{_SEPARATORS}{_UNSPACED}]+|{_PAUSE}", re.IGNORECASE)


def fold(text: str) -> str:
    """Return `text` in the one spelling that packs, phrases and turns are compared in."""
    text = text.lower()
    if text.isascii():
        return text.replace("'", "").replace("`", "")
    return text.translate(_FOLDING)


def words_of(text: str) -> list[str]:
    """Return the folded words of `text`. Han and kana characters are a word each."""
    folded = fold(text)
    if not folded.isascii():
        return _WORD.findall(folded)
    # The common case first: looking for pauses doubles the time.
    if any(map(folded.__contains__, _MARKS)) and _PAUSED.search(folded):
        return _ASCII_WORD_OR_PAUSE.findall(folded)
    return _ASCII_WORD.findall(folded)


def spans_of(text: str) -> list[tuple[int, int]]:
    """Return where each word of `words_of(text)` stands in `text`, in characters."""
    if text.isascii() and not any(map(text.__contains__, _MARKS)):
        return [m.span() for m in _ASCII_SPAN.finditer(text)]
    return [m.span() for m in _WORD.finditer(text) if m[0] in PAUSES or words_of(m[0])]
