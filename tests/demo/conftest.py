"""What the tests with Pipecat in them need: the framework, and patience with its imports."""

from __future__ import annotations

import pytest

# Pipecat warns about itself when it is imported, and once when a bot is put together.
PIPECAT_WARNINGS = (
    "ignore:'audioop' is deprecated:DeprecationWarning",
    "ignore:`AudioContextTTSService` is deprecated:DeprecationWarning",
    "ignore:path is deprecated. Use files:DeprecationWarning",
)


def pytest_configure(config: pytest.Config) -> None:
    """Let those warnings pass."""
    for warning in PIPECAT_WARNINGS:
        config.addinivalue_line("filterwarnings", warning)
