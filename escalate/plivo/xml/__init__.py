"""Plivo XML: one model per element, and documents to text and back."""

from __future__ import annotations

from escalate.plivo.xml.base import Element
from escalate.plivo.xml.basic import Hangup, Play, Redirect, Speak, Stream, Wait
from escalate.plivo.xml.conference import Conference
from escalate.plivo.xml.dial import Dial, Number, User
from escalate.plivo.xml.document import MAX_BYTES, Response, Step, parse, render
from escalate.plivo.xml.early import DTMF, Message, PreAnswer
from escalate.plivo.xml.input import GetDigits, GetInput, Record
from escalate.plivo.xml.party import MultiPartyCall
from escalate.plivo.xml.patterns import agent_with_greeting, ivr_before_agent, transfer_to_human

__all__ = [
    "DTMF",
    "MAX_BYTES",
    "Conference",
    "Dial",
    "Element",
    "GetDigits",
    "GetInput",
    "Hangup",
    "Message",
    "MultiPartyCall",
    "Number",
    "Play",
    "PreAnswer",
    "Record",
    "Redirect",
    "Response",
    "Speak",
    "Step",
    "Stream",
    "User",
    "Wait",
    "agent_with_greeting",
    "ivr_before_agent",
    "parse",
    "render",
    "transfer_to_human",
]
