"""The parts of a handoff that need no carrier: replies, briefing, context, hours and sentences.

Standard library and data files only. Nothing here knows a clock: time arrives as an argument.
"""

from escalate.handoff.briefing import Briefing, Pace, brief, introduction, seconds_of
from escalate.handoff.context import Context
from escalate.handoff.deciding import Reply
from escalate.handoff.finding import Quote
from escalate.handoff.headers import Packed, Received, read_headers, to_headers
from escalate.handoff.hours import ALWAYS_OPEN, Hours
from escalate.handoff.links import make_token, read_token
from escalate.handoff.packing import ContextForm, Sent, pack
from escalate.handoff.reading import Answer
from escalate.handoff.redaction import redact
from escalate.handoff.replies import Keys, hints, languages, prepare, read_reply, recogniser
from escalate.handoff.sentences import (
    FAILURES,
    Failure,
    Line,
    Sentences,
    Spoken,
    Voice,
    briefing_labels,
    choose_voice,
)
from escalate.handoff.uui import PackedUui, UuiForm, in_refer_to, read_uui, to_uui

__all__ = [
    "ALWAYS_OPEN",
    "FAILURES",
    "Answer",
    "Briefing",
    "Context",
    "ContextForm",
    "Failure",
    "Hours",
    "Keys",
    "Line",
    "Pace",
    "Packed",
    "PackedUui",
    "Quote",
    "Received",
    "Reply",
    "Sent",
    "Sentences",
    "Spoken",
    "UuiForm",
    "Voice",
    "brief",
    "briefing_labels",
    "choose_voice",
    "hints",
    "in_refer_to",
    "introduction",
    "languages",
    "make_token",
    "pack",
    "prepare",
    "read_headers",
    "read_reply",
    "read_token",
    "read_uui",
    "recogniser",
    "redact",
    "seconds_of",
    "to_headers",
    "to_uui",
]
