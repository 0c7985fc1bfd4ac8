"""What the local Plivo does with sound between two telephones, where no foreign peer is needed."""

from __future__ import annotations

import asyncio

from escalate.emulator.client import LocalPlivo
from escalate.emulator.sip.digest import Credentials
from tests.emulator.harness import Application

from .peers import until
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
