"""The body of Make Call (Plivo "Make a call" page), as far as it is emulated."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from escalate.emulator.call import Routes
from escalate.emulator.callbacks import Route
from escalate.emulator.outbound import NewLeg
from escalate.emulator.rules import check_credentials, is_number, is_sip


def _destination(text: str) -> str:
    if "<" in text:
        raise ValueError("several destinations are not emulated")
    if not (is_number(text) or is_sip(text)):
        raise ValueError("neither a number nor a SIP URI")
    return text


_Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+\S*$")]
_Method = Annotated[str, Field(pattern="^(GET|POST)$")]


class MakeCall(BaseModel):
    """A call to make. A parameter that is not here is refused, never ignored."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    from_: str = Field(alias="from", min_length=1)
    to: Annotated[str, AfterValidator(_destination)]
    answer_url: _Url
    answer_method: _Method = "POST"
    ring_url: _Url | None = None
    ring_method: _Method = "POST"
    hangup_url: _Url | None = None
    hangup_method: _Method = "POST"
    fallback_url: _Url | None = None
    fallback_method: _Method = "POST"
    caller_name: str = Field(default="", max_length=50)
    send_digits: Annotated[str, Field(pattern=r"^[0-9*#wW]+$")] | None = None
    sip_headers: str = ""
    time_limit: int = Field(default=14400, ge=1, le=86400)
    ring_timeout: int = Field(default=120, ge=1)
    machine_detection: Literal["true", "hangup"] | None = None
    machine_detection_time: int = Field(default=5000, ge=2000, le=10_000)
    machine_detection_url: _Url | None = None
    machine_detection_method: _Method = "POST"
    parent_call_uuid: str | None = None
    error_if_parent_not_found: bool = False
    sip_auth_username: str | None = None
    sip_auth_password: SecretStr | None = None

    @model_validator(mode="after")
    def _credentials(self) -> Self:
        check_credentials(self.sip_auth_username, self._password())
        if self.sip_auth_username and not is_sip(self.to):
            raise ValueError("SIP credentials need a SIP URI to be used for")
        return self

    def new_leg(self) -> NewLeg:
        """Return what is to be dialled."""
        return NewLeg(
            from_=self.from_,
            to=self.to,
            routes=Routes(
                answer=Route(self.answer_url, self.answer_method),
                hangup=_route(self.hangup_url, self.hangup_method),
                fallback=_route(self.fallback_url, self.fallback_method),
                ring=_route(self.ring_url, self.ring_method),
            ),
            caller_name=self.caller_name,
            sip_headers=self.sip_headers,
            send_digits=self.send_digits or "",
            username=self.sip_auth_username,
            password=self._password(),
            ring_timeout_s=self.ring_timeout,
            time_limit_s=self.time_limit,
            parent=self.parent_call_uuid,
            machine_detection=self.machine_detection,
            machine=_route(self.machine_detection_url, self.machine_detection_method),
        )

    def _password(self) -> str | None:
        return self.sip_auth_password.get_secret_value() if self.sip_auth_password else None


def _route(url: str | None, method: str) -> Route | None:
    return Route(url, method) if url else None
