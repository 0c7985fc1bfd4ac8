"""What the local Plivo does with sound between two telephones, where no foreign peer is needed."""

from __future__ import annotations

import asyncio

from escalate.emulator.client import LocalPlivo
from escalate.emulator.sip.digest import Credentials
from tests import nursery
from tests.emulator.harness import Application

from .peers import LOOPBACK, PATIENCE_S, until
from .softphone import Softphones

DESK = Credentials("desk", "s3cret-of-the-desk")
FRAMES = 60


async def test_no_frame_is_lost_between_bridged_telephones(
    plivo: LocalPlivo, app: Application
) -> None:
    """Five calls at once through a challenge; each frame is heard at the other end, in order."""
    async with Softphones(DESK).open() as phones:
        user = (
            f"<User sipAuthUsername='{DESK.username}' sipAuthPassword='{DESK.password}'>"
            f"{phones.uri}</User>"
        )
        app.answers("answer", f"<Dial>{user}</Dial>")
        number = f"sip:14155550100@{plivo.sip}"
        callers = await asyncio.gather(
            *(phones.call(number, f"1415555012{one}") for one in range(5))
        )
        await until(lambda: len(phones.picked_up) == 5)
        voices = [*callers, *phones.picked_up]
        await until(lambda: all(len(voice.heard) >= FRAMES * 160 for voice in voices))
        assert [0] * 10 == [voice.lost() for voice in voices]


async def test_a_softphone_needs_one_command_and_no_account(app: Application) -> None:
    """It says where it listens, and whoever calls there reaches the application."""
    app.answers("answer", "<Wait length='60'/>")
    process = await asyncio.create_subprocess_exec(
        *(nursery.python(), "-m", "escalate.emulator", "--sip", "0", "--auth-id", "MA"),
        *("--auth-token", "secret", "--answer-url", app.url("answer")),
        *("--hangup-url", app.url("hangup")),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE_S), Softphones().open() as phones:
            words = [(await process.stdout.readline()).decode().split() for _ in range(2)]
            assert ["ready", "sip"] == [word for word, _ in words]
            assert words[1][1].startswith(f"{LOOPBACK}:")
            await phones.call(f"sip:14155550100@{words[1][1]}", "14155550123")
            params = (await app.request("answer")).params
        assert ("14155550123", "14155550100") == (params["From"], params["To"])
        await app.request("hangup")
    finally:
        process.terminate()
        await process.wait()
