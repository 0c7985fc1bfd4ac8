"""SIP headers that Plivo would drop are refused, and the rest arrive."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalate.plivo.headers import checked_headers, format_headers, parse_headers

names = st.from_regex(r"[A-Za-z0-9]{1,24}", fullmatch=True)
values = st.from_regex(r"[A-Za-z0-9%]{1,120}", fullmatch=True)


@pytest.mark.parametrize(
    ("name", "value", "fix"),
    [
        ("Plivo", "1", "start with Plivo are reserved"),
        ("plivoTicket", "1", "start with Plivo are reserved"),
        ("PH-Ticket", "1", "start with PH- are reserved"),
        ("fs-Ticket", "1", "start with FS- are reserved"),
        ("SIPAUTHUSER", "1", "start with SipAuth are reserved"),
        ("ZT-Ticket", "1", "start with ZT- are reserved"),
        ("TwilioCallSid", "1", "start with Twilio are reserved"),
        ("clientregion", "1", "another name"),
        ("Customer-Id", "1", "write CustomerId"),
        ("Customer\r\nVia", "1", "write CustomerVia"),
        ("", "1", "letters and digits"),
        ("A" * 25, "1", "24 characters"),
        ("Ticket", "", "must not be empty"),
        ("Ticket", "1,Other=2", "percent-encode"),
        ("Ticket", "caf\u00e9", "percent-encode"),
        ("Ticket", "1" * 121, "120 characters"),
    ],
)
def test_header_that_would_be_dropped_is_refused(name: str, value: str, fix: str) -> None:
    """The error names the header and what to do about it."""
    with pytest.raises(ValueError, match=fix):
        checked_headers({name: value})


def test_headers_that_would_merge_are_refused() -> None:
    """Names differ by more than case, which does not survive the wire."""
    with pytest.raises(ValueError, match="rename one"):
        checked_headers({"Ticket": "1", "TICKET": "2"})


@given(st.dictionaries(names, values, max_size=6))
def test_accepted_headers_survive_the_round_trip(headers: dict[str, str]) -> None:
    """What is accepted comes out of the attribute as it went in."""
    try:
        accepted = checked_headers(headers)
    except ValueError as refusal:
        assert any(word in str(refusal) for word in ("reserved", "rename", "another"))
        return
    if accepted:
        assert headers == parse_headers(format_headers(accepted))


@pytest.mark.parametrize("text", ["", "Ticket", "A=1,", "A=1,A=2"])
def test_malformed_attribute_is_refused(text: str) -> None:
    """An attribute is name=value pairs with commas between them, each name once."""
    with pytest.raises(ValueError, match="part"):
        parse_headers(text)
