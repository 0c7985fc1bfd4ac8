"""From a setting to a store, or to one clear message why not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from escalate.errors import ConfigurationError
from escalate.store import SqliteStore, open_store
from escalate.store import opening as module
from escalate.store.opening import file_system, is_redis

MOUNTS = """\
/dev/vda / ext4 rw,relatime 0 0
server:/export /srv/calls nfs4 rw,vers=4.2 0 0
//nas/share /media/my\\040share cifs rw 0 0
tmpfs /srv/calls/fast tmpfs rw 0 0
/dev/vdb /srv/covered ext4 rw 0 0
host:/x /srv/covered fuse.sshfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/escalate.db", "ext4"),
        ("/srv/calls/escalate.db", "nfs4"),
        ("/srv/calls/fast/escalate.db", "tmpfs"),
        ("/srv/callsign/escalate.db", "ext4"),
        ("/media/my share/deep/down/escalate.db", "cifs"),
        ("/srv/covered/escalate.db", "fuse.sshfs"),
    ],
)
def test_the_deepest_and_latest_mount_is_where_a_file_is(path: str, kind: str) -> None:
    """As the kernel resolves it, with its way of writing blanks."""
    assert kind == file_system(Path(path), MOUNTS)


def test_a_file_on_a_network_drive_is_refused_with_the_fix(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """SQLite would lose writes there, on the day of the first two processes."""
    table = tmp_path / "mounts"
    table.write_text("server:/export / nfs4 rw 0 0\n")
    monkeypatch.setattr(module, "_MOUNTS", table)
    with pytest.raises(ConfigurationError, match=r"network drive \(nfs4\).*redis://"):
        open_store("calls.db")


def test_where_the_mounts_cannot_be_read_a_file_is_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not every system has the table."""
    monkeypatch.setattr(module, "_MOUNTS", tmp_path / "missing")
    assert isinstance(open_store(tmp_path / "calls.db"), SqliteStore)


@pytest.mark.parametrize("where", ["postgres://host/db", "sqlite:///calls.db", "http://host"])
def test_an_unknown_kind_of_url_is_refused(where: str) -> None:
    """It is never taken for the name of a file."""
    with pytest.raises(ConfigurationError, match="name a file on a local disk"):
        open_store(where)


def test_redis_is_told_by_its_scheme() -> None:
    """Upper case is allowed in a scheme."""
    assert [True, True, True, False] == [
        is_redis(where) for where in ("redis://h", "REDISS://h", "unix:///run/redis", "redis.db")
    ]


def test_redis_without_its_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command can be copied."""
    for name in [one for one in sys.modules if one.split(".")[0] == "redis"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "escalate.store.redis", raising=False)
    monkeypatch.delitem(sys.modules, "escalate.store.bell", raising=False)
    monkeypatch.setattr(sys, "meta_path", [_Missing("redis"), *sys.meta_path])
    with pytest.raises(ConfigurationError, match=r"pip install 'escalate-voice\[redis\]'"):
        open_store("redis://localhost")


def test_encryption_without_its_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """It never goes on in clear instead."""
    for name in [one for one in sys.modules if one.split(".")[0] == "cryptography"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_Missing("cryptography"), *sys.meta_path])
    with pytest.raises(ConfigurationError, match=r"pip install 'escalate-voice\[encryption\]'"):
        open_store("calls.db", words_key=SecretStr("any"))


class _Missing:
    """An importer that knows one package: it is not installed."""

    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == self._package:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
