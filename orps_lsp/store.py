"""What is worth keeping across restarts: bytes by kind and key, in one SQLite file.

A cache: whatever goes wrong with the file, the caller sees a miss and never an error. Several
processes may use it at once. A file that is damaged is moved aside and begun anew; beyond its limit
the entries that were not used for longest go first.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TypeVar

import platformdirs

SCHEMA = 1
LIMIT_BYTES = 512 * 1024 * 1024
_LOCK_SECONDS = 2.0  # how long another process's write is waited for
_FREE_SHARE = 0.2  # of the limit is freed at once, so that not every put evicts

# `used` counts accesses: the order of use does not depend on clocks.
_TABLES = f"""
    DROP TABLE IF EXISTS entries;
    CREATE TABLE entries (
        kind TEXT NOT NULL, key TEXT NOT NULL, used INTEGER NOT NULL, size INTEGER NOT NULL,
        data BLOB NOT NULL, PRIMARY KEY (kind, key)
    );
    CREATE INDEX by_use ON entries (used, size);
    PRAGMA user_version = {SCHEMA};
"""
_NOW = "(SELECT coalesce(max(used), 0) + 1 FROM entries)"

T = TypeVar("T")


def default_path() -> Path:
    """Return the store's file in the user's cache; ``ORPS_LSP_STORE`` names another folder."""
    chosen = os.environ.get("ORPS_LSP_STORE")
    folder = (
        Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("orps-lsp", False)
    )
    return folder.absolute() / "store.sqlite3"


class Store:
    """A store of at most ``limit`` bytes of data.

    Holds no descriptor between calls, so it needs no closing and may be used by any thread.
    """

    def __init__(self, path: Path | None = None, limit: int = LIMIT_BYTES) -> None:
        self.path = path or default_path()
        self._limit = limit

    @property
    def _aside(self) -> Path:
        """Where a damaged file goes."""
        return self.path.with_name(self.path.name + ".damaged")

    def get(self, kind: str, key: str) -> bytes | None:
        """Return what was put last, None if nothing is (any more)."""

        def read(database: sqlite3.Connection) -> bytes | None:
            where = "WHERE kind = ? AND key = ?"
            row = database.execute(f"SELECT data FROM entries {where}", (kind, key)).fetchone()
            if row is None:
                return None
            # The order of use is worth less than the answer: it is read all the same.
            with contextlib.suppress(sqlite3.OperationalError):
                database.execute(f"UPDATE entries SET used = {_NOW} {where}", (kind, key))
            return bytes(row[0])

        return self._try(read)

    def find(self, kind: str, prefix: str) -> dict[str, bytes]:
        """Return all of a kind whose keys begin so; empty if there is nothing."""

        def read(database: sqlite3.Connection) -> dict[str, bytes]:
            rows = database.execute(
                "SELECT key, data FROM entries WHERE kind = ? AND substr(key, 1, ?) = ?",
                (kind, len(prefix), prefix),
            )
            return {key: bytes(data) for key, data in rows}

        return self._try(read) or {}

    def put(self, kind: str, key: str, data: bytes) -> None:
        """Keep ``data``; what is larger than the whole store is not kept."""

        def write(database: sqlite3.Connection) -> None:
            with database:
                database.execute("BEGIN IMMEDIATE")
                database.execute(
                    f"INSERT OR REPLACE INTO entries VALUES (?, ?, {_NOW}, ?, ?)",
                    (kind, key, len(data), data),
                )
                evicted = self._evict(database)
            if evicted:
                database.execute("PRAGMA incremental_vacuum").fetchall()

        if len(data) <= self._limit:
            self._try(write)

    def remove(self, kind: str, keys: Collection[str]) -> int | None:
        """Remove these entries, so that nothing of them stays in the file.

        Returns how many there were; None if the file is locked for long or cannot be written.
        """
        pairs = [(kind, key) for key in keys]
        statement = "DELETE FROM entries WHERE kind = ? AND key = ?"
        return self._delete(lambda database: database.executemany(statement, pairs).rowcount)

    def clear(self) -> int | None:
        """Remove every entry, and a damaged file that was moved aside; returns as ``remove``."""
        removed = self._delete(lambda database: database.execute("DELETE FROM entries").rowcount)
        try:
            self._aside.unlink(missing_ok=True)
        except OSError:
            return None
        return removed

    def _delete(self, work: Callable[[sqlite3.Connection], int]) -> int | None:
        """Do ``work``, which deletes, and overwrite what it deleted."""

        def write(database: sqlite3.Connection) -> int:
            database.execute("PRAGMA secure_delete = ON")
            with database:
                database.execute("BEGIN IMMEDIATE")
                removed = work(database)
            database.execute("PRAGMA incremental_vacuum").fetchall()
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            return removed

        return self._try(write)

    def _evict(self, database: sqlite3.Connection) -> bool:
        """Remove the least recently used entries, if there is too much."""
        (total,) = database.execute("SELECT coalesce(sum(size), 0) FROM entries").fetchone()
        if total <= self._limit:
            return False
        excess = total - self._limit * (1 - _FREE_SHARE)
        candidates = database.execute(
            "SELECT rowid, size FROM entries"
            " WHERE used < (SELECT max(used) FROM entries) ORDER BY used"
        ).fetchall()
        removed = []
        for rowid, size in candidates:
            if excess <= 0:
                break
            removed.append((rowid,))
            excess -= size
        database.executemany("DELETE FROM entries WHERE rowid = ?", removed)
        return True

    def _try(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """Do ``work``; once more with a new file if this one is damaged."""
        for _ in range(2):
            try:
                with self._open() as database:
                    return work(database)
            except (sqlite3.OperationalError, OSError):
                return None  # locked for long, no room, no permission
            except sqlite3.DatabaseError:
                self._move_aside()
        return None

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch(mode=0o600)  # it holds arguments of the user's functions
        database = sqlite3.connect(self.path, timeout=_LOCK_SECONDS, isolation_level=None)
        try:
            if database.execute("PRAGMA user_version").fetchone()[0] != SCHEMA:
                self._begin(database)
            yield database
        finally:
            database.close()

    def _begin(self, database: sqlite3.Connection) -> None:
        """Make the tables, unless another process just has; drop those of another version."""
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")
        database.execute("PRAGMA journal_mode = WAL")
        with database:
            database.execute("BEGIN IMMEDIATE")
            if database.execute("PRAGMA user_version").fetchone()[0] != SCHEMA:
                for statement in _TABLES.split(";"):
                    database.execute(statement)

    def _move_aside(self) -> None:
        with contextlib.suppress(OSError):
            self.path.replace(self._aside)
            for suffix in ("-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
