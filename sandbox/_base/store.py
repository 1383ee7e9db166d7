"""A vendor's state: one SQLite file, one connection, one writer. Knows no vendor's tables."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path

from sandbox._base import events, history, ledger, secrets

Clock = Callable[[], datetime]
Load = Callable[[sqlite3.Connection], None]

LAG_SECONDS: ContextVar[float] = ContextVar("lag_seconds", default=0.0)
"""How far the reads of the request in progress lag behind (fault `lagging_reads`)."""

_BASE_SCHEMA = (
    history.SCHEMA
    + ledger.SCHEMA
    + events.SCHEMA
    + secrets.SCHEMA
    + "CREATE TABLE IF NOT EXISTS loaded (at TEXT NOT NULL);"
)
_BASE_TABLES = {"undo_log", "ledger", "events", "loaded", *secrets.TABLES}
_FORGET_EVERY = 1000  # write transactions; keeps the undo log small at no cost per request


def utc_now() -> datetime:
    """The clock of a vendor that runs for real."""
    return datetime.now(UTC)


class Store:
    """State that survives a restart. No `await` inside a `read` or `write` block.

    The one connection belongs to one request at a time because the event loop does. A block is a
    few microseconds of SQLite, so handlers run it in place (`async def`, no thread).
    """

    def __init__(self, path: Path, *, schema: str, load: Load, clock: Clock = utc_now) -> None:
        """Open the file, creating and loading it when it is new.

        `schema` may be run again and again (`IF NOT EXISTS`); its tables keep a rowid. `load` fills
        a new file from the bundled data, in one transaction: a kill half-way leaves an empty file,
        which the next start loads.
        """
        self._path = path
        self._schema = schema
        self._load = load
        self._clock = clock
        self._writes = 0
        self._db = self._open()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction that holds the write lock from its start; an exception rolls it back."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._writes += 1
        if self._writes % _FORGET_EVERY == 0:
            history.forget(self._db, self._now() - history.KEPT_SECONDS)
        self._db.execute("COMMIT")

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """The state now, or a while ago where LAG_SECONDS says so. For SELECTs only."""
        lag = LAG_SECONDS.get()
        if not lag:
            yield self.read_now()
            return
        self._db.execute("BEGIN")
        try:
            history.take_back(self._db, self._now() - lag)
            yield self._db
        finally:
            self._db.execute("ROLLBACK")

    def read_now(self) -> sqlite3.Connection:
        """The state now, whatever LAG_SECONDS says: for credentials, ledger and webhooks."""
        return self._db

    def reset(self) -> None:
        """Back to the bundled data: effects, ledger and events of before are gone."""
        self.close()
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        self._db = self._open()

    def close(self) -> None:
        """Close the file. Repeating is harmless."""
        self._db.close()

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # Tests build an app in one thread and serve it in another; only one of them uses it.
        db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        db.row_factory = sqlite3.Row
        db.create_function("sandbox_now", 0, self._now)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")  # a killed process loses nothing; see WAL's docs
        db.executescript(_BASE_SCHEMA + self._schema)
        self._db = db
        if db.execute("SELECT count(*) FROM loaded").fetchone()[0] == 0:
            with self.write():
                self._load(db)
                db.execute("INSERT INTO loaded VALUES (?)", (self._clock().isoformat(),))
        history.watch(db, _tables(db) - _BASE_TABLES)
        return db

    def _now(self) -> float:
        return self._clock().timestamp()


def _tables(db: sqlite3.Connection) -> set[str]:
    return {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
