"""Makes sure a caller who needs a human gets one.

A detector watches the live transcript of a voice bot; a switchboard moves the caller to a human by
phone or authenticated SIP, and keeps him when that fails. The adapters for Pipecat and LiveKit
Agents are modules of their own, imported only by those who have the framework.
"""

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

from escalate._version import __version__

if TYPE_CHECKING:
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

# A bot that only starts, a local Plivo or a command waits for none of what it does not use.
_HOMES = {
    "CallGone": "errors",
    "CallbackPromised": "follow_up",
    "CarrierError": "errors",
    "CarrierUnreachable": "errors",
    "ConfigurationError": "errors",
    "Consultation": "consultation",
    "Ending": "transfer",
    "EscalateError": "errors",
    "ForgedCallback": "errors",
    "LayoutError": "errors",
    "LiveCall": "live_call",
    "News": "transfer.news",
    "Outcome": "values",
    "Party": "values",
    "Reason": "values",
    "RequestRefused": "errors",
    "Resumption": "live_call",
    "Said": "values",
    "Settings": "settings",
    "Step": "transfer.news",
    "StoreUnavailable": "errors",
    "Switchboard": "switchboard",
    "Trigger": "values",
    "VoicemailLeft": "follow_up",
    "load_settings": "settings",
}

logging.getLogger("escalate").addHandler(logging.NullHandler())

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Import a public name when it is first used."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        return value
