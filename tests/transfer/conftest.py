"""Which of all tests come first."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that it is not the last to be waited for."""
    items.sort(key=lambda item: "test_no_order_loss" not in item.name)
