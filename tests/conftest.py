from __future__ import annotations

import os
from typing import Any

import pytest

from tests import nursery


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config, specs: list[Any]) -> None:
    """The workers of a run are forks of a process that has collected its tests."""
    python = nursery.python_that_collected(config.args)
    for spec in specs:
        spec.python = python


def pytest_configure(config: pytest.Config) -> None:
    """What plays calls in real time goes before what only computes."""
    if hasattr(config, "workerinput"):
        os.nice(5)
