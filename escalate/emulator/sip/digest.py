"""Digest authentication (RFC 2617, RFC 7616, and RFC 8760 for SIP)."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from escalate.emulator.sip.message import Headers

_PART: Final = re.compile(r'([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')
_HASHES: Final = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}
_ANSWERS: Final = {
    "www-authenticate": "Authorization",
    "proxy-authenticate": "Proxy-Authorization",
}


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a server demands. Texts are kept as they were written, escapes included."""

    realm: str
    nonce: str
    algorithm: str | None = None
    qop: frozenset[str] = frozenset()
    opaque: str | None = None
    stale: bool = False
    answer: str = "Authorization"

    @property
    def is_usable(self) -> bool:
        """Whether we can answer it."""
        known = _hash_name(self.algorithm) in hashlib.algorithms_available
        return known and (not self.qop or bool(self.qop & {"auth", "auth-int"}))


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user of the other side."""

    username: str
    password: str = field(repr=False)


@dataclass(slots=True)
class Keyring:
    """The credentials of one call, and the challenges they have answered.

    A nonce is answered once; another one of the same realm only if the server says that the
    first was stale, and three of a realm at most. So a wrong password is sent once.
    """

    credentials: Credentials | None
    _answered: dict[tuple[str, str], list[Challenge]] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def take(self, headers: Headers) -> bool:
        """Take a response's challenges; False when there is nothing left to answer them with."""
        if self.credentials is None:
            return False
        chosen = choose(challenges(headers))
        if chosen is None:
            return False
        before = self._answered.setdefault((chosen.answer, chosen.realm), [])
        if before and (not chosen.stale or len(before) >= 3):
            return False
        before.append(chosen)
        return True

    def challenged_anew(self, headers: Headers) -> bool:
        """Take challenges to another request of the call, where old nonces may be refused."""
        self._answered.clear()
        return self.take(headers)

    def sign(self, method: str, uri: str, body: bytes) -> list[tuple[str, str]]:
        """Return the header fields that answer the newest challenge of every realm."""
        return [
            (answered[-1].answer, self._answer(answered[-1], method, uri, body))
            for answered in self._answered.values()
            if answered
        ]

    def _answer(self, challenge: Challenge, method: str, uri: str, body: bytes) -> str:
        assert self.credentials is not None
        count = self._counts[challenge.nonce] = self._counts.get(challenge.nonce, 0) + 1
        return answer(challenge, self.credentials, method, uri, body, count=count)


def challenges(headers: Headers) -> list[Challenge]:
    """Return the Digest challenges of a 401 or 407, in their order."""
    found = [
        (_ANSWERS[name], text)
        for name in _ANSWERS
        for text in headers.all(name)
        if text.lower().startswith("digest ")
    ]
    return [_read(parts(text[7:]), answered_by) for answered_by, text in found]


def choose(offered: Iterable[Challenge]) -> Challenge | None:
    """Return the first one that can be answered: servers put the best first (RFC 8760, 2.4)."""
    return next((challenge for challenge in offered if challenge.is_usable), None)


def answer(
    challenge: Challenge,
    credentials: Credentials,
    method: str,
    uri: str,
    body: bytes = b"",
    *,
    count: int = 1,
    cnonce: str | None = None,
) -> str:
    """Return the value of an Authorization header field (RFC 7616 section 3.4)."""
    made = {
        "username": _quoted(_escaped(credentials.username)),
        "realm": _quoted(challenge.realm),
        "nonce": _quoted(challenge.nonce),
        "uri": _quoted(uri),
    }
    if challenge.algorithm:
        made["algorithm"] = challenge.algorithm
    if challenge.opaque is not None:
        made["opaque"] = _quoted(challenge.opaque)
    cnonce = cnonce or secrets.token_hex(8)
    if challenge.qop or _is_session(challenge.algorithm):
        made["cnonce"] = _quoted(cnonce)
    if challenge.qop:
        made["qop"] = "auth" if "auth" in challenge.qop else "auth-int"
        made["nc"] = f"{count:08x}"
    response = _response(made, credentials.password, method, body)
    made["response"] = _quoted(response)
    return "Digest " + ", ".join(f"{name}={value}" for name, value in made.items())


def is_right(value: str, password: str, method: str, body: bytes = b"") -> bool:
    """Tell whether an Authorization header field proves that its sender knows the password."""
    given = parts(value.partition(" ")[2])
    if {"username", "realm", "nonce", "uri", "response"} - given.keys():
        return False
    made = {name: _quoted(text) for name, text in given.items() if name in _HASHED_QUOTED}
    made |= {name: text for name, text in given.items() if name in _HASHED_PLAIN}
    if _hash_name(made.get("algorithm")) not in hashlib.algorithms_available:
        return False
    return hmac.compare_digest(_response(made, password, method, body), given["response"])


def parts(text: str) -> dict[str, str]:
    """Return the parameters of a challenge or an answer, without their quotes."""
    return {
        found[1].lower(): found[2] if found[2] is not None else found[3]
        for found in _PART.finditer(text)
    }


_HASHED_QUOTED: Final = frozenset({"username", "realm", "nonce", "uri", "cnonce"})
_HASHED_PLAIN: Final = frozenset({"algorithm", "qop", "nc"})


def _read(given: Mapping[str, str], answered_by: str) -> Challenge:
    return Challenge(
        realm=given.get("realm", ""),
        nonce=given.get("nonce", ""),
        algorithm=given.get("algorithm"),
        qop=frozenset(part.strip().lower() for part in given.get("qop", "").split(",") if part),
        opaque=given.get("opaque"),
        stale=given.get("stale", "").lower() == "true",
        answer=answered_by,
    )


def _response(made: Mapping[str, str], password: str, method: str, body: bytes) -> str:
    """Compute `response` from the fields as they are sent (RFC 7616 section 3.4.1)."""
    digest = _hasher(made.get("algorithm"))
    # "unq" of the RFC takes the quotes off and leaves escapes as they are.
    text = {name: value[1:-1] if value[:1] == '"' else value for name, value in made.items()}
    secret = digest(f"{text['username']}:{text['realm']}:{password}")
    if _is_session(made.get("algorithm")):
        secret = digest(f"{secret}:{text['nonce']}:{text.get('cnonce', '')}")
    request = f"{method}:{text['uri']}"
    if text.get("qop") == "auth-int":
        request += f":{digest(body)}"
    once = [text["nonce"]]
    if "qop" in text:
        once += [text.get("nc", ""), text.get("cnonce", ""), text["qop"]]
    return digest(":".join([secret, *once, digest(request)]))


def _hasher(algorithm: str | None) -> Callable[[str | bytes], str]:
    name = _hash_name(algorithm)

    def digest(text: str | bytes) -> str:
        data = text.encode() if isinstance(text, str) else text
        return hashlib.new(name, data, usedforsecurity=False).hexdigest()

    return digest


def _hash_name(algorithm: str | None) -> str:
    return _HASHES.get((algorithm or "MD5").upper().removesuffix("-SESS"), "")


def _is_session(algorithm: str | None) -> bool:
    return (algorithm or "").upper().endswith("-SESS")


def _quoted(text: str) -> str:
    return f'"{text}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
