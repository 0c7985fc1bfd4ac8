"""A human at a telephone of another make."""

from __future__ import annotations

from pathlib import Path

from escalate.emulator import audio
from escalate.emulator.client import LocalPlivo
from tests.emulator.harness import Application

from .pbx import REALM, kamailio
from .peers import LOOPBACK, PATIENCE_S, need
from .phones import linphone
from .test_pbx import SECRET, TRUNK
from .tones import has_heard

HZ = 440


async def test_a_human_puts_the_caller_on_hold_takes_him_back_and_hangs_up(
    plivo: LocalPlivo, app: Application, tmp_path: Path
) -> None:
    """He has registered; both changes are agreed to, and his goodbye completes the Dial."""
    need("linphonec")
    assert plivo.sip is not None
    async with linphone(tmp_path / "phone", "desk", proxy=plivo.sip) as phone:
        await plivo.wait_for("sip.sent", line="SIP/2.0 200 OK", timeout_s=PATIENCE_S)
        user = f"<User>sip:desk@{plivo.sip}</User>"
        app.answers("answer", f"<Dial timeout='20' action='{app.url('action')}'>{user}</Dial>")
        app.answers("action", "<Hangup/>")
        call = await plivo.call()
        after = (await plivo.wait_for("leg.bridged", call, timeout_s=PATIENCE_S))["seq"]
        for command in ("pause", "resume"):
            phone.tell(command)
            # The ACK of the INVITE that says so.
            line = f"ACK sip:plivo@{plivo.sip} SIP/2.0"
            after = (await plivo.wait_for("sip.received", call, after=after, line=line))["seq"]
        phone.tell("terminate")
        told = (await app.request("action")).params
    assert ("completed", "4000") == (told["DialStatus"], told["HangupCauseCode"])


async def test_a_human_behind_a_challenging_proxy_is_reached_and_heard(
    plivo: LocalPlivo, app: Application, tmp_path: Path
) -> None:
    """He registers there by digest; the call to him is challenged, and his tone is heard."""
    need("kamailio", "linphonec")
    password = "s3cret-of-the-desk"
    at = tmp_path / "phone"
    async with (
        kamailio(tmp_path / "pbx", {TRUNK: SECRET, "desk": password}) as pbx,
        linphone(
            at, "desk", proxy=f"{LOOPBACK}:{pbx.port}", domain=REALM, password=password
        ) as phone,
    ):
        await pbx.registered("desk")
        (at / "tone.wav").write_bytes(audio.write_wav(audio.tone(20, (HZ,), 12000)))
        user = f"<User sipAuthUsername='{TRUNK}' sipAuthPassword='{SECRET}'>{pbx.uri('desk')}"
        app.answers("answer", f"<Dial timeout='30'>{user}</User></Dial><Hangup/>")
        call = await plivo.call()
        await plivo.wait_for("leg.bridged", call, timeout_s=PATIENCE_S)
        assert 407 == (await plivo.wait_for("leg.challenged", call))["scheme"]
        phone.tell(f"play {at / 'tone.wav'}")
        await has_heard(plivo, call, HZ)
        phone.tell("terminate")
        ended = await plivo.wait_for("leg.ended", call, timeout_s=PATIENCE_S)
    assert ("completed", 4000) == (ended["dial_status"], ended["code"])
