"""A link to the page about a call opens that page, for a while, and nothing else."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalate.handoff.links import make_token, read_token

KEY, OTHER = b"k" * 32, b"o" * 32
CALL = "5b0d7f3a-9c43-4c7e-8d3b-0f1f8f1a2b3c"


def test_a_token_opens_its_call_until_it_expires() -> None:
    """One second before the end it does, at the end it does not."""
    token = make_token(CALL, key=KEY, expires_at=1_000.0)
    assert CALL == read_token(token, keys=[KEY], now=999.0)
    assert read_token(token, keys=[KEY], now=1_000.0) is None


def test_a_token_needs_no_escape_anywhere() -> None:
    """It is letters and digits, so it survives a header and an address."""
    assert make_token(CALL, key=KEY, expires_at=2e9).isalnum()


def test_a_replaced_key_still_opens_what_it_signed() -> None:
    """An unknown key opens nothing."""
    token = make_token(CALL, key=OTHER, expires_at=2e9)
    assert CALL == read_token(token, keys=[KEY, OTHER], now=0.0)
    assert read_token(token, keys=[KEY], now=0.0) is None
    assert read_token(token, keys=[], now=0.0) is None


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 400), st.integers(1, 255))
def test_a_token_with_one_octet_changed_opens_nothing(place: int, change: int) -> None:
    """Neither the call nor the expiry can be altered."""
    token = make_token(CALL, key=KEY, expires_at=2e9)
    octets = bytearray(base64.b32decode(token + "=" * (-len(token) % 8)))
    octets[place % len(octets)] ^= change
    forged = base64.b32encode(octets).decode().rstrip("=")
    assert read_token(forged, keys=[KEY], now=0.0) is None


@given(st.text(max_size=120))
def test_any_other_text_opens_nothing(text: str) -> None:
    """It never raises either: a stranger chooses it."""
    assert read_token(text, keys=[KEY], now=0.0) is None


@pytest.mark.parametrize("change", [str.lower, lambda t: t + "=", lambda t: t + "A" * 600])
def test_a_token_has_one_spelling(change: object) -> None:
    """So that it can be counted or taken back by its text."""
    assert callable(change)
    token = make_token(CALL, key=KEY, expires_at=2e9)
    assert read_token(change(token), keys=[KEY], now=0.0) is None


def test_a_weak_key_and_a_wrong_time_are_refused() -> None:
    """Both are mistakes of whoever configures."""
    with pytest.raises(ValueError, match="at least 16 bytes"):
        make_token(CALL, key=b"short", expires_at=2e9)
    with pytest.raises(ValueError, match="since the epoch"):
        make_token(CALL, key=KEY, expires_at=-1.0)
