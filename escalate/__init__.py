"""Makes sure a caller who needs a human gets one.

A detector watches the live transcript of a voice bot; a switchboard moves the caller to a human by
phone or authenticated SIP, and keeps him when that fails. The adapters for Pipecat and LiveKit
Agents are modules of their own, imported only by those who have the framework.
"""

import logging

from escalate._version import __version__
from escalate.consultation import Consultation
from escalate.errors import (
    CallGone,
    CarrierError,
    CarrierUnreachable,
    ConfigurationError,
    EscalateError,
    ForgedCallback,
    LayoutError,
    RequestRefused,
    StoreUnavailable,
)
from escalate.follow_up import CallbackPromised, VoicemailLeft
from escalate.live_call import LiveCall, Resumption
from escalate.settings import Settings, load_settings
from escalate.switchboard import Switchboard
from escalate.transfer import Ending
from escalate.transfer.news import News, Step
from escalate.values import Outcome, Party, Reason, Said, Trigger

__all__ = [
    "CallGone",
    "CallbackPromised",
    "CarrierError",
    "CarrierUnreachable",
    "ConfigurationError",
    "Consultation",
    "Ending",
    "EscalateError",
    "ForgedCallback",
    "LayoutError",
    "LiveCall",
    "News",
    "Outcome",
    "Party",
    "Reason",
    "RequestRefused",
    "Resumption",
    "Said",
    "Settings",
    "Step",
    "StoreUnavailable",
    "Switchboard",
    "Trigger",
    "VoicemailLeft",
    "__version__",
    "load_settings",
]

logging.getLogger("escalate").addHandler(logging.NullHandler())
