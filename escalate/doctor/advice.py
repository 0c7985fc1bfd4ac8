"""What no check can find out from here: firewalls, codecs, and the causes of what is heard."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

REGIONS: Final = (
    "San Jose",
    "Ashburn",
    "Frankfurt",
    "Sao Paulo",
    "Sydney",
    "Singapore",
    "Mumbai",
)
"""Where Plivo's media servers are. Their addresses are Plivo's to state, and change."""

FIREWALL_PAGE: Final = "https://www.plivo.com/docs/voice/concepts/firewall-network-configuration"
"""Plivo's page "Voice Firewall and Network Configuration", which has the addresses."""

CODECS: Final = ("PCMU", "PCMA")
"""What Plivo offers a human's SIP endpoint."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A symptom, the words it is looked up by, and what to do."""

    symptom: str
    words: tuple[str, ...]
    answer: str


TROUBLES: Final = (
    Trouble(
        "the transfer fails with sip_auth_failed (4240)",
        ("sip_auth_failed", "4240", "credential", "password", "realm", "407", "401", "rejected"),
        "The human's side refused the credentials. Compare the destination's username, and "
        "ESCALATE_SIP_PASSWORD_<NAME> or its password_file, with the contact centre's letter by "
        "letter, and look which authentication realm it asks for.",
    ),
    Trouble(
        "the transfer fails with sip_auth_timeout (4250)",
        ("sip_auth_timeout", "4250", "challenge"),
        "The human's side asked for credentials, got them and said no more. Look at its SIP log "
        "and at the firewall between it and Plivo.",
    ),
    Trouble(
        "the transfer never reaches the contact centre",
        ("firewall", "blocked", "never", "reach", "invite", "whitelist", "unreachable"),
        "Let Plivo's media servers in: at least those of the region next to the contact centre, "
        "all of them if its people sit around the world.",
    ),
    Trouble(
        "the human answers, and nobody hears anything",
        ("audio", "sound", "hear", "one-way", "codec", "voice"),
        "The two sides have no codec in common. Allow PCMU or PCMA on the contact centre's trunk; "
        "Plivo offers these by default.",
    ),
    Trouble(
        "the caller hears silence while the human's phone rings",
        ("silence", "silent", "ring", "music", "hold", "wait", "hear"),
        'Set music under [handoff]: "real" for the real ring tone, or the URL of a document that '
        "plays one. It becomes dialMusic of Dial.",
    ),
    Trouble(
        "nobody answers: no-answer, or Ring Timeout Reached (6010)",
        ("no-answer", "no answer", "nobody", "6010", "timeout", "unanswered", "pick"),
        "The phone rang for ring_s of the destination. Raise ring_s, add attempts, or name "
        "another destination below it.",
    ),
    Trouble(
        "the human's line is busy",
        ("busy", "3010", "engaged"),
        "Name another destination below it, or let the contact centre queue the call.",
    ),
    Trouble(
        "the dial ends with Unknown Caller ID (3030)",
        ("3030", "caller id", "callerid"),
        "Set caller_id to a number that the account rents or has verified.",
    ),
    Trouble(
        "the call ends when the bot leaves, with End Of XML Instructions (4010)",
        ("4010", "hang", "dropped", "drops", "cut", "ends", "lost", "leaves"),
        'Let keepCallAlive="true" be on Stream and a Redirect stand behind it, and the bot\'s '
        "transport not hang up: with Pipecat its serializer's auto_hang_up is disarmed by "
        "EscalationProcessor(call, transport=transport).",
    ),
    Trouble(
        "the contact centre sees nothing about the call",
        ("header", "context", "screen", "uui", "user-to-user", "x-ph", "popup", "pop"),
        "Its trunk has to let our headers through: they arrive as X-PH-Ctx..., or X-Ctx... where "
        "the caller's leg used SIP authentication. A telephone gets none. For User-to-User set "
        "context of the destination to 'uui-bare', 'uui-leading' or 'uui-parameter', and have its "
        "session border controller copy X-PH-Usertouser (X-Usertouser) into User-to-User, "
        "unescaped: no header that Plivo sends has a hyphen of ours in its name.",
    ),
    Trouble(
        "somebody is spoken to in the wrong language",
        ("language", "english", "speaks", "spoken", "accent"),
        "The caller hears the language that the recogniser reports, else language under [say]; a "
        "human one of his destination's languages. Where Plivo has no voice for it, name "
        "recordings there. The check called voices says which.",
    ),
    Trouble(
        "callbacks are refused with 403",
        ("403", "signature", "forged", "refused", "callback"),
        "public_url has to be what Plivo was given, and PLIVO_AUTH_TOKEN that of the account, or "
        "sub-account, which owns the number. The check called signature says more.",
    ),
)
"""Plivo's own list for transfers to a human, and what shows itself in the same way."""


def answers_to(symptom: str) -> Sequence[Trouble]:
    """Return the troubles that a description fits, the best first; all when none does."""
    scores = {trouble: _fit(trouble, symptom.lower()) for trouble in TROUBLES}
    fitting = [trouble for trouble in TROUBLES if scores[trouble]]
    return sorted(fitting, key=lambda trouble: -scores[trouble]) or TROUBLES


def _fit(trouble: Trouble, asked: str) -> int:
    """How many of its words begin one of those that were asked."""
    return sum(re.search(rf"\b{re.escape(word)}", asked) is not None for word in trouble.words)
