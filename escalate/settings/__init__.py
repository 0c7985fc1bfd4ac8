"""The policy: what `escalate.toml` and the environment say."""

from escalate.settings.load import load_settings
from escalate.settings.model import Destination, Handoff, Say, Settings, password_variable

__all__ = [
    "Destination",
    "Handoff",
    "Say",
    "Settings",
    "load_settings",
    "password_variable",
]
