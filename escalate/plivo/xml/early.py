"""PreAnswer, DTMF and Message: what is heard before the answer, keys that we press, and texts."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from escalate.plivo.fields import Flag, Method, Text, Tones, Url
from escalate.plivo.xml.base import BODY, CHILDREN, Element
from escalate.plivo.xml.basic import Play, Speak, Wait

_PHONES: Final = r"\A\+?[1-9][0-9]{1,14}(<\+?[1-9][0-9]{1,14})*\z"


class PreAnswer(Element):
    """Sounds for a caller whose call is not answered yet, for less than 30 seconds in all."""

    holds: ClassVar = (Speak.tag, Play.tag, Wait.tag)

    children: Annotated[tuple[Speak | Play | Wait, ...], CHILDREN, Field(min_length=1)]


class DTMF(Element):
    """Keys that are pressed for us; with `async_` the next element does not wait for them."""

    digits: Annotated[Tones, BODY]
    async_: Annotated[Flag | None, Field(alias="async")] = None


class Message(Element):
    """A text message to one number or several, joined by "<" (Plivo's older "Message" page)."""

    text: Annotated[Text, Field(min_length=1, max_length=1600), BODY]
    src: Annotated[str, Field(pattern=r"\A[A-Za-z0-9+]{1,15}\z")] | None = None
    dst: Annotated[str, Field(pattern=_PHONES)] | None = None
    type: Literal["sms"] = "sms"
    callback_url: Url | None = None
    callback_method: Method = "POST"
