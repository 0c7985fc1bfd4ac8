"""Which voice speaks which language. A pair that Plivo lacks invalidates the document (8011)."""

from __future__ import annotations

from typing import Final

_BOTH: Final = (
    *("nl-NL", "en-AU", "en-GB", "en-US", "fr-FR", "de-DE", "it-IT", "pl-PL"),
    *("pt-BR", "es-ES", "es-US"),
)

# Plivo "Speak" XML page.
_BASIC: Final = {
    "WOMAN": (*_BOTH, "da-DK", "fr-CA", "ru-RU", "sv-SE"),
    "MAN": (*_BOTH, "pt-PT"),
}

# The standard voices of Amazon Polly, which Plivo speaks with as "Polly.<Name>". A voice has one
# language, Aditi has two.
_POLLY: Final = {
    "arb": "Zeina",
    "cmn-CN": "Zhiyu",
    "cy-GB": "Gwyneth",
    "da-DK": "Mads Naja",
    "de-DE": "Hans Marlene Vicki",
    "en-AU": "Nicole Russell",
    "en-GB": "Amy Brian Emma",
    "en-GB-WLS": "Geraint",
    "en-IN": "Aditi Raveena",
    "en-US": "Ivy Joanna Joey Justin Kendra Kimberly Matthew Salli",
    "es-ES": "Conchita Enrique Lucia",
    "es-MX": "Mia",
    "es-US": "Lupe Miguel Penelope",
    "fr-CA": "Chantal",
    "fr-FR": "Celine Lea Mathieu",
    "hi-IN": "Aditi",
    "is-IS": "Dora Karl",
    "it-IT": "Bianca Carla Giorgio",
    "ja-JP": "Mizuki Takumi",
    "ko-KR": "Seoyeon",
    "nb-NO": "Liv",
    "nl-NL": "Lotte Ruben",
    "pl-PL": "Ewa Jacek Jan Maja",
    "pt-BR": "Camila Ricardo Vitoria",
    "pt-PT": "Cristiano Ines",
    "ro-RO": "Carmen",
    "ru-RU": "Maxim Tatyana",
    "sv-SE": "Astrid",
    "tr-TR": "Filiz",
}


def _voices() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = dict(_BASIC)
    for language, names in _POLLY.items():
        for name in names.split():
            voice = f"Polly.{name}"
            table[voice] = (*table.get(voice, ()), language)
    return table


LANGUAGES: Final = _voices()
"""The languages of each voice; the first is the one a voice speaks unless told otherwise."""


def check_pair(voice: str, language: str) -> None:
    """Accept a voice and a language that go together.

    Raises:
        ValueError: They do not; the message names what would.
    """
    if voice not in LANGUAGES:
        raise ValueError(
            f"no voice {voice[:40]!a}: use WOMAN, MAN or a Polly voice such as Polly.Joanna"
        )
    if language in LANGUAGES[voice]:
        return
    others = sorted(name for name, spoken in LANGUAGES.items() if language in spoken)
    fix = f"use {', '.join(others)}" if others else "play a recording with Play instead"
    raise ValueError(f"voice {voice} does not speak {language[:20]!a}: {fix}")
