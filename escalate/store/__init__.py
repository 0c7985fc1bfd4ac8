"""Where calls are kept so that they outlive a process."""

from escalate.store.base import Change, Note, Store
from escalate.store.opening import open_store
from escalate.store.sqlite import SqliteStore

__all__ = ["Change", "Note", "SqliteStore", "Store", "open_store"]
