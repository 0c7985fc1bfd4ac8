"""How a human's telephone may be told to behave, by a name that stands on the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from escalate.demo.scenarios import DESTINATIONS, SIP_ADDRESS, SIP_PASSWORD, SIP_USERNAME, Phones

_ADDRESSES: Final = {name: address for address, name in DESTINATIONS.items()}
_RIGHT: Final = {"username": SIP_USERNAME, "password": SIP_PASSWORD}
_OTHER: Final = {**_RIGHT, "password": "changed-since"}

_ALL: Final[Mapping[str, Mapping[str, Any]]] = {
    "answers": {"answers_after_s": 0.4},
    "rings": {"answers_after_s": None},
    "busy": {"busy": True},
    "declines": {"answers_after_s": 1.0, "declines": True},
    "wrong password": {"challenge": _OTHER},
    "silent": {"silent_after_challenge": True},
}
# Only an endpoint that demands credentials can be set up with others, or fall silent over them.
_SIP_ONLY: Final = frozenset({"wrong password", "silent"})

AS_SCRIPTED: Final = "as the scenario says"


def address_of(destination: str) -> str:
    """Return what is dialled for a destination.

    Raises:
        KeyError: There is none of this name.
    """
    return _ADDRESSES[destination]


def behaviours_of(destination: str) -> list[str]:
    """Return what a destination's telephone may be told to do."""
    is_sip = _ADDRESSES[destination] == SIP_ADDRESS
    return [name for name in _ALL if is_sip or name not in _SIP_ONLY]


def phone(destination: str, behaviour: str) -> Phones:
    """Return the telephone of a destination that behaves like this.

    Raises:
        KeyError: There is no such destination, or it cannot do that.
    """
    address = _ADDRESSES[destination]
    if behaviour not in behaviours_of(destination):
        raise KeyError(behaviour)
    demanded = {"challenge": _RIGHT} if address == SIP_ADDRESS else {}
    return {address: {**demanded, **_ALL[behaviour]}}


def shown(phones: Phones) -> list[dict[str, Any]]:
    """Return every destination with what its telephone may do, and what it does now."""
    return [
        {
            "destination": name,
            "behaviours": behaviours_of(name),
            "behaviour": _behaviour_in(name, phones.get(address, {})),
        }
        for name, address in _ADDRESSES.items()
    ]


def _behaviour_in(destination: str, scripted: Mapping[str, Any]) -> str:
    for behaviour in behaviours_of(destination):
        if phone(destination, behaviour)[_ADDRESSES[destination]] == scripted:
            return behaviour
    return AS_SCRIPTED
