"""The secrets a vendor accepts beside the one it was started with, and how long its tokens live.

Kept as digests with the vendor's state, so that they outlive a restart.
"""

import secrets
import sqlite3
from hashlib import sha256
from typing import Final

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS secrets (digest TEXT PRIMARY KEY, accepted INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS token_life (seconds REAL NOT NULL);
"""
TABLES: Final = frozenset({"secrets", "token_life"})


def accept(db: sqlite3.Connection, secret: str) -> None:
    """Let callers in with it from now on, beside every other one."""
    _put(db, secret, accepted=True)


def retire(db: sqlite3.Connection, secret: str) -> None:
    """Let nobody in with it any more, the one of the start included."""
    _put(db, secret, accepted=False)


def is_accepted(db: sqlite3.Connection, given: str, at_start: str) -> bool:
    """Whether a caller who shows it is let in."""
    row = db.execute("SELECT accepted FROM secrets WHERE digest = ?", (_digest(given),)).fetchone()
    if row is not None:
        return bool(row["accepted"])
    return secrets.compare_digest(given.encode(), at_start.encode())


def set_token_life(db: sqlite3.Connection, seconds: float) -> None:
    """How long tokens given out from now on live."""
    db.execute("DELETE FROM token_life")
    db.execute("INSERT INTO token_life VALUES (?)", (seconds,))


def token_life(db: sqlite3.Connection, at_start: float) -> float:
    """How long a token given out now lives."""
    row = db.execute("SELECT seconds FROM token_life").fetchone()
    return float(row["seconds"]) if row is not None else at_start


def _put(db: sqlite3.Connection, secret: str, *, accepted: bool) -> None:
    db.execute("INSERT OR REPLACE INTO secrets VALUES (?, ?)", (_digest(secret), accepted))


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
