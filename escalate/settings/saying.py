"""What is said, and with which voice: the `[say]` table of the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Self

from pydantic import ConfigDict, StringConstraints, model_validator

from escalate.handoff.languages import base_of
from escalate.handoff.sentences import (
    BOT_LINES,
    Line,
    Sentences,
    Spoken,
    sentence_languages,
)
from escalate.plivo.xml.voices import LANGUAGES, check_pair
from escalate.settings.destination import Section
from escalate.values import Reason

Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=600)]

_VOICE: Final = "voice"
# The bot speaks whatever language it talks with the caller.
_BOT_VOICES: Final = {"bot": sentence_languages()}


class Say(Section):
    """What is said at each step, in the language of whoever hears it.

    `language` is spoken where the caller's is not known, and to humans whose destination names
    none. Sentences exist in every language of `escalate.handoff`; those given here replace them:
    `goodbye = "..."` in `language`, the same under `[say.de]` in German. What the carrier says may
    be a recording, "https://...". `voice` is taken wherever it speaks the language.
    """

    model_config = ConfigDict(extra="allow")

    __pydantic_extra__: dict[str, Sentence | dict[str, Sentence]]

    language: str = "en-US"
    voice: str | None = None

    @model_validator(mode="after")
    def _can_be_said(self) -> Self:
        for tag, sentences in self._own().items():
            if base_of(tag) not in sentence_languages():
                raise ValueError(
                    f"there is neither a sentence nor a language {tag[:40]!a}; sentences: "
                    f"{', '.join(Line)}; languages: {', '.join(sentence_languages())}"
                )
            _check_voice(sentences.get(_VOICE), tag)
        _check_voice(self.voice, self.language)
        self._sentences(self.language)
        return self

    def text(
        self,
        line: Line,
        *,
        language: str | None = None,
        reason: Reason | None = None,
    ) -> str:
        """Return what the bot says at `line`, one of `BOT_LINES`, to who speaks `language`."""
        assert line in BOT_LINES
        return self._sentences(language, bot=True).say(line, reason=reason).text

    def spoken(
        self,
        line: Line,
        *,
        language: str | None = None,
        reason: Reason | None = None,
        slots: Mapping[str, str] | None = None,
    ) -> Spoken:
        """Return what the carrier says at `line` to who speaks `language`, and its voice."""
        return self._sentences(language).say(line, reason=reason, slots=slots or {})

    def in_voice(self, text: str, language: str) -> Spoken | None:
        """Return words in `language` with a voice that speaks it; None where there is none."""
        sentences = self._sentences(language)
        same = sentences.language == base_of(language)
        return Spoken(text, sentences.voice) if text and same else None

    def language_for(self, language: str | None) -> str:
        """Return the language in which the carrier speaks to who speaks `language`."""
        return self._sentences(language).language

    def _sentences(self, language: str | None, *, bot: bool = False) -> Sentences:
        asked = language or self.language
        if asked == base_of(self.language):
            # A recogniser that knows no regions means the one that is configured.
            asked = self.language
        own = self._own()
        voices = (own.get(tag, {}).get(_VOICE) for tag in (asked, base_of(asked)))
        return Sentences(
            asked,
            voices=_BOT_VOICES if bot else LANGUAGES,
            wanted=[voice for voice in (*voices, self.voice) if voice is not None],
            fallback=self.language,
            own={tag: _without_voice(sentences) for tag, sentences in own.items()},
        )

    def _own(self) -> dict[str, dict[str, str]]:
        """Return the user's own sentences by language; those without one are in `language`."""
        given: dict[str, Any] = self.__pydantic_extra__ or {}
        tables = {tag: some for tag, some in given.items() if isinstance(some, dict)}
        plain = {line: text for line, text in given.items() if isinstance(text, str)}
        base = base_of(self.language)
        return {**tables, base: {**plain, **tables.get(base, {})}}


def _without_voice(sentences: Mapping[str, str]) -> dict[str, str]:
    return {line: text for line, text in sentences.items() if line != _VOICE}


def _check_voice(voice: str | None, language: str) -> None:
    """Accept a voice that speaks some region of `language`.

    Raises:
        ValueError: The carrier would end the call instead of speaking; the message names the fix.
    """
    if voice is None:
        return
    regions = [tag for tag in LANGUAGES.get(voice, ()) if base_of(tag) == base_of(language)]
    check_pair(voice, regions[0] if regions else language)
