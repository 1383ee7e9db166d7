"""Events the vendor tells the world, and how far their delivery has come. Sends nothing itself."""

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    body TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at REAL,
    delivered_at REAL,
    last_answer TEXT
);
CREATE INDEX IF NOT EXISTS events_due ON events (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way. `body` is sent as stored; the id is the same at every attempt."""

    seq: int
    event_id: str
    body: str
    attempts: int


def emit(db: sqlite3.Connection, event_type: str, data: dict[str, Any], *, at: datetime) -> str:
    """Store an event in the transaction of what it tells of; returns its id.

    Its body is `{id, type, created, data}` with `created` in epoch seconds. It is due at once.
    """
    event_id = f"evt_{uuid4().hex}"
    created = int(at.timestamp())
    body = {"id": event_id, "type": event_type, "created": created, "data": data}
    db.execute(
        "INSERT INTO events (event_id, type, body, next_attempt_at) VALUES (?, ?, ?, ?)",
        (event_id, event_type, json.dumps(body, separators=(",", ":")), at.timestamp()),
    )
    return event_id


def bodies_after(
    db: sqlite3.Connection, event_id: str | None, limit: int
) -> list[dict[str, Any]] | None:
    """Events in order, from the one after `event_id` on; None when there is no such event."""
    after = 0
    if event_id is not None:
        row = db.execute("SELECT seq FROM events WHERE event_id = ?", (event_id,)).fetchone()
        if row is None:
            return None
        after = row["seq"]
    rows = db.execute("SELECT body FROM events WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit))
    return [json.loads(row["body"]) for row in rows]


def latest(db: sqlite3.Connection, limit: int) -> list[dict[str, str]]:
    """The last events, oldest first: `event_id`, and `body` as it is sent."""
    rows = db.execute("SELECT event_id, body FROM events ORDER BY seq DESC LIMIT ?", (limit,))
    return [dict(row) for row in reversed(rows.fetchall())]


def next_due(db: sqlite3.Connection) -> tuple[float, Delivery] | None:
    """The event to be sent next and when (epoch seconds)."""
    row = db.execute(
        "SELECT next_attempt_at, seq, event_id, body, attempts FROM events"
        " WHERE next_attempt_at IS NOT NULL ORDER BY next_attempt_at, seq LIMIT 1"
    ).fetchone()
    return None if row is None else (row[0], Delivery(*row[1:]))


def delivered(db: sqlite3.Connection, delivery: Delivery, answer: str, at: datetime) -> None:
    """The receiver took it."""
    db.execute(
        "UPDATE events SET attempts = attempts + 1, next_attempt_at = NULL, delivered_at = ?,"
        " last_answer = ? WHERE seq = ?",
        (at.timestamp(), answer, delivery.seq),
    )


def failed(
    db: sqlite3.Connection, delivery: Delivery, answer: str, next_attempt_at: float | None
) -> None:
    """The receiver did not take it; None means that no further attempt is made."""
    db.execute(
        "UPDATE events SET attempts = attempts + 1, next_attempt_at = ?, last_answer = ?"
        " WHERE seq = ?",
        (next_attempt_at, answer, delivery.seq),
    )


def undelivered(db: sqlite3.Connection) -> int:
    """How many events are still to be sent."""
    row = db.execute("SELECT count(*) FROM events WHERE next_attempt_at IS NOT NULL").fetchone()
    return int(row[0])
