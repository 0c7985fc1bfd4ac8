"""A human at a telephone of another make."""

from __future__ import annotations

from pathlib import Path

from escalate.emulator.client import LocalPlivo
from tests.emulator.harness import Application

from .peers import need
from .phones import linphone


async def test_a_human_puts_the_caller_on_hold_takes_him_back_and_hangs_up(
    plivo: LocalPlivo, app: Application, tmp_path: Path
) -> None:
    """He has registered; both changes are agreed to, and his goodbye completes the Dial."""
    need("linphonec")
    assert plivo.sip is not None
    async with linphone(tmp_path / "phone", "desk", proxy=plivo.sip) as phone:
        await plivo.wait_for("sip.sent", line="SIP/2.0 200 OK", timeout_s=20)
        user = f"<User>sip:desk@{plivo.sip}</User>"
        app.answers("answer", f"<Dial timeout='20' action='{app.url('action')}'>{user}</Dial>")
        app.answers("action", "<Hangup/>")
        call = await plivo.call()
        after = (await plivo.wait_for("leg.bridged", call, timeout_s=20))["seq"]
        for command in ("pause", "resume"):
            phone.tell(command)
            # The ACK of the INVITE that says so.
            line = f"ACK sip:plivo@{plivo.sip} SIP/2.0"
            after = (await plivo.wait_for("sip.received", call, after=after, line=line))["seq"]
        phone.tell("terminate")
        told = (await app.request("action")).params
    assert ("completed", "4000") == (told["DialStatus"], told["HangupCauseCode"])
