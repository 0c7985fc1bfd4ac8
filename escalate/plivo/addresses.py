"""Whom Plivo can dial: a phone number or a SIP address, and nothing that hides a second one.

Numbers and addresses end up in XML, in JSON and in SIP headers, where `<`, `,` and `;` start a new
destination or parameter. So they are matched whole against what may stand in them, and no error
repeats them.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator

# E.164: up to fifteen digits, the first of them not 0.
_PHONE: Final = re.compile(r"\+?[1-9][0-9]{1,14}")

# The user part of RFC 3261 section 25.1 without ";" and ",", which end an address in a header.
_SIP: Final = re.compile(
    r"""
    sips?:
    (?P<user> (?: [A-Za-z0-9_.!~*'()&=+$?/-] | %[0-9A-Fa-f]{2} ){1,128} )
    (?P<password> : [^@]* )?
    @
    (?P<host> [A-Za-z0-9] [A-Za-z0-9.-]{0,252} | \[ [0-9A-Fa-f:.]{2,45} \] )
    (?: : (?P<port> [0-9]{1,5} ) )?
    (?: ;transport= (?: udp | tcp | tls ) )?
    """,
    re.VERBOSE | re.IGNORECASE,
)


def phone_number(text: str) -> str:
    """Return `text` if it is a phone number in E.164 form, with or without "+".

    Raises:
        ValueError: It is not; the message does not repeat it.
    """
    if _PHONE.fullmatch(text):
        return text
    raise ValueError(
        "not a phone number: write the country code and the number as digits alone, "
        "with or without '+' in front"
    )


def sip_uri(text: str) -> str:
    """Return `text` if it is `sip:user@host[:port][;transport=udp|tcp|tls]`.

    Raises:
        ValueError: It is not; the message does not repeat it.
    """
    found = _SIP.fullmatch(text)
    if found is None:
        raise ValueError(
            "not a SIP address: write sip:user@host, with :port and ;transport=udp, tcp or tls "
            "where needed, and nothing else"
        )
    if found["password"] is not None:
        raise ValueError(
            "a SIP address must not hold a password: use the SIP user name and password settings"
        )
    if found["port"] is not None and not 0 < int(found["port"]) < 65_536:
        raise ValueError("the port of a SIP address must be between 1 and 65535")
    return text


def is_sip(address: str) -> bool:
    """Say whether `address` means to be a SIP address rather than a phone number."""
    return address[:5].lower().startswith(("sip:", "sips:"))


def same_destination(one: str, other: str) -> bool:
    """Say whether two addresses lead to the same place, however the carrier writes them."""
    return _plain(one) == _plain(other)


def _plain(address: str) -> str:
    """Return a number without "+", and a SIP address without parameters and in small letters."""
    return address.partition(";")[0].lower() if is_sip(address) else address.lstrip("+")


def destination(text: str) -> str:
    """Return `text` if it is one phone number or one SIP address.

    Raises:
        ValueError: It is neither; the message does not repeat it.
    """
    if is_sip(text):
        return sip_uri(text)
    try:
        return phone_number(text)
    except ValueError:
        raise ValueError(
            "neither a phone number (digits with the country code, as +14155550100) "
            "nor a SIP address (sip:user@host)"
        ) from None


PhoneNumber = Annotated[str, AfterValidator(phone_number)]
SipUri = Annotated[str, AfterValidator(sip_uri)]
Destination = Annotated[str, AfterValidator(destination)]
