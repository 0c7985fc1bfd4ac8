"""A contact centre that demands credentials, and real telephones behind it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from escalate.emulator.client import LocalPlivo
from tests.emulator.harness import Application

from .pbx import kamailio
from .peers import need, sipp
from .phones import baresip
from .scenarios import TALKS, document, gets

TRUNK, SECRET = "plivo", "s3cret-trunk"
USERS = {TRUNK: SECRET, "agent1": "s3cret-agent1"}


async def dial(
    plivo: LocalPlivo, app: Application, uri: str, username: str = TRUNK, password: str = SECRET
) -> dict[str, str]:
    """Dial somebody with credentials; return what the Dial's action is told."""
    path = f"action-{len(app.replies)}"
    app.answers(path, "<Hangup/>")
    user = f"<User sipAuthUsername='{username}' sipAuthPassword='{password}'>{uri}</User>"
    dial = f"<Dial timeout='4' timeLimit='1' action='{app.url(path)}'>{user}</Dial>"
    await plivo.call(answer_url=app.answers(f"for-{path}", dial))
    return (await app.request(path)).params


async def test_a_challenging_proxy_lets_the_right_credentials_through_alone(
    plivo: LocalPlivo, app: Application, tmp_path: Path
) -> None:
    """Wrong ones are 4240; silence after right ones is 4250; nobody behind it is 3050."""
    need("kamailio", "baresip")
    async with (
        kamailio(tmp_path / "pbx", USERS) as pbx,
        baresip(tmp_path / "agent1", "agent1", proxy=pbx.port, password=USERS["agent1"]),
    ):
        tries = {
            "right": dial(plivo, app, pbx.uri("agent1")),
            "over TCP": dial(plivo, app, pbx.uri("agent1", tcp=True)),
            "wrong password": dial(plivo, app, pbx.uri("agent1"), password="password-of-nobody"),
            "unknown user": dial(plivo, app, pbx.uri("agent1"), "nobody", "0" * 8),
            "silent": dial(plivo, app, pbx.uri("hole")),
            "nobody there": dial(plivo, app, pbx.uri("agent9")),
        }
        told = dict(zip(tries, await asyncio.gather(*tries.values()), strict=True))
    assert {
        "right": ("completed", "6000"),
        "over TCP": ("completed", "6000"),
        "wrong password": ("failed", "4240"),
        "unknown user": ("failed", "4240"),
        "silent": ("timeout", "4250"),
        "nobody there": ("failed", "3050"),
    } == {name: (one["DialStatus"], one["HangupCauseCode"]) for name, one in told.items()}


async def test_a_challenge_for_sha_256_is_answered(
    plivo: LocalPlivo, app: Application, tmp_path: Path
) -> None:
    """The algorithm of RFC 8760, checked by a proxy that knows it."""
    need("kamailio", "sipp")
    async with (
        sipp(document(gets("INVITE") + TALKS), tmp_path / "agent") as agent,
        kamailio(tmp_path, USERS, {"agent": agent.uri}, algorithm="SHA-256") as pbx,
    ):
        told = await dial(plivo, app, pbx.uri("agent"))
        assert ("completed", 0) == (told["DialStatus"], await agent.verdict())
