"""The SIP side of the local Plivo: whom it can call for real, and who can call it.

It reaches this machine and nothing else. A SIP URI whose host is on loopback is called for real,
unless a scripted telephone has exactly this address; other hosts can be given a place on loopback.
Telephones may register, and are then called at the trunk's own address.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from escalate.emulator import legs
from escalate.emulator.sip import sdp
from escalate.emulator.sip.caller import SipCaller
from escalate.emulator.sip.digest import is_right, parts
from escalate.emulator.sip.leg import Patience, SipLeg
from escalate.emulator.sip.message import Request, Unreadable, param, read_uri, uri_in
from escalate.emulator.sip.stack import Stack
from escalate.emulator.sip.wire import LOOPBACK, Hop, hop_of, hop_to, is_loopback

if TYPE_CHECKING:
    from escalate.emulator.exchange import Exchange
    from escalate.emulator.phones import ScriptedPhones
    from escalate.emulator.services import Services, SipConfig

_REALM: Final = "app.plivo.com"
_LONGEST_BINDING_S: Final = 3600


class Trunk:
    """The SIP endpoint of the account."""

    def __init__(self, config: SipConfig, services: Services) -> None:
        self._config = config
        self._services = services
        self._stack = Stack(services.log)
        self._exchange: Exchange | None = None
        self._bindings: dict[str, tuple[str, Hop, float]] = {}
        self._nonces: set[str] = set()
        for password in config.users.values():
            services.mask.remember(password)

    async def open(self, exchange: Exchange) -> str:
        """Listen, and let calls into the exchange; returns the address.

        Raises:
            OSError: The port is taken.
        """
        await self._stack.open(self._config.port)
        self._exchange = exchange
        self._stack.on_invite = self._invited
        self._stack.on_register = self._registers
        return self._stack.address

    async def close(self) -> None:
        """Stop to listen."""
        await self._stack.close()

    def reaches(self, address: str) -> bool:
        """Tell whether an address is on this machine, registered or not."""
        return self._find(address) is not None

    def dial(self, invitation: legs.Invitation) -> legs.Leg | None:
        """Call somebody for real; None: he is not registered."""
        uri, hop = self._find(invitation.to) or ("", None)
        if hop is None:
            return None
        services = self._services
        return SipLeg(
            replace(invitation, to=uri),
            hop,
            stack=self._stack,
            patience=Patience(self._config.silence_s, services.config.auth_timeout_s),
            clock=services.clock,
            background=services.background,
        )

    def _find(self, address: str) -> tuple[str, Hop | None] | None:
        """Return the URI to ask for and where that leads: nowhere if nobody has registered."""
        try:
            uri = read_uri(address)
        except Unreadable:
            return None
        port = f":{uri.port}" if uri.port else ""
        if place := self._config.hosts.get(f"{uri.host}{port}", self._config.hosts.get(uri.host)):
            return address, hop_of(f"sip:{place}")
        if is_loopback(uri.host) and f"{LOOPBACK}{port}" == self._stack.address:
            target, bound, until = self._bindings.get(uri.user, (address, None, 0))
            return target, bound if until > self._services.clock.now() else None
        hop = hop_to(uri)
        return (address, hop) if hop else None

    def _invited(self, request: Request, hop: Hop) -> None:
        """Take a call to one of the account's numbers."""
        exchange, stack = self._exchange, self._stack
        assert exchange is not None
        if not self._is_allowed(request, hop):
            return
        try:
            number = read_uri(request.uri).user.lstrip("+")
            media = sdp.read(request.body)
        except Unreadable:
            number = ""
        except sdp.NoCommonCodec:
            stack.respond(request, hop, 488, tag=_tag())
            return
        if not number.isdigit() or exchange.routes is None:
            stack.respond(request, hop, 404, tag=_tag())
            return
        stack.respond(request, hop, 100)
        caller = SipCaller(request, hop, media, stack=stack, services=self._services)
        self._services.background.start(caller.run(exchange, number, self._user(request)))

    def _registers(self, request: Request, hop: Hop) -> None:
        """Note where a telephone is (RFC 3261 section 10.3)."""
        if not self._is_allowed(request, hop):
            return
        headers = request.headers
        user = read_uri(uri_in(headers.get("to"))).user
        contact = headers.get("contact")
        given = param(contact, "expires") or headers.get("expires") or str(_LONGEST_BINDING_S)
        seconds = min(int(given) if given.isdigit() else 0, _LONGEST_BINDING_S)
        if contact == "*" or not seconds:
            self._bindings.pop(user, None)
            self._stack.respond(request, hop, 200, tag=_tag())
            return
        uri = uri_in(contact)
        now = self._services.clock.now()
        self._bindings[user] = uri, hop_of(uri) or hop, now + seconds
        bound = [("Contact", f"<{uri}>;expires={seconds}")]
        self._stack.respond(request, hop, 200, tag=_tag(), more=bound)

    def _is_allowed(self, request: Request, hop: Hop) -> bool:
        """Check the credentials of whoever calls or registers, if there are users at all."""
        if not self._config.users:
            return True
        value = request.headers.get("authorization")
        given = parts(value.partition(" ")[2])
        password = self._config.users.get(given.get("username", ""))
        fresh = given.get("nonce") in self._nonces
        if password and fresh and is_right(value, password, request.method, request.body):
            return True
        nonce = secrets.token_hex(16)
        self._nonces.add(nonce)
        asyncio.get_running_loop().call_later(60, self._nonces.discard, nonce)
        challenge = f'Digest realm="{_REALM}", nonce="{nonce}", algorithm=MD5, qop="auth"'
        more = [("WWW-Authenticate", challenge)]
        self._stack.respond(request, hop, 401, tag=_tag(), more=more)
        return False

    def _user(self, request: Request) -> str | None:
        value = request.headers.get("authorization")
        return parts(value.partition(" ")[2]).get("username") if self._config.users else None


class SipNetwork:
    """A `PhoneNetwork` of real SIP endpoints, and of scripted telephones for everybody else."""

    def __init__(self, trunk: Trunk, scripted: ScriptedPhones) -> None:
        self._trunk = trunk
        self._scripted = scripted

    def dial(self, invitation: legs.Invitation) -> legs.Leg:
        """Start to call somebody."""
        address = invitation.to
        if self._scripted.knows(address) or not self._trunk.reaches(address):
            return self._scripted.dial(invitation)
        return self._trunk.dial(invitation) or self._scripted.call_nobody(invitation)


def _tag() -> str:
    return secrets.token_hex(4)
