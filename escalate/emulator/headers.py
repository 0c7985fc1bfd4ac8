"""Which SIP headers Plivo sends on, and which it drops without a word.

Sources: the XML page for voice agents (reserved names) and the support article on SIP headers
(letters and digits only, lengths). Headers leave as `X-PH-<Name>`, or in raw mode, which is that of
a call whose caller came in with SIP credentials, as `X-<Name>`.
"""

from __future__ import annotations

import re
from typing import Final

_NAME: Final = re.compile(r"[A-Za-z0-9]{1,24}\Z")
_VALUE: Final = re.compile(r"[A-Za-z0-9%]{1,120}\Z")
_RESERVED: Final = ("ph-", "plivo", "fs-", "sipauth", "zt-", "twilio")


def split(text: str, *, raw: bool = False) -> tuple[dict[str, str], list[str]]:
    """Return the headers that are sent, by their names on the wire, and the names dropped."""
    sent: dict[str, str] = {}
    dropped: list[str] = []
    for pair in filter(str.strip, text.split(",")):
        name, _, value = (part.strip() for part in pair.partition("="))
        reserved = name.lower().startswith(_RESERVED) or name.lower() == "clientregion"
        if reserved or not _NAME.match(name) or not _VALUE.match(value):
            dropped.append(name)
        else:
            sent[f"X-{name}" if raw else f"X-PH-{name}"] = value
    return sent, dropped
