"""Plivo XML: one model per element, and documents to text and back."""

from __future__ import annotations

from escalate.plivo.xml.base import Element
from escalate.plivo.xml.basic import Hangup, Play, Redirect, Speak, Stream, Wait
from escalate.plivo.xml.conference import Conference
from escalate.plivo.xml.dial import Dial, Number, User
from escalate.plivo.xml.document import MAX_BYTES, Response, Step, parse, render
from escalate.plivo.xml.input import GetDigits, GetInput, Record

__all__ = [
    "MAX_BYTES",
    "Conference",
    "Dial",
    "Element",
    "GetDigits",
    "GetInput",
    "Hangup",
    "Number",
    "Play",
    "Record",
    "Redirect",
    "Response",
    "Speak",
    "Step",
    "Stream",
    "User",
    "Wait",
    "parse",
    "render",
]
