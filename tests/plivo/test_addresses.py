"""Whom can be dialled, and what cannot be smuggled into an address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalate.plivo.addresses import destination, is_sip, phone_number, sip_uri


@pytest.mark.parametrize("number", ["14155550100", "+14155550100", "+442071838750", "911"])
def test_phone_numbers_are_taken_with_or_without_plus(number: str) -> None:
    """E.164 digits are a destination."""
    assert number == phone_number(number) == destination(number)


@pytest.mark.parametrize(
    "uri",
    [
        "sip:queue-1@your-cc.example.com",
        "sip:100@10.0.0.1:5080",
        "sip:100@[2001:db8::1]:5080",
        "sip:+14155550100@pbx.example.com;transport=tls",
        "sips:desk.a_b!~*'()&=+$?/%20@pbx.example.com",
        "SIP:Queue@PBX.example.com;transport=UDP",
    ],
)
def test_sip_addresses_are_taken_with_port_and_transport(uri: str) -> None:
    """User, host, port and transport are all an address needs."""
    assert uri == sip_uri(uri) == destination(uri)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "0123",
        "1415555010012345",
        "1415-555-0100",
        "1415 5550100",
        "14155550100<14155550199",
        "14155550100\n",
        "\u0661\u0664\u0661\u0665",
        "sip:",
        "sip:host.example.com",
        "sip:a@",
        "sip:a@b@c.example",
        "sip:a,b@c.example",
        "sip:a;b@c.example",
        "sip:a@c.example;maddr=evil.example",
        "sip:a@c.example?Replaces=x",
        "sip:a@c.example<sip:b@c.example",
        "sip:a@c.example\r\nVia: x",
        'sip:"a"@c.example',
        "sip:a b@c.example",
        "sip:a%2@c.example",
        "sip:a@c.example:0",
        "sip:a@c.example:65536",
        "sip:a@c.example:",
        "tel:+14155550100",
        "queue-1@your-cc.example.com",
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    """One number or one address, whole; nothing that starts a second one or a header."""
    with pytest.raises(ValueError, match=r"SIP|phone"):
        destination(text)


def test_password_in_an_address_is_refused_without_being_shown() -> None:
    """A password in an address has a better place, and the error names it."""
    with pytest.raises(ValueError, match="user name and password") as refused:
        sip_uri("sip:a:hunter22@b.example")
    assert "hunter22" not in str(refused.value)


@given(st.text(max_size=60) | st.from_regex(r"sip:.{0,20}@.{0,20}", fullmatch=True))
def test_accepted_addresses_are_safe_wherever_they_are_written(text: str) -> None:
    """Nothing that is accepted holds a character that ends an address or a line."""
    try:
        accepted = destination(text)
    except ValueError:
        return
    assert not set(accepted) & set('<>,"\\ \t\r\n\0')
    assert accepted.isascii()
    assert is_sip(accepted) == (not accepted.lstrip("+").isdigit())
