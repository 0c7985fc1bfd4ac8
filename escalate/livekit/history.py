"""What was said, for the two who do not hear it by themselves: the detector and the LLM."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final, Literal

from livekit.agents import llm

from escalate.values import Party, Said

_ROLES: Final[dict[Party, Literal["user", "assistant"]]] = {
    Party.CALLER: "user",
    Party.BOT: "assistant",
    Party.HUMAN: "user",
}


# By LiveKit's defaults a turn ends at the latest this long after its last words.
_TURN_S: Final = 3.0


class Turns:
    """Keeps apart what was heard and what reached the LLM's context.

    A message in the context is either a turn whose words were heard before, or something typed.
    Words that were heard while the bot was held back often never get there: LiveKit drops the
    turn, or the reply that would have brought it along is cancelled.
    """

    def __init__(self) -> None:
        self._pending: list[Said] = []
        self._lost: list[Said] = []

    def heard(self, text: str) -> None:
        """The recogniser gave final words of the caller."""
        if text.strip():
            self._pending.append(Said(Party.CALLER, text, time.time()))

    def added(self, message: str) -> bool:
        """A message of the caller is in the context: whether it is what was heard."""
        known = [said for said in self._pending if _plain(said.text) in _plain(message)]
        if not known:
            return False
        # Turns come in order: what was heard before this one and is not in it never will be.
        last = self._pending.index(known[-1]) + 1
        self._lost += [said for said in self._pending[:last] if said not in known]
        del self._pending[:last]
        return True

    def missed(self) -> Sequence[Said]:
        """Take what was heard and will not reach the context any more."""
        still = time.time() - _TURN_S
        missed = [*self._lost, *(said for said in self._pending if said.at < still)]
        self._lost = []
        self._pending = [said for said in self._pending if said.at >= still]
        return missed


def with_history(context: llm.ChatContext, said: Sequence[Said]) -> llm.ChatContext:
    """Return a copy of the context that holds these words too, each at its time."""
    copy = context.copy()
    for one in said:
        copy.insert(llm.ChatMessage(role=_ROLES[one.party], content=[one.text], created_at=one.at))
    return copy


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
