"""Whom a caller can be handed to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    model_validator,
)

from escalate.handoff import Context, ContextForm, Sent, pack
from escalate.handoff.hours import Hours
from escalate.handoff.languages import base_of
from escalate.plivo.calls import OutboundCall
from escalate.plivo.fields import CallerId, Tones
from escalate.plivo.xml import Number, User
from escalate.transfer import Route
from escalate.values import Trigger

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")]


class Section(BaseModel):
    """A table of the file: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Destination(Section):
    """Where a human can be reached: a `phone`, or a `sip` address with or without credentials.

    `name` is how the rest of the file, the log and a language model call it. `ring_s` is how long
    it may ring (seconds), `attempts` how often it is tried in one escalation. With `strategy =
    "parallel"` all of `tier` 1 ring at once, then all of tier 2, and so on. `caller_id` is shown
    there in place of the general one. `digits` are keys that are pressed once it has answered, such
    as an extension; w waits half a second, W a second. `headers` are SIP headers for the human's
    side; the carrier sends them as `X-PH-<name>`. `hours` say when somebody is there ("Mon-Fri
    09:00-17:30"), in `time_zone`; `holidays` are days that differ. `languages` and `triggers` say
    for whom it is meant; without them for everybody. `context` is the form in which the human's
    side is told about the call: by default headers, for a telephone none.
    """

    name: Name
    phone: str | None = None
    sip: str | None = None
    username: str | None = None
    password: SecretStr | None = None
    ring_s: Annotated[float, Field(ge=5, le=120)] = 30
    attempts: Annotated[int, Field(ge=1, le=5)] = 1
    tier: Annotated[int, Field(ge=1, le=9)] = 1
    caller_id: CallerId | None = None
    digits: Tones | None = None
    headers: dict[str, str] = {}
    hours: tuple[str, ...] | str = "24/7"
    time_zone: str = "UTC"
    holidays: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    context: ContextForm | None = None

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if (self.phone is None) == (self.sip is None):
            raise ValueError("give either phone = '+14155550123' or sip = 'sip:queue@example.com'")
        if self.phone is not None and self.username is not None:
            raise ValueError("a phone takes no username; use sip = 'sip:...' for a SIP endpoint")
        if self.username is not None and self.password is None:
            raise ValueError(
                "username is set without a password: put it into the environment variable "
                f"{password_variable(self.name)}, or name a file with password_file"
            )
        if self.username is None and self.password is not None:
            raise ValueError("a password is set without a username: add username = '...'")
        self.element()
        self.opening_hours()
        self._check_room()
        return self

    def _check_room(self) -> None:
        try:
            self.sent(Context("", Trigger.ASKED))
        except ValueError:
            raise ValueError(
                "headers leave no room for the context of the call: shorten them or remove some, "
                "or set context = 'none'"
            ) from None

    def opening_hours(self) -> Hours:
        """Return when somebody is there.

        Raises:
            ValueError: The hours, a holiday or the time zone cannot be read.
        """
        return Hours.parse(self.hours, zone=self.time_zone, holidays=self.holidays)

    def sent(self, context: Context) -> Sent:
        """Return the headers of a call to here: the configured ones, and as much of `context`."""
        usual = ContextForm.NONE if self.sip is None else ContextForm.HEADERS
        return pack(context, self.context or usual, beside=self.headers)

    @property
    def address(self) -> str:
        """The phone number or the SIP address."""
        return self.sip or self.phone or ""

    def element(self, headers: Mapping[str, str] | None = None) -> Number | User:
        """Return the element that dials this destination, with `headers` for its own.

        Raises:
            ValueError: The carrier could not carry it: a bad number, address, header or password.
        """
        headers = self.headers if headers is None else headers
        if self.sip is None:
            return Number(
                number=self.phone or "", send_digits=self.digits, sip_headers=headers or None
            )
        return User(
            uri=self.sip,
            send_digits=self.digits,
            sip_auth_username=self.username,
            sip_auth_password=self.password,
            sip_headers=headers or None,
        )

    def outbound_call(
        self,
        *,
        from_: str,
        answer_url: str,
        hangup_url: str,
        ring_s: float,
        parent_call_uuid: str,
        headers: Mapping[str, str] | None = None,
        machine_detection: Literal["true", "hangup"] | None = None,
        machine_detection_url: str | None = None,
    ) -> OutboundCall:
        """Return the request that calls this destination, with `headers` for its own."""
        headers = self.headers if headers is None else headers
        return OutboundCall(
            from_=from_,
            to=self.address,
            answer_url=answer_url,
            hangup_url=hangup_url,
            ring_timeout=math.ceil(ring_s),
            send_digits=self.digits,
            sip_auth_username=self.username,
            sip_auth_password=self.password,
            sip_headers=headers or None,
            parent_call_uuid=parent_call_uuid,
            error_if_parent_not_found=True,
            machine_detection=machine_detection,
            machine_detection_url=machine_detection_url,
        )

    def language_for(self, caller: str | None, default: str) -> str:
        """Return the language in which the human here is spoken to: the caller's if he has it."""
        shared = (one for one in self.languages if base_of(one) == base_of(caller or ""))
        return next(shared, self.languages[0] if self.languages else default)

    def route(self) -> Route:
        """Return what routing needs to know, which is neither address nor credentials."""
        return Route(
            self.name, self.ring_s, self.attempts, self.languages, self.triggers, self.tier
        )


def password_variable(name: str) -> str:
    """Return the environment variable that holds the SIP password of a destination."""
    return f"ESCALATE_SIP_PASSWORD_{name.upper().replace('-', '_')}"
