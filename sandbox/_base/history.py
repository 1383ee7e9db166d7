"""How reads can show the past: an undo log kept by triggers. No vendor's table is named here.

The technique is SQLite's own (sqlite.org/undoredo.html): for every change of a row a trigger stores
the statement that takes it back. A reader of the past takes the newest changes back inside a
transaction, looks, and rolls the transaction back.
"""

import sqlite3
from collections.abc import Iterable

KEPT_SECONDS = 300.0
"""How far reads may lag behind; older undo statements are thrown away."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS undo_log (seq INTEGER PRIMARY KEY, at REAL NOT NULL, undo TEXT NOT NULL);
"""


def watch(db: sqlite3.Connection, tables: Iterable[str]) -> None:
    """Record every later change of these tables. Needs the SQL function `sandbox_now()`."""
    for table in tables:
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        for event, undo in _undo_statements(table, columns).items():
            db.execute(
                f"CREATE TRIGGER IF NOT EXISTS undo_{table}_{event} AFTER {event} ON {table} BEGIN"  # noqa: S608 - names of our own tables
                f" INSERT INTO undo_log (at, undo) VALUES (sandbox_now(), {undo}); END"
            )


def _undo_statements(table: str, columns: list[str]) -> dict[str, str]:
    """For each kind of change an SQL expression that yields the statement undoing it."""
    names = ",".join(columns)
    values = "||','||".join(f"quote(old.{column})" for column in columns)
    settings = "||','||".join(f"'{column}='||quote(old.{column})" for column in columns)
    row = f"'||old.rowid||','||{values}||'"
    return {
        "INSERT": f"'DELETE FROM {table} WHERE rowid='||new.rowid",  # noqa: S608 - as above
        "UPDATE": f"'UPDATE {table} SET '||{settings}||' WHERE rowid='||old.rowid",  # noqa: S608 - as above
        "DELETE": f"'INSERT INTO {table}(rowid,{names}) VALUES({row})'",
    }


def take_back(db: sqlite3.Connection, since: float) -> None:
    """Put the watched tables back to how they were at an epoch second, newest change first.

    Only inside a transaction that is rolled back afterwards.
    """
    undos = db.execute("SELECT undo FROM undo_log WHERE at > ? ORDER BY seq DESC", (since,))
    for (undo,) in undos.fetchall():
        db.execute(undo)


def forget(db: sqlite3.Connection, before: float) -> None:
    """Throw away what no reader will ask for."""
    db.execute("DELETE FROM undo_log WHERE at < ?", (before,))
