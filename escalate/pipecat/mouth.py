"""What a speech-to-speech model says: it is its own voice, and stops when it has finished."""

from __future__ import annotations

from pipecat.frames.frames import (
    Frame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TextFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    UserStartedSpeakingFrame,
)

_SPEECH = (TTSAudioRawFrame, TTSStartedFrame, TTSStoppedFrame, TextFrame)


class Mouth:
    """Decides which frames from the model go on to the caller, and to the TTS service on the way.

    No interruption takes back a response that the provider has begun, so while the bot must be
    quiet it ends here; and the TTS service, there for the sentences that are ours, must not say
    again what the model has said.
    """

    def __init__(self) -> None:
        self._shut = False
        self._responding = False
        self._skipping = False

    def shut(self) -> None:
        """Let nothing out from here on."""
        self._shut = True

    def open(self) -> None:
        """Let out what the model says next; the rest of what it is saying now stays in."""
        self._shut = False
        self._skipping = self._responding

    def skip_response(self) -> None:
        """Keep the next response in, unless the caller speaks before it has ended."""
        self._skipping = True

    def lets_out(self, frame: Frame) -> bool:
        """Look at a frame on its way down, and say whether it goes on."""
        goes_on = not (isinstance(frame, _SPEECH) and (self._shut or self._skipping))
        match frame:
            case LLMFullResponseStartFrame():
                self._responding = True
            case LLMFullResponseEndFrame():
                self._responding = self._skipping = False
            case UserStartedSpeakingFrame():
                self._skipping = False
            case TTSTextFrame():
                frame.skip_tts = True
            case LLMTextFrame(append_to_context=False):
                # The same words as in a `TTSTextFrame`, for observers, who have seen them.
                return False
        return goes_on
