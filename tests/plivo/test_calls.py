"""What a call may be asked for with, and what goes onto the wire."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from escalate.plivo.calls import OutboundCall

URL = "https://escalate.example.com/human"
SIP = "sip:queue-1@cc.example.com"
SECRET = "open-sesame-1"


def order(**changes: Any) -> OutboundCall:
    """Return a call to a phone, with changes."""
    return OutboundCall(
        **{"from_": "14155550100", "to": "14155550123", "answer_url": URL} | changes
    )


def test_body_is_plivos_request() -> None:
    """Names, types and credentials are those of the Make Call page."""
    call = order(
        to=SIP,
        hangup_url=f"{URL}/gone",
        ring_timeout=25,
        sip_headers={"Skill": "billing", "Ticket": "7"},
        sip_auth_username="queue1",
        sip_auth_password=SecretStr(SECRET),
        parent_call_uuid="97ceeb52",
        error_if_parent_not_found=True,
        machine_detection="hangup",
        machine_detection_time=4000,
    )
    assert {
        "from": "14155550100",
        "to": SIP,
        "answer_url": URL,
        "answer_method": "POST",
        "hangup_url": f"{URL}/gone",
        "hangup_method": "POST",
        "ring_timeout": 25,
        "time_limit": 14_400,
        "sip_headers": "Skill=billing,Ticket=7",
        "sip_auth_username": "queue1",
        "sip_auth_password": SECRET,
        "parent_call_uuid": "97ceeb52",
        "error_if_parent_not_found": True,
        "machine_detection": "hangup",
        "machine_detection_time": 4000,
    } == call.body()


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"to": "14155550123<14155550124"}, "neither"),
        ({"to": f"{SIP}<sip:other@cc.example.com"}, "SIP address"),
        ({"to": ""}, "neither"),
        ({"from_": "1415\n"}, "from_"),
        ({"answer_url": "/human"}, "absolute URL"),
        ({"caller_name": "x" * 51}, "50"),
        ({"time_limit": 86_401}, "86400"),
        ({"to": SIP, "sip_auth_username": "a"}, "without a password"),
        ({"to": SIP, "sip_auth_password": SECRET}, "without a user name"),
        ({"to": SIP, "sip_auth_username": "a", "sip_auth_password": "short"}, "8 to 128"),
        ({"sip_auth_username": "a", "sip_auth_password": SECRET}, "SIP address only"),
        ({"sip_headers": {"Plivo": "1"}}, "reserved"),
        ({"machine_detection_time": 3000}, "set machine_detection"),
        ({"machine_detection": "true", "machine_detection_time": 1999}, "2000"),
        ({"error_if_parent_not_found": True}, "parent_call_uuid"),
        ({"retries": 1}, "retries"),
    ],
)
def test_what_plivo_would_refuse_is_refused_before(changes: dict[str, Any], hint: str) -> None:
    """Several destinations, half of the credentials and values out of range never leave."""
    with pytest.raises(ValidationError) as refused:
        order(**changes)
    assert hint in str(refused.value)
    assert SECRET not in str(refused.value)


def test_repr_shows_neither_number_nor_secret() -> None:
    """A call that ends up in a log identifies nobody."""
    call = order(to=SIP, sip_auth_username="desk", sip_auth_password=SECRET)
    for private in ("14155550100", "queue-1", "desk", SECRET, URL):
        assert private not in repr(call) + str(call)
