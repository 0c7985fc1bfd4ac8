"""What an endpoint may answer to a call, and what the application is told of it; sipp plays it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NamedTuple

from escalate.emulator.client import LocalPlivo
from tests.emulator.harness import Application

from .peers import need, sipp
from .scenarios import (
    AUTH,
    CANCELLED,
    PARTS,
    PASSWORD,
    RINGS,
    TALKS,
    USERNAME,
    answers,
    carries,
    challenges,
    document,
    gets,
    refuses,
    says,
    verified,
    waits,
)

INVITE = gets("INVITE")
PROXY = carries("Proxy-Authorization")


class Row(NamedTuple):
    """An endpoint, and what becomes of a call to it: Plivo's code, DialStatus and challenges."""

    plays: str
    code: int
    status: str
    challenges: int = 0
    timeout_s: int = 6
    transport: str = "u1"


ENDED = 6000, "completed"
ROWS = {
    # Refusals.
    "busy": Row(refuses(486), 3010, "busy"),
    "busy everywhere": Row(refuses(600), 3100, "busy"),
    "declined": Row(refuses(603), 3110, "failed"),
    "unavailable": Row(refuses(480), 3000, "no-answer"),
    "timed out": Row(refuses(408), 3070, "no-answer"),
    "not found": Row(refuses(404), 3050, "failed"),
    "forbidden without a challenge": Row(refuses(403), 3040, "failed"),
    "no codec": Row(refuses(488), 2010, "failed"),
    "server error": Row(refuses(500), 3080, "failed"),
    "overloaded": Row(refuses(503), 3090, "failed"),
    "moved": Row(refuses(302, "Contact: <sip:other@127.0.0.1:9>"), 5020, "failed"),
    "busy after ringing": Row(INVITE + RINGS + says(486) + gets("ACK"), 3010, "busy"),
    # Silence.
    "rings for ever": Row(INVITE + RINGS + CANCELLED, 3000, "no-answer", timeout_s=1),
    "says nothing": Row(INVITE + waits(1), 3070, "failed"),
    "rings too late": Row(INVITE + waits(2500) + RINGS + CANCELLED, 3000, "no-answer", timeout_s=1),
    "answers too late": Row(
        INVITE + waits(2500) + answers() + PARTS, 3000, "no-answer", timeout_s=1
    ),
    # Answers.
    "answers": Row(INVITE + TALKS, *ENDED),
    "answers over TCP": Row(INVITE + TALKS, *ENDED, transport="t1"),
    "answers in A-law": Row(INVITE + RINGS + answers(8, "PCMA") + PARTS, *ENDED),
    "answers in G.729": Row(INVITE + RINGS + answers(18, "G729") + PARTS, 2010, "failed"),
    "challenges the BYE": Row(
        INVITE
        + answers()
        + gets("BYE")
        + says(407, f'Proxy-Authenticate: Digest realm="cc", {AUTH}', again=False)
        + PARTS,
        *ENDED,
    ),
    # Challenges that can be met.
    "401": Row(INVITE + challenges(401) + verified(TALKS), *ENDED, 1),
    "401 over TCP": Row(INVITE + challenges(401) + verified(TALKS), *ENDED, 1, transport="t1"),
    "401 without qop": Row(INVITE + challenges(401, 'nonce="n"') + verified(TALKS), *ENDED, 1),
    "401 with a list of qop": Row(
        INVITE
        + challenges(401, 'nonce="n", opaque="a,b=c", algorithm=MD5, qop="auth,auth-int"')
        + verified(TALKS),
        *(*ENDED, 1),
    ),
    "401 with auth-int": Row(
        INVITE + challenges(401, 'nonce="n", algorithm=MD5, qop="auth-int"') + verified(TALKS),
        *(*ENDED, 1),
    ),
    "401 with two challenges": Row(
        INVITE + challenges(401, 'nonce="a", algorithm=FOO-9, qop="auth"', AUTH) + verified(TALKS),
        *(*ENDED, 1),
    ),
    "401 with a stale nonce": Row(
        INVITE
        + challenges(401)
        + PROXY.replace("Proxy-", "")
        + challenges(401, 'nonce="fresh", algorithm=MD5, qop="auth", stale=true')
        + verified(TALKS),
        *(*ENDED, 2),
    ),
    "407": Row(INVITE + challenges(407) + PROXY + TALKS, *ENDED, 1),
    # Challenges that cannot.
    "407 again": Row(
        INVITE + challenges(407) + PROXY + challenges(407, 'nonce="other", qop="auth"'),
        *(4240, "failed", 2),
    ),
    "403 to credentials": Row(
        INVITE + challenges(407) + PROXY + says(403) + gets("ACK"), 4240, "failed", 1
    ),
    "an unknown algorithm": Row(
        INVITE + challenges(407, 'nonce="n", algorithm=FOO-1'), 4240, "failed", 1
    ),
    "silence after 407": Row(INVITE + challenges(407) + PROXY + waits(1), 4250, "timeout", 1),
}


async def test_every_answer_of_an_endpoint_is_told_in_plivos_words(
    plivo: LocalPlivo, app: Application, tmp_path: Path
) -> None:
    """And sipp agrees that everything was said to it that has to be said, in order."""
    need("sipp")
    names = list(ROWS)
    results = await asyncio.gather(
        *(
            _call(plivo, app, ROWS[name], tmp_path / str(number))
            for number, name in enumerate(names)
        )
    )
    wanted = {name: (row.code, row.status, row.challenges, 0) for name, row in ROWS.items()}
    assert wanted == dict(zip(names, results, strict=True))


async def _call(
    plivo: LocalPlivo, app: Application, row: Row, at: Path
) -> tuple[int, str, int, int]:
    """Dial an endpoint; return code, DialStatus, number of challenges, and what sipp thinks."""
    path = f"action{at.name}"
    async with sipp(document(row.plays), at, row.transport) as endpoint:
        user = (
            f"<User sipAuthUsername='{USERNAME}' sipAuthPassword='{PASSWORD}'>{endpoint.uri}</User>"
        )
        answer = app.answers(
            f"answer{at.name}",
            f"<Dial timeout='{row.timeout_s}' timeLimit='1' action='{app.url(path)}'>{user}</Dial>",
        )
        app.answers(path, "<Hangup/>")
        call = await plivo.call(answer_url=answer)
        told = (await app.request(path)).params
        verdict = await endpoint.verdict()
    events = await plivo.events(call)
    challenged = sum(event["kind"] == "leg.challenged" for event in events)
    return int(told["HangupCauseCode"]), told["DialStatus"], challenged, verdict
