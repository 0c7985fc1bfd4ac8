"""What a telephone may be told from the playground's page, as the local Plivo then carries it."""

from __future__ import annotations

import pytest

from escalate.demo import behaviours
from escalate.demo.scenarios import SIP_ADDRESS, SIP_PASSWORD, SIP_USERNAME
from escalate.emulator.client import LocalPlivo

from .harness import Application

USER = (
    f"<User sipAuthUsername='{SIP_USERNAME}' sipAuthPassword='{SIP_PASSWORD}'>{SIP_ADDRESS}</User>"
)
ENDS = {"busy": 3010, "declines": 3110, "wrong password": 4240, "silent": 4250}


@pytest.mark.parametrize("behaviour", behaviours.behaviours_of("support"))
async def test_a_telephone_behaves_as_it_is_told(
    behaviour: str, plivo: LocalPlivo, app: Application
) -> None:
    """Each name stands for the one thing that it says."""
    app.answers("answer", f"<Dial timeout='5'>{USER}</Dial><Wait length='60'/>")
    told = behaviours.phone("support", behaviour)
    await plivo.phones(told)
    call = await plivo.call()
    if behaviour == "answers":
        await plivo.wait_for("leg.bridged", call)
    elif behaviour == "rings":
        await plivo.wait_for("leg.ringing", call)
    else:
        await plivo.wait_for("leg.ended", call, code=ENDS[behaviour])
    now = {one["destination"]: one["behaviour"] for one in behaviours.shown(told)}
    assert {"support": behaviour, "duty-phone": behaviours.AS_SCRIPTED} == now


def test_a_telephone_without_credentials_cannot_refuse_them() -> None:
    """Nor is there anything to be told to somebody unknown."""
    assert "wrong password" not in behaviours.behaviours_of("duty-phone")
    with pytest.raises(KeyError):
        behaviours.phone("duty-phone", "wrong password")
    with pytest.raises(KeyError):
        behaviours.phone("nobody", "busy")
