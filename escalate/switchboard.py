"""The one object a user makes: settings, store, carrier and routes put together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Self

from starlette.applications import Starlette

from escalate.briefings import Summarize
from escalate.errand import OnAlarm
from escalate.exchange import Exchange, OnNews
from escalate.follow_up import OnFollowUp
from escalate.live_call import Predicate
from escalate.roster import Available
from escalate.settings import load_settings
from escalate.web import build_app


class Switchboard(Exchange):
    """Connects callers who need a human with one.

        board = Switchboard.from_settings()
        app.mount("/escalate", board.app)
        call = board.call(call_uuid)

    It starts by itself on first use. As an async context manager, or as the lifespan of an
    application, it also stops in order.
    """

    @classmethod
    def from_settings(
        cls,
        path: str | Path | None = None,
        *,
        on_alarm: OnAlarm | None = None,
        on_follow_up: OnFollowUp | None = None,
        on_news: OnNews | None = None,
        predicates: Mapping[str, Predicate] | None = None,
        summarize: Summarize | None = None,
        available: Available | None = None,
    ) -> Self:
        """Return a switchboard for `escalate.toml` (or `path`) and the environment.

        `on_alarm(call_uuid, alarm)` is told what an operator should know at once;
        `on_follow_up(what)` is awaited with each `VoicemailLeft` and `CallbackPromised`;
        `on_news(call_uuid, news)` is told each step of an escalation by the process that takes it
        (`LiveCall.news` follows one call from anywhere); `predicates` are judgements of your own,
        asked after each final transcript. `summarize(conversation)` says in a few words what the
        human hears about the caller; without it, or when it is late, he hears the caller's own.
        `available(destination)` says whether somebody is there; it is asked when an escalation
        opens, and has a second to answer.

        Raises:
            ConfigurationError: A setting is missing or wrong; the message names the fix.
        """
        return cls(
            load_settings(path),
            on_alarm=on_alarm,
            on_follow_up=on_follow_up,
            on_news=on_news,
            predicates=predicates,
            summarize=summarize,
            available=available,
        )

    @cached_property
    def app(self) -> Starlette:
        """The routes Plivo calls, to be mounted at the path of `public_url`."""
        return build_app(self)
