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
    """Write `ca.pem` and `server.pem` (certificate and key) into a directory, replacing them."""
    directory.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA(organization_name="escalate local Plivo")
    certificates = Certificates(directory / "ca.pem", directory / "server.pem")
    authority.cert_pem.write_to_path(str(certificates.authority))
    server = authority.issue_cert(*HOSTS)
    certificates.server.touch(mode=0o600)
    os.chmod(certificates.server, 0o600)
    server.private_key_and_cert_chain_pem.write_to_path(str(certificates.server))
    return certificates
