"""What a user may set, with a sensible default for all that has one."""

from __future__ import annotations

import ipaddress
from dataclasses import fields
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AliasChoices,
    Field,
    SecretStr,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from escalate.detect import DetectPolicy
from escalate.handoff import ContextForm
from escalate.plivo.addresses import SipUri
from escalate.plivo.fields import CallerId, Url
from escalate.settings.destination import Destination, Section
from escalate.settings.saying import Say
from escalate.transfer import LastResort, Limits, Mode, Route, Strategy

_SHORTEST_SECRET: Final = 16


class Handoff(Section):
    """How a handoff goes: `cold` dials the human once the caller has left the bot, `warm` first.

    `confirm` is cold, but the human is briefed and presses a key before he gets the caller, for
    which he has `limits.confirm_s` seconds; no voicemail does that. By `strategy` destinations that
    suit a caller equally well are tried in `priority`, the order of the file, in `round_robin`,
    each being first in turn, or `parallel`: all of a tier at once, and the first who accepts, or in
    a cold handoff picks up, has the caller. `budget_s` bounds the caller's whole wait, `summary_s`
    how long a summary of your own may take, `link_s` how long the page about a call can be opened
    once a human was asked for (seconds). `last_resort` is what a caller gets whom no human takes:
    the `bot` again, `voicemail` (a message of up to `message_s` seconds), the promise of a
    `callback`, or a `goodbye`; the application is told of messages and promises by `on_follow_up`
    or a webhook. With `machine_detection` the carrier tells voicemail from a human who is called
    first: `beside` the question, or `before` it, which no machine then hears but for which a human
    waits some seconds. With `introduce` the caller and a human who was called first are told who
    calls, and why, once both are there. An application of yours consults the human instead of our
    question: its XML is at `consult_url`, or it talks with him over a stream to
    `consult_stream_url`.
    """

    mode: Mode = Mode.COLD
    strategy: Strategy = Strategy.PRIORITY
    budget_s: Annotated[float, Field(ge=10, le=1800)] = 120
    last_resort: LastResort = LastResort.BOT
    message_s: Annotated[int, Field(ge=5, le=3600)] = 120
    music: Literal["real"] | Url = "real"
    summary_s: Annotated[float, Field(gt=0, le=10)] = 2.0
    link_s: Annotated[float, Field(ge=60, le=7 * 86400)] = 3600
    drain_s: Annotated[float, Field(ge=0, le=3)] = 0.4
    introduce: bool = False
    consult_url: str | None = None
    consult_stream_url: str | None = None
    machine_detection: Literal["off", "beside", "before"] = "beside"


class Webhook(Section):
    """Where an application of yours is told what happens to escalations; see `escalate.webhook`.

    The key of the signatures is the environment's ESCALATE_WEBHOOK_SECRET.
    """

    url: SecretStr

    @field_validator("url")
    @classmethod
    def _is_private(cls, url: SecretStr) -> SecretStr:
        parts = urlsplit(url.get_secret_value())
        safe = parts.scheme == "https" or (
            parts.scheme == "http" and _is_loopback(url.get_secret_value())
        )
        if not safe or not parts.hostname:
            raise ValueError(
                "the webhook has to be a URL that begins with https://, because what callers said "
                "is sent to it; http:// is for this machine only"
            )
        return url


