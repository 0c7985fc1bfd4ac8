"""A certificate for api.plivo.com that is worth something only to those who trust our ca.pem."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import trustme

if TYPE_CHECKING:
    from pathlib import Path

HOSTS: Final = ("api.plivo.com", "localhost", "127.0.0.1")


@dataclass(frozen=True, slots=True)
class Certificates:
    """The files: what a client has to trust, and what the server shows."""

    authority: Path
    server: Path


def issue(directory: Path) -> Certificates:
    """Return `ca.pem` and `server.pem` (certificate and key) of a directory, made if missing.

    Files that are there are kept, so a client can be told what to trust before the server is up.
    """
    certificates = Certificates(directory / "ca.pem", directory / "server.pem")
    if certificates.authority.exists() and certificates.server.exists():
        return certificates
    directory.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA(organization_name="escalate local Plivo")
    authority.cert_pem.write_to_path(str(certificates.authority))
    server = authority.issue_cert(*HOSTS)
    certificates.server.touch(mode=0o600)
    os.chmod(certificates.server, 0o600)
    server.private_key_and_cert_chain_pem.write_to_path(str(certificates.server))
    return certificates
