"""What can be told without the carrier: addresses and the store."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
import socket
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from escalate.doctor.findings import Bench, Finding
from escalate.errors import ConfigurationError, StoreUnavailable
from escalate.plivo.addresses import sip_uri
from escalate.settings import Settings
from escalate.store import open_store
from escalate.store.opening import is_redis

_SIP: Final = "SIP addresses"
_STORE: Final = "store"
_HOST: Final = re.compile(r"@(\[[^\]]*\]|[^:;]*)")


async def check_sip(bench: Bench) -> Finding:
    """Whether each SIP address is one, and one that Plivo can reach."""
    addresses = _addresses(bench.settings)
    if not addresses:
        return Finding.skipped(_SIP, "no destination has one")
    # A local Plivo reaches what is on this machine.
    local = urlsplit(bench.settings.plivo_api).hostname in ("127.0.0.1", "localhost", "::1")
    unknown = []
    for name, address in addresses.items():
        try:
            sip_uri(address)
        except ValueError as error:
            return Finding.problem(_SIP, f"{name}: {error}", "mend it")
        found = _HOST.search(address)
        reachable = None if found is None or local else await _is_public(found[1].strip("[]"))
        if reachable is False:
            return Finding.problem(
                _SIP,
                f"{name} is on a private network",
                "give it an address that Plivo can reach from the Internet",
            )
        if reachable is None and not local:
            unknown.append(name)
    if unknown:
        return Finding.warning(
            _SIP,
            f"no address was found for the host of {', '.join(unknown)}",
            "look for a spelling mistake; it is right if the host has SRV records only",
        )
    return Finding.ok(_SIP, f"{len(addresses)} well-formed")


def _addresses(settings: Settings) -> dict[str, str]:
    found = {one.name: one.sip for one in settings.destination if one.sip is not None}
    return found if settings.bot_sip is None else {"bot_sip": settings.bot_sip, **found}


async def _is_public(host: str) -> bool | None:
    """Whether the Internet can reach a host; None when its name leads nowhere."""
    try:
        addresses = [host] if _is_address(host) else await _resolve(host)
    except OSError:
        return None
    return any(ipaddress.ip_address(one).is_global for one in addresses)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def _resolve(host: str) -> list[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    return [str(address[0]).partition("%")[0] for *_, address in found]


async def check_store(bench: Bench) -> Finding:
    """Whether calls can be kept, and by all processes that have to know of them."""
    settings = bench.settings
    try:
        if not is_redis(settings.store) and not Path(settings.store).exists():
            return _check_folder(settings)
        # Opened but not made: a file of root's would keep the service out.
        async with open_store(settings.store, words_key=settings.words_key) as store:
            await store.due(0.0)
        if is_redis(settings.store) and not await _keeps_everything(settings.store):
            return Finding.warning(
                _STORE,
                "the server drops keys when its memory is full",
                "set its maxmemory-policy to noeviction: a dropped key is a lost call",
            )
    except ConfigurationError as error:
        return Finding.problem(_STORE, str(error).removeprefix("store: "), "set it anew")
    except StoreUnavailable as error:
        return Finding.problem(
            _STORE, str(error), "start its server, or let go of its file; every process needs it"
        )
    words = "in clear" if settings.words_key is None else "encrypted"
    kind = "Redis" if is_redis(settings.store) else "a file on a local disk"
    return Finding.ok(_STORE, f"{kind} answers; words are kept {words}")


def _check_folder(settings: Settings) -> Finding:
    open_store(settings.store, words_key=settings.words_key)
    folder = Path(settings.store).absolute().parent
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return Finding.ok(_STORE, "the file will be made on a local disk at the first start")
    return Finding.problem(
        _STORE,
        "the file is not there and cannot be made",
        "make its folder, and let the user that runs the service write in it",
    )


async def _keeps_everything(url: str) -> bool:
    from escalate.store.redis import RedisStore

    async with RedisStore(url) as store:
        return await store.keeps_everything()
