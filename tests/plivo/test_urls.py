"""The retry fragment stays within what Plivo allows."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from escalate.plivo.urls import with_retries

URL = "https://escalate.example.com/plivo/answer?call=1"


def settings(url: str) -> dict[str, str]:
    """Return the fragment of `url` as a mapping."""
    return {key: values[0] for key, values in parse_qs(urlsplit(url).fragment).items()}


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("ct", 100, 10_000), ("rt", 100, 40_000), ("tt", 100, 55_000), ("rc", 0, 5)],
)
def test_each_value_is_within_plivos_limits(name: str, low: int, high: int) -> None:
    """Values outside of the page's limits would be ignored by Plivo."""
    assert low <= int(settings(with_retries(URL))[name]) <= high


def test_window_outlives_a_supervised_restart() -> None:
    """Plivo repeats everything, as often and as long as it can be made to."""
    found = settings(with_retries(URL))
    assert ("55000", "5", "all") == (found["tt"], found["rc"], found["rp"])


def test_one_hanging_attempt_leaves_time_for_all_repeats() -> None:
    """Five attempts that run into the read time-out fit into the total."""
    found = settings(with_retries(URL))
    assert int(found["rt"]) * int(found["rc"]) <= int(found["tt"])


@pytest.mark.parametrize("old", ["", "#", "#ct=100", "#rp=all&er=mumbai"])
def test_fragment_is_replaced_and_the_rest_kept(old: str) -> None:
    """Applying it twice, or over another fragment, gives one fragment."""
    assert with_retries(URL) == with_retries(with_retries(URL + old))
    assert with_retries(URL + old).startswith(f"{URL}#ct=")
