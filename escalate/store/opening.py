"""From what the settings say to a store."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from escalate.errors import ConfigurationError
from escalate.store.base import Store
from escalate.store.privacy import EncryptedWords
from escalate.store.sqlite import SqliteStore

_REDIS: Final = ("redis://", "rediss://", "unix://")
_MOUNTS: Final = Path("/proc/mounts")

# What SQLite's locks and shared memory do not hold on, by its name in the table of mounts.
_NETWORKS: Final = frozenset(
    "nfs nfs4 cifs smb3 smbfs afs ceph glusterfs lustre gpfs beegfs davfs fuse.sshfs"
    " fuse.glusterfs fuse.ceph fuse.s3fs fuse.gcsfuse fuse.rclone fuse.davfs2".split()
)
_ESCAPED: Final = re.compile(r"\\([0-7]{3})")


def open_store(
    where: str | Path, *, words_key: SecretStr | None = None, retention_s: float = 3600.0
) -> Store:
    """Return the store at `where`: redis://..., rediss://..., or a file on a local disk.

    It connects when it is entered. With `words_key` what is said is encrypted in it.

    Raises:
        ConfigurationError: It cannot work: an unknown kind of URL, a network drive, a bad key, or
            an extra that is not installed.
    """
    store = _engine(where, retention_s)
    return store if words_key is None else EncryptedWords(store, words_key)


def is_redis(where: str | Path) -> bool:
    """Whether `where` means a Redis server rather than a file."""
    return str(where).lower().startswith(_REDIS)


def file_system(path: Path, mounts: str | None = None) -> str | None:
    """Return the kind of file system `path` is on, or will be; None where it cannot be told.

    `mounts` is a table in the form of Linux's /proc/mounts; by default that of this machine.
    """
    if mounts is None:
        try:
            mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return None
    place = path.resolve()
    found = None
    depth = -1
    for line in mounts.splitlines():
        _, mounted_on, kind, *_ = line.split(" ")
        root = Path(_ESCAPED.sub(lambda match: chr(int(match[1], 8)), mounted_on))
        # Of two on the same place the later one covers the other.
        if place.is_relative_to(root) and len(root.parts) >= depth:
            found, depth = kind, len(root.parts)
    return found


def _engine(where: str | Path, retention_s: float) -> Store:
    if is_redis(where):
        return _redis(str(where), retention_s)
    if "://" in str(where):
        raise ConfigurationError(
            "store: name a file on a local disk (store = 'escalate.db') or a Redis server "
            "(store = 'redis://host:6379/0')"
        )
    refuse_network_drive(Path(where))
    return SqliteStore(where)


def refuse_network_drive(path: Path) -> None:
    """Raise if SQLite could not keep its promises at `path`.

    Raises:
        ConfigurationError: The file is, or would be, on a network drive.
    """
    kind = file_system(path)
    if kind in _NETWORKS:
        raise ConfigurationError(
            f"store: {path.name} is on a network drive ({kind}), where SQLite loses writes; "
            "name a file on a local disk, or for several hosts store = 'redis://host:6379/0'"
        )


def _redis(url: str, retention_s: float) -> Store:
    try:
        from escalate.store.redis import RedisStore
    except ModuleNotFoundError as error:
        if error.name != "redis":
            raise
        raise ConfigurationError(
            "store: a redis:// URL needs the package redis: pip install 'escalate-voice[redis]'"
        ) from None
    return RedisStore(url, retention_s=retention_s)
