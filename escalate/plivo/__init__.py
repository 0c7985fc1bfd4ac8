"""Plivo's edge: its documents, requests, callbacks and signatures, in Plivo's own words."""

from __future__ import annotations

from escalate.plivo.addresses import Destination, PhoneNumber, SipUri
from escalate.plivo.calls import OutboundCall
from escalate.plivo.causes import CAUSES, DialStatus, HangupSource, reason_for
from escalate.plivo.client import PlivoClient
from escalate.plivo.headers import SipHeaders
from escalate.plivo.signature import sign_v3, verify_v3, verify_v3_websocket
from escalate.plivo.urls import with_retries

__all__ = [
    "CAUSES",
    "Destination",
    "DialStatus",
    "HangupSource",
    "OutboundCall",
    "PhoneNumber",
    "PlivoClient",
    "SipHeaders",
    "SipUri",
    "reason_for",
    "sign_v3",
    "verify_v3",
    "verify_v3_websocket",
    "with_retries",
]
