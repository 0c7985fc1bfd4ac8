"""GetDigits and GetInput: a question, and what the party answers by keys or by words.

The first key or word ends the prompt. The time to answer counts from the end of the prompt.
Decided where the sources are silent: `auto` waits 1 s after a key and 0.5 s after words; a
finishing key alone is no answer; whichever comes first, key or word, decides what is listened to;
an answer with a key outside of `validDigits` is none, and the invalid sound is played. The
recogniser is perfect: hints, model and language change nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from escalate.emulator import parameters, sounds
from escalate.emulator.callbacks import Route
from escalate.emulator.elements import Play
from escalate.emulator.elements_input import GetDigits, GetInput
from escalate.emulator.legs import Pressed, Said, Speaking
from escalate.emulator.tasks import cancelled

if TYPE_CHECKING:
    from escalate.emulator.call import Call
    from escalate.emulator.elements_input import Question
    from escalate.emulator.legs import Input
    from escalate.emulator.services import Services

_AUTO_AFTER_KEYS_S: Final = 1.0
_AUTO_AFTER_WORDS_S: Final = 0.5
_CONFIDENCE: Final = "0.95"


@dataclass(frozen=True, slots=True)
class Manner:
    """How an answer is waited for: what counts, how long, how much."""

    keys: bool
    words: bool
    to_begin_s: float
    between_keys_s: float
    after_words_s: float
    digits: int
    valid: str = "0123456789*#"

    @classmethod
    def of(cls, element: Question) -> Manner:
        """Read it from an element."""
        if isinstance(element, GetDigits):
            return cls(
                keys=True,
                words=False,
                to_begin_s=element.timeout,
                between_keys_s=element.digit_timeout,
                after_words_s=0.0,
                digits=element.num_digits,
                valid=element.valid_digits,
            )
        assert isinstance(element, GetInput)
        return cls(
            keys="dtmf" in element.input_type,
            words="speech" in element.input_type,
            to_begin_s=element.execution_timeout,
            between_keys_s=element.digit_end_timeout or _AUTO_AFTER_KEYS_S,
            after_words_s=element.speech_end_timeout or _AUTO_AFTER_WORDS_S,
            digits=element.num_digits,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What was understood: keys, or words."""

    digits: str = ""
    speech: str = ""


class Asking:
    """A question that is being asked."""

    def __init__(self, element: Question, call: Call, services: Services) -> None:
        self._element = element
        self._manner = Manner.of(element)
        self._call = call
        self._services = services
        self._inputs: asyncio.Queue[Input] = asyncio.Queue()

    async def run(self) -> dict[str, str] | None:
        """Ask until there is an answer; returns the parameters of the action, or None."""
        for _ in range(self._element.retries):
            with self._call.listening() as self._inputs:
                answer = await self._ask()
            if answer and not answer.digits.strip(self._manner.valid):
                return self._parameters(answer)
            if answer:
                await self._reject(answer)
        return None

    async def _ask(self) -> Answer | None:
        """Play the prompt and take the answer down, if one is begun in time."""
        self._call.mouth.asked()
        prompt = asyncio.create_task(self._prompt())
        first = asyncio.create_task(self._next())
        try:
            await asyncio.wait({prompt, first}, return_when=asyncio.FIRST_COMPLETED)
            if not first.done():
                prompt.result()
                self._call.mouth.heard_out()
                await asyncio.wait({first}, timeout=self._manner.to_begin_s)
            if not first.done():
                return None
        finally:
            await cancelled(prompt, first)
            self._call.ear.finish("speak", "play", "wait")
        return await self._take_down(first.result())

    async def _prompt(self) -> None:
        for element in self._element.prompts:
            await self._play(await sounds.of(element, self._call, self._services), element)
        if isinstance(self._element, GetDigits) and self._element.play_beep:
            await self._play(sounds.beeps())

    async def _play(self, sound: sounds.Sound, element: object = None) -> None:
        source = type(element).__name__.lower() if element else "play"
        await sounds.play(
            sound,
            lambda frame, at: self._call.ear.hear(source, frame, at, sound.text),
            self._services,
        )
        self._call.ear.finish(source)

    async def _next(self, *kinds: type[Input]) -> Input:
        """Wait for the next thing the party does, as far as it is listened to."""
        manner = self._manner
        kinds = kinds or ((Pressed,) * manner.keys + (Speaking, Said) * manner.words)
        while not isinstance(event := await self._inputs.get(), kinds):
            pass
        return event

    async def _take_down(self, first: Input) -> Answer | None:
        if not isinstance(first, Pressed):
            return await self._words(first)
        digits = await self._digits(first.digit)
        return Answer(digits=digits) if digits else None

    async def _digits(self, digit: str) -> str:
        """Collect keys until one finishes, there are enough, or no more come."""
        typed = ""
        while digit != self._element.finish_on_key:
            typed += digit
            if len(typed) >= self._manner.digits:
                break
            try:
                async with asyncio.timeout(self._manner.between_keys_s):
                    event = await self._next(Pressed)
            except TimeoutError:
                break
            assert isinstance(event, Pressed)
            digit = event.digit
        return typed

    async def _words(self, event: Input | None) -> Answer | None:
        """Collect words until there is a pause."""
        heard: list[str] = []
        while event is not None:
            if isinstance(event, Said):
                heard.append(event.text)
                self._tell_interim(" ".join(heard), len(heard))
            speaking = isinstance(event, Speaking)
            pause_s = self._manner.to_begin_s if speaking else self._manner.after_words_s
            try:
                async with asyncio.timeout(pause_s):
                    event = await self._next(Speaking, Said)
            except TimeoutError:
                event = None
        return Answer(speech=" ".join(heard)) if heard else None

    def _tell_interim(self, text: str, number: int) -> None:
        element = self._element
        if isinstance(element, GetInput) and element.interim_speech_results_callback:
            params = {
                **parameters.standard(self._call, self._services, "GetInput"),
                "StableSpeech": text,
                "UnstableSpeech": "",
                "Stability": "0.9",
                "SequenceNumber": str(number),
            }
            url, method = (
                element.interim_speech_results_callback,
                element.interim_speech_results_callback_method,
            )
            self._services.notify("interim-speech", Route(url, method), params, self._call.uuid)

    async def _reject(self, answer: Answer) -> None:
        """Say that a key was not among the valid ones."""
        self._call.report("input.invalid", digits=answer.digits)
        url = getattr(self._element, "invalid_digits_sound", None)
        if url:
            element = Play(url)
            await self._play(await sounds.of(element, self._call, self._services), element)

    def _parameters(self, answer: Answer) -> dict[str, str]:
        params = parameters.standard(self._call, self._services, "Redirect")
        if isinstance(self._element, GetDigits):
            return {**params, "Digits": answer.digits}
        return {
            **params,
            "InputType": "speech" if answer.speech else "dtmf",
            "Digits": answer.digits,
            "Speech": answer.speech,
            "SpeechConfidenceScore": _CONFIDENCE if answer.speech else "0.0",
            "BilledAmount": "0.00000",
        }
