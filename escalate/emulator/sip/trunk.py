"""The SIP side of the local Plivo: whom it can call for real, and who can call it.

It reaches this machine and nothing else. A SIP URI whose host is on loopback is called there,
unless a scripted telephone has exactly this address; other hosts can be given a place on loopback.
All other SIP URIs lead to scripted telephones (`desks`), which are called by SIP as well.
Telephones may register, and are then called at the trunk's own address.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from escalate.emulator import legs
from escalate.emulator.sip import sdp
from escalate.emulator.sip.caller import SipCaller
from escalate.emulator.sip.desks import Desks
from escalate.emulator.sip.door import Door
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
        self._door = Door(self._stack, config.users, realm=_REALM)
        self._desks = Desks(services)
        for password in config.users.values():
            services.mask.remember(password)

    async def open(self, exchange: Exchange) -> str:
        """Listen, and let calls into the exchange; returns the address.

        Raises:
            OSError: The port is taken.
        """
        await self._stack.open(self._config.port)
        await self._desks.open()
        self._exchange = exchange
        self._stack.on_invite = self._invited
        self._stack.on_register = self._registers
        return self._stack.address

    async def close(self) -> None:
        """Stop to listen."""
        await self._stack.close()
        await self._desks.close()

    def reaches(self, address: str) -> bool:
        """Tell whether an address is on this machine, registered or not."""
        return self._find(address) is not None

    def dial(self, invitation: legs.Invitation) -> legs.Leg | None:
        """Call somebody for real; None: he is not registered."""
        uri, hop = self._find(invitation.to) or ("", None)
        return self._ring(replace(invitation, to=uri), hop) if hop else None

    def dial_desk(self, invitation: legs.Invitation, scripted: ScriptedPhones) -> legs.Leg:
        """Call a scripted telephone, with all that goes over the wire."""
        return self._desks.dial(invitation, scripted, self._ring)

    def _ring(self, invitation: legs.Invitation, hop: Hop) -> SipLeg:
        services = self._services
        return SipLeg(
            invitation,
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
        if not self._door.admits(request, hop):
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
        self._services.background.start(caller.run(exchange, number, self._door.user(request)))

    def _registers(self, request: Request, hop: Hop) -> None:
        """Note where a telephone is (RFC 3261 section 10.3)."""
        if not self._door.admits(request, hop):
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


class SipNetwork:
    """A `PhoneNetwork` of SIP endpoints, of which some are scripted, and of scripted telephones."""

    def __init__(self, trunk: Trunk, scripted: ScriptedPhones) -> None:
        self._trunk = trunk
        self._scripted = scripted

    def dial(self, invitation: legs.Invitation) -> legs.Leg:
        """Start to call somebody."""
        address = invitation.to
        if self._trunk.reaches(address) and not self._scripted.knows(address):
            return self._trunk.dial(invitation) or self._scripted.call_nobody(invitation)
        if address.startswith("sip:"):
            return self._trunk.dial_desk(invitation, self._scripted)
        return self._scripted.dial(invitation)


def _tag() -> str:
    return secrets.token_hex(4)
