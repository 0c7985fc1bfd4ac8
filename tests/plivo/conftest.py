"""Plivo's own SDK, to compare with."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import pytest


@pytest.fixture(scope="session")
def sdk() -> Any:
    """Plivo's Python SDK, imported without the warnings that its source gives rise to."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module("plivo.utils")
        importlib.import_module("plivo.xml")
        return importlib.import_module("plivo")
