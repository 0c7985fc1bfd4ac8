"""What a session's bot says: our sentences, and nothing of its own while it is held."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from typing import Any

from livekit.agents import AgentSession, SpeechCreatedEvent
from livekit.agents.voice import SpeechHandle

from escalate.livekit.history import Turns, with_history
from escalate.livekit.layout import realtime_model
from escalate.values import Said

log = logging.getLogger("escalate")


class Speech:
    """The bot's side of the conversation, lent to whoever hands the caller over."""

    def __init__(self, call_uuid: str) -> None:
        self._call_uuid = call_uuid
        self._joined: AgentSession[Any] | None = None
        self._turns = Turns()
        self._ours = False
        self._held = False
        self._unanswered: SpeechHandle | None = None
        self._drop_greeting = False
        self._discards = True

    def join(self, session: AgentSession[Any]) -> None:
        """Speak in `session` from here on."""
        self._joined = session

    @property
    def _session(self) -> AgentSession[Any]:
        assert self._joined is not None
        return self._joined

    # --- what the session tells -------------------------------------------------------------

    def heard(self, text: str, *, final: bool) -> None:
        """The caller speaks: whatever the bot says from here on answers him."""
        self._drop_greeting = False
        if final:
            # A speech-to-speech model begins to answer before it tells what it has heard.
            if realtime_model(self._session) is None:
                self._unanswered = None
            self._turns.heard(text)

    def added(self, message: str) -> bool:
        """A message of the caller is in the context: whether he was heard to say it."""
        self._drop_greeting = False
        return self._turns.added(message)

    def created(self, event: SpeechCreatedEvent) -> None:
        """Keep the bot quiet, and a returning caller from being greeted again."""
        if self._ours:
            return
        if self._held or self._drop_greeting:
            self._drop_greeting = False
            event.speech_handle.interrupt(force=True)
            if event.source == "generate_reply":
                self._unanswered = event.speech_handle

    # --- what is done with it ---------------------------------------------------------------

    async def go_on_from(self, history: Sequence[Said]) -> None:
        """The caller was here before: the bot knows what was said, and does not greet him."""
        self._drop_greeting = True
        await self._remember(history)

    def hold(self) -> None:
        """Stop the bot in the middle of its sentence, and let it begin no other."""
        if self._held or self._joined is None:
            return
        self._held = True
        interruption = self._session.options.interruption
        # While a line may not be interrupted LiveKit gives the recogniser silence. The caller
        # would not be heard when he takes his request back.
        self._discards = interruption["discard_audio_if_uninterruptible"]
        interruption["discard_audio_if_uninterruptible"] = False
        self._stop_talking()

    async def let_go(self, text: str | None) -> None:
        """Let the bot speak again, beginning with `text`, and know what it has missed."""
        self._held = False
        interruption = self._session.options.interruption
        interruption["discard_audio_if_uninterruptible"] = self._discards
        self._stop_talking()
        await self.remind()
        unanswered, self._unanswered = self._unanswered, None
        if text is not None:
            self.say(text)
        elif unanswered is not None and unanswered.scheduled:
            # His turn has ended in the meantime, and its reply was cancelled.
            self._session.generate_reply()

    def say(self, text: str, *, over_the_caller: bool = False) -> SpeechHandle | None:
        """Speak a line of ours; None when there is nobody to speak."""
        self._ours = True
        try:
            handle = self._session.say(text)
            if over_the_caller:
                # As an argument it would be dropped where a model takes turns on its own server.
                handle.allow_interruptions = False
            return handle
        except RuntimeError as error:
            log.error("call %s: cannot be spoken: %s", self._call_uuid, error)
            return None
        finally:
            self._ours = False

    async def remind(self) -> None:
        """Put into the LLM's context what it did not hear, unless it is held."""
        if not self._held and (missed := self._turns.missed()):
            await self._remember(missed)

    async def _remember(self, said: Sequence[Said]) -> None:
        agent = self._session.current_agent
        await agent.update_chat_ctx(with_history(agent.chat_ctx, said))

    def _stop_talking(self) -> None:
        """Cancel what is being said and what is being prepared for a turn that has not ended."""
        with contextlib.suppress(RuntimeError):
            self._session.interrupt(force=True)