class Settings(BaseSettings):
    """Everything escalate needs to know; `load_settings` reads it from a file and the environment.

    `public_url` is where Plivo reaches our routes. The bot is at `stream_url`, to which Plivo
    streams a caller, or at `bot_sip`, the address of a SIP trunk behind which it answers; with
    `refer_domain` callers come over a trunk of that domain and are moved by REFER. `store` is a
    file on a local disk, found from where `escalate.toml` is, or redis://... for several hosts;
    with `words_key` what is said is encrypted in it. `caller_id` is a number of yours that the
    human is shown. With `console_token` there is an operator's console, for who knows the token.
    """

    model_config = SettingsConfigDict(
        env_prefix="ESCALATE_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    public_url: str
    stream_url: str | None = None
    bot_sip: SipUri | None = None
    refer_domain: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]+$")] | None = None
    plivo_auth_id: Annotated[
        str, Field(validation_alias=AliasChoices("PLIVO_AUTH_ID", "plivo_auth_id"))
    ]
    plivo_auth_token: Annotated[
        SecretStr, Field(validation_alias=AliasChoices("PLIVO_AUTH_TOKEN", "plivo_auth_token"))
    ]
    plivo_api: str = "https://api.plivo.com"
    # A Redis URL may hold a password.
    store: Annotated[str, Field(repr=False)] = "escalate.db"
    words_key: SecretStr | None = None
    caller_id: CallerId | None = None
    destination: Annotated[tuple[Destination, ...], Field(min_length=1)]
    handoff: Handoff = Handoff()
    say: Say = Say()
    detect: DetectPolicy = DetectPolicy()
    webhook: Webhook | None = None
    webhook_secret: SecretStr | None = None
    console_token: SecretStr | None = None
    retention_s: Annotated[float, Field(ge=0)] = 3600

    limits: Limits = Limits()

    @field_validator("public_url", "stream_url", "plivo_api")
    @classmethod
    def _has_no_tail(cls, url: str | None) -> str | None:
        return None if url is None else url.rstrip("/")

    @field_validator("detect", mode="before")
    @classmethod
    def _has_such_a_switch(cls, given: object) -> object:
        known = {field.name for field in fields(DetectPolicy)}
        unknown = sorted(set(given) - known) if isinstance(given, dict) else []
        if unknown:
            raise ValueError(f"there is no setting {unknown[0]!r}; mend its spelling or remove it")
        return given

    @field_validator("destination")
    @classmethod
    def _names_are_unique(cls, found: tuple[Destination, ...]) -> tuple[Destination, ...]:
        names = [destination.name for destination in found]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two destinations are called {twice[0]!r}: give each its own name")
        return found

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        local = _is_loopback(self.plivo_api)
        _require_tls("public_url", self.public_url, "https", local=local)
        if self.stream_url is not None:
            _require_tls("stream_url", self.stream_url, "wss", local=local)
        if self.handoff.mode is Mode.CONFIRM and self.handoff.budget_s < self.limits.confirm_s + 5:
            raise ValueError(
                "the caller's patience is over before anybody can confirm: raise "
                "handoff.budget_s, or lower limits.confirm_s"
            )
        shown = self.caller_id is not None or all(one.caller_id for one in self.destination)
        if self.handoff.mode is Mode.WARM and not shown:
            raise ValueError("a warm handoff calls from caller_id: set it to a number of yours")
        if urlsplit(self.plivo_api).scheme != "https" and not local:
            raise ValueError("plivo_api has to be https, unless it is on this machine")
        return self

    @field_validator("console_token")
    @classmethod
    def _cannot_be_guessed(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and len(token) < _SHORTEST_SECRET:
            raise ValueError(
                f"ESCALATE_CONSOLE_TOKEN has to be at least {_SHORTEST_SECRET} random characters: "
                "make one with openssl rand -hex 16, or unset it to have no console"
            )
        return token

    @model_validator(mode="after")
    def _webhook_is_signed(self) -> Self:
        secret = self.webhook_secret
        if self.webhook is not None and (secret is None or len(secret) < _SHORTEST_SECRET):
            raise ValueError(
                "the webhook needs a key for its signatures: set ESCALATE_WEBHOOK_SECRET to at "
                f"least {_SHORTEST_SECRET} random characters"
            )
        return self

    @model_validator(mode="after")
    def _fits_who_is_called_first(self) -> Self:
        handoff, local = self.handoff, _is_loopback(self.plivo_api)
        for key in ("introduce", "consult_url", "consult_stream_url"):
            if getattr(handoff, key) and handoff.mode is not Mode.WARM:
                raise ValueError(f"{key} is for humans who are called first: use mode = 'warm'")
        if handoff.consult_url is not None:
            _require_tls("consult_url", handoff.consult_url, "https", local=local)
        if handoff.consult_stream_url is not None:
            _require_tls("consult_stream_url", handoff.consult_stream_url, "wss", local=local)
            if handoff.consult_url is not None:
                raise ValueError("give consult_url or consult_stream_url, not both")
        return self

    @model_validator(mode="after")
    def _tiers_ring_together(self) -> Self:
        if self.handoff.strategy is not Strategy.PARALLEL:
            for one in self.destination:
                if one.tier != 1:
                    raise ValueError(
                        f"destination {one.name}: a tier is for phones that ring at once; set "
                        "strategy = 'parallel' under [handoff], or remove tier"
                    )
        return self

    @model_validator(mode="after")
    def _bot_is_somewhere(self) -> Self:
        if [self.stream_url, self.bot_sip, self.refer_domain].count(None) != 2:
            raise ValueError(
                "say in one way where the bot is: add stream_url = 'wss://bot.example.com/ws' if "
                "Plivo streams callers to it, bot_sip = 'sip:bot@trunk.example.com' if a SIP trunk "
                "leads to it, or refer_domain = '<trunk>.zt.plivo.com' if there is a trunk alone"
            )
        if self.refer_domain is not None:
            self._check_trunk()
        return self

    def _check_trunk(self) -> None:
        """Refuse what a REFER cannot carry."""
        for one in self.destination:
            told = one.context not in (None, ContextForm.NONE)
            if one.phone is None or one.headers or one.digits or told:
                raise ValueError(
                    f"destination {one.name}: a trunk alone (refer_domain) moves callers to phone "
                    "numbers, without credentials, headers, digits and context; give it a phone "
                    "alone"
                )
        if self.handoff.last_resort is not LastResort.BOT:
            raise ValueError("with refer_domain the last resort is the bot: remove last_resort")
        if self.handoff.strategy is Strategy.PARALLEL:
            raise ValueError("with refer_domain one is called at a time: remove strategy")
        if self.handoff.mode is not Mode.COLD:
            raise ValueError("with refer_domain nobody can be called first: use mode = 'cold'")
        if self.handoff.music != "real":
            raise ValueError("with refer_domain there is no music while it rings: remove music")

    def languages_of_humans(self) -> tuple[str, ...]:
        """Return the languages that humans may be spoken to in."""
        return (self.say.language, *(one for desk in self.destination for one in desk.languages))

    def find(self, name: str) -> Destination | None:
        """Return the destination called `name`, if the file still has it."""
        return next((one for one in self.destination if one.name == name), None)

    def routes(self) -> tuple[Route, ...]:
        """Return the destinations as routing sees them, in the configured order."""
        return tuple(destination.route() for destination in self.destination)


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _require_tls(key: str, url: str, scheme: str, *, local: bool) -> None:
    parts: Any = urlsplit(url)
    plain = {"https": "http", "wss": "ws"}[scheme]
    if parts.scheme not in (scheme, plain) or not parts.hostname:
        raise ValueError(f"{key} has to be a URL like {scheme}://bot.example.com/...")
    if parts.query or parts.fragment:
        raise ValueError(f"{key} has to be a plain URL without '?' and '#'")
    if parts.scheme == plain and not (local and _is_loopback(url)):
        raise ValueError(
            f"{key} has to begin with {scheme}://, because Plivo sends callers' data to it; "
            f"{plain}:// is for this machine only, together with a plivo_api on this machine"
        )
