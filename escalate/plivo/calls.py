"""A call that Plivo is asked to make: the one to the human in a warm handoff."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from escalate.plivo.addresses import Destination, is_sip
from escalate.plivo.fields import (
    CallerId,
    CallerName,
    Flag,
    Method,
    Seconds,
    SipPassword,
    SipUsername,
    Tones,
    Url,
    Whole,
    check_pairing,
)
from escalate.plivo.headers import SipHeaders, format_headers


class OutboundCall(BaseModel):
    """The parameters of Plivo's "Make a call" request, under Plivo's names.

    `to` is one destination: a `<`, with which Plivo would call several, is refused. A password
    needs a user name and a SIP address, and leaves in `body` alone. Times are seconds, except
    `machine_detection_time` in milliseconds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    from_: Annotated[CallerId, Field(repr=False)]
    to: Annotated[Destination, Field(repr=False)]
    answer_url: Annotated[Url, Field(repr=False)]
    answer_method: Method = "POST"
    hangup_url: Annotated[Url | None, Field(repr=False)] = None
    hangup_method: Method = "POST"
    ring_url: Annotated[Url | None, Field(repr=False)] = None
    ring_method: Method = "POST"
    fallback_url: Annotated[Url | None, Field(repr=False)] = None
    fallback_method: Method = "POST"
    caller_name: Annotated[CallerName | None, Field(repr=False)] = None
    send_digits: Annotated[Tones | None, Field(repr=False)] = None
    ring_timeout: Seconds = 120
    time_limit: Annotated[Seconds, Field(le=86_400)] = 14_400
    sip_headers: Annotated[SipHeaders | None, Field(repr=False)] = None
    sip_auth_username: Annotated[SipUsername | None, Field(repr=False)] = None
    sip_auth_password: SipPassword | None = None
    parent_call_uuid: str | None = None
    error_if_parent_not_found: Flag = False
    machine_detection: Literal["true", "hangup"] | None = None
    machine_detection_time: Annotated[Whole, Field(ge=2_000, le=10_000)] | None = None
    machine_detection_url: Annotated[Url | None, Field(repr=False)] = None
    machine_detection_method: Method = "POST"

    @model_validator(mode="after")
    def _credentials_fit_the_destination(self) -> Self:
        check_pairing(self.sip_auth_username, self.sip_auth_password)
        if self.sip_auth_username is not None and not is_sip(self.to):
            raise ValueError("SIP credentials go with a SIP address only: leave them out")
        return self

    @model_validator(mode="after")
    def _options_belong_together(self) -> Self:
        details = (self.machine_detection_time, self.machine_detection_url)
        if self.machine_detection is None and any(part is not None for part in details):
            raise ValueError("set machine_detection too, or no machine is looked for")
        if self.error_if_parent_not_found and self.parent_call_uuid is None:
            raise ValueError("error_if_parent_not_found needs parent_call_uuid: set it")
        return self

    def body(self) -> dict[str, object]:
        """Return the JSON body of the request. It holds the password in clear.

        What equals a documented default is written too; a parameter that is not set is not, nor is
        the method of a URL that is not set.
        """
        found: dict[str, object] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if name.endswith("_method") and getattr(self, name[: -len("method")] + "url") is None:
                continue
            if isinstance(value, SecretStr):
                value = value.get_secret_value()
            elif name == "sip_headers" and value:
                value = format_headers(value)
            # An empty mapping of headers is none at all, but False and 0 are values.
            if value is not None and value != {}:
                found[name.rstrip("_")] = value
        return found
