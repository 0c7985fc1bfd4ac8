"""What the human's side is told about a call, and the link to the page with the rest of it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from escalate.briefings import Briefings
from escalate.handoff import Briefing, Context, briefing_labels, make_token, read_token
from escalate.handoff.redaction import find_in_turns, masked
from escalate.settings import Destination, Settings
from escalate.store import Store
from escalate.transfer import Call, Escalation
from escalate.values import Said

log = logging.getLogger("escalate")


@dataclass(frozen=True, slots=True)
class Account:
    """A call as the human's side may see it; what is nobody's business is withheld in `said`."""

    call_uuid: str
    escalation: Escalation
    briefing: Briefing
    language: str
    link: str = field(repr=False)
    said: tuple[Said, ...] = field(default=(), repr=False)

    def as_json(self) -> dict[str, Any]:
        """Return the twin for machines."""
        held, last, ending = self.escalation, self.escalation.current, self.escalation.ending
        return {
            "call_uuid": self.call_uuid,
            "escalation": held.id,
            "trigger": held.trigger.value,
            "rule": held.rule,
            "language": self.language,
            "state": held.state.value,
            "destination": last.destination if last is not None else None,
            "outcome": ending.outcome.value if ending is not None else None,
            "reason": ending.reason.value if ending is not None else None,
            "opened_at": held.opened_at,
            "ended_at": ending.at if ending is not None else None,
            "link": self.link,
            "briefing": self.briefing.as_json(),
            "said": [
                {"party": one.party.value, "text": one.text, "at": one.at} for one in self.said
            ],
        }


_PURPOSE: Final = b"escalate context links"


class Contexts:
    """Puts contexts together for one set of settings.

    All of it depends on the stored call and its briefing alone, so that every replica sends the
    same headers. The key of the links is derived from Plivo's auth token: with a new token the
    links that are out end.
    """

    def __init__(self, settings: Settings) -> None:
        self.language = settings.say.language
        self._settings = settings
        token = settings.plivo_auth_token.get_secret_value().encode()
        self._key = hmac.new(token, _PURPOSE, hashlib.sha256).digest()

    def of(self, call: Call, held: Escalation, briefing: Briefing) -> Context:
        """Return what may be known of an escalation outside of it."""
        return Context(
            call.call_uuid,
            held.trigger,
            reason=held.rule,
            # The call's own may still change, and a document that is asked for again must not.
            language=briefing.language,
            summary=briefing.spoken,
            identifiers=tuple(quote.text for quote in briefing.identifiers),
            link=self.link(call, held),
        )

    def account(
        self, call: Call, held: Escalation, briefing: Briefing, said: Sequence[Said] = ()
    ) -> Account:
        """Return what may be seen of an escalation, with the conversation `said`."""
        return Account(
            call.call_uuid,
            held,
            briefing,
            call.language or briefing.language,
            self.link(call, held),
            _withheld(said, briefing.language),
        )

    def headers(
        self, destination: Destination, call: Call, held: Escalation, briefing: Briefing
    ) -> Mapping[str, str]:
        """Return the headers of the call to a human; what finds no room is named in the log."""
        sent = destination.sent(self.of(call, held, briefing))
        if sent.dropped:
            lost = ", ".join(sent.dropped)
            log.info("call %s: no room in the headers for all of: %s", call.call_uuid, lost)
        return sent.headers

    def link(self, call: Call, held: Escalation) -> str:
        """Return the address of the page about a call: good for a while, for whoever has it."""
        expires_at = held.opened_at + self._settings.handoff.link_s
        token = make_token(call.call_uuid, key=self._key, expires_at=expires_at)
        return f"{self._settings.public_url}/context/{token}"

    def opened(self, token: str, now: float) -> str | None:
        """Return the id of the call that a link leads to, or None once it has ended."""
        return read_token(token, keys=[self._key], now=now)


class Accounts:
    """Gives accounts of calls as they are stored."""

    def __init__(self, store: Store, briefings: Briefings, contexts: Contexts) -> None:
        self._store = store
        self._briefings = briefings
        self._contexts = contexts

    async def of(self, call: Call, held: Escalation) -> Account:
        """Return the account of an escalation without the conversation.

        Raises:
            StoreUnavailable: The briefing cannot be read.
        """
        return self._contexts.account(call, held, await self._briefings.of(call, held))

    async def read(self, call_uuid: str) -> Account | None:
        """Return the whole account of a call in which a human was asked for, None of another.

        Raises:
            StoreUnavailable: It cannot be read.
        """
        call = await self._store.load(call_uuid)
        if call is None or call.escalation is None:
            return None
        said = await self._store.words(call_uuid)
        briefing = await self._briefings.of(call, call.escalation)
        # Beside the event loop: it may be a long conversation.
        return await asyncio.to_thread(
            self._contexts.account, call, call.escalation, briefing, said
        )

    async def said(self, call: Call) -> Sequence[Said]:
        """Return what was said in a call, for who looks on: nothing is made or kept for it.

        Raises:
            StoreUnavailable: It cannot be read.
        """
        said = await self._store.words(call.call_uuid)
        return _withheld(said, call.language or self._contexts.language)


def _withheld(said: Sequence[Said], language: str) -> tuple[Said, ...]:
    """Return the conversation without what is nobody's business."""
    names, hidden = briefing_labels(language), find_in_turns(said, language)
    return tuple(
        replace(one, text=masked(one.text, places, names))
        for one, places in zip(said, hidden, strict=True)
    )
