"""Dial and whom it calls: Number and User (Plivo "Dial" XML page, "XML for voice agents")."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from escalate.plivo.addresses import PhoneNumber, SipUri
from escalate.plivo.fields import (
    CallerId,
    CallerName,
    DigitList,
    Flag,
    Key,
    Method,
    Seconds,
    SipPassword,
    SipUsername,
    Tones,
    Url,
    check_pairing,
)
from escalate.plivo.headers import SipHeaders
from escalate.plivo.xml.base import ALWAYS, BODY, CHILDREN, Element


class Number(Element):
    """A phone number to dial. Plivo rings several children of a Dial at once.

    Only Plivo's Node SDK knows `caller_id` and `caller_name` of a single child.
    """

    number: Annotated[PhoneNumber, BODY]
    send_digits: Tones | None = None
    send_on_preanswer: Flag = False
    send_digits_mode: Literal["rfc2833"] | None = None
    sip_headers: SipHeaders | None = None
    caller_id: CallerId | None = None
    caller_name: CallerName | None = None


class User(Element):
    """A SIP address to dial, with the credentials its side asks for.

    Plivo's first INVITE carries no credentials; a 401 or 407 is answered with them. The password
    stands in clear in the rendered document, and nowhere else.
    """

    uri: Annotated[SipUri, BODY]
    sip_auth_username: SipUsername | None = None
    sip_auth_password: SipPassword | None = None
    sip_headers: SipHeaders | None = None
    send_digits: Tones | None = None
    send_on_preanswer: Flag = False
    caller_id: CallerId | None = None
    caller_name: CallerName | None = None

    @model_validator(mode="after")
    def _credentials_are_paired(self) -> Self:
        check_pairing(self.sip_auth_username, self.sip_auth_password)
        return self


class Dial(Element):
    """Calls a human and bridges them with the caller.

    After it has ended, the answer of `action` replaces this document (`redirect`), or the next
    element runs. Sources name 30 s, 120 s and no limit as the default of `timeout`; it is always
    written, and 30 here.
    """

    holds: ClassVar = (Number.tag, User.tag)

    children: Annotated[tuple[Number | User, ...], CHILDREN, Field(min_length=1)]
    action: Url | None = None
    method: Annotated[Method, ALWAYS] = "POST"
    timeout: Annotated[Seconds, ALWAYS] = 30
    time_limit: Annotated[Seconds, Field(le=86_400)] = 14_400
    caller_id: CallerId | None = None
    caller_name: CallerName | None = None
    hangup_on_star: Flag = False
    redirect: Annotated[Flag, ALWAYS] = True
    callback_url: Url | None = None
    callback_method: Method = "POST"
    confirm_sound: Url | None = None
    confirm_key: Key | None = None
    confirm_timeout: Seconds = 120
    dial_music: Literal["real"] | Url | None = None
    digits_match: DigitList | None = None
    digits_match_b_leg: DigitList | None = None
    sip_headers: SipHeaders | None = None
    call_type: Literal["voice", "whatsapp"] = "voice"

    @model_validator(mode="after")
    def _key_is_asked_for(self) -> Self:
        if self.confirm_key is not None and self.confirm_sound is None:
            raise ValueError("confirmKey needs confirmSound, which asks for the key: set it")
        return self
