"""The policy: what `escalate.toml` and the environment say."""

from escalate.settings.destination import Destination, password_variable
from escalate.settings.load import load_settings
from escalate.settings.model import Handoff, Settings
from escalate.settings.saying import Say

__all__ = [
    "Destination",
    "Handoff",
    "Say",
    "Settings",
    "load_settings",
    "password_variable",
]
