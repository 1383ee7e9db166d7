"""Tickets and their comments on disk and as JSON. No HTTP; what may follow stands in lifecycle."""

import json
import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sandbox.ticketing.lifecycle import TicketStatus

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS tickets (
    seq INTEGER PRIMARY KEY,
    account_id TEXT NOT NULL,
    external_reference TEXT NOT NULL,
    subject TEXT NOT NULL,
    tags TEXT NOT NULL,
    status TEXT NOT NULL,
    resolution TEXT,
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS tickets_by_external_reference ON tickets (external_reference);
CREATE TABLE IF NOT EXISTS comments (
    seq INTEGER PRIMARY KEY,
    ticket_seq INTEGER NOT NULL REFERENCES tickets,
    author TEXT NOT NULL,
    public INTEGER NOT NULL,
    body TEXT NOT NULL,
    external_reference TEXT,
    created_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS comments_by_ticket ON comments (ticket_seq);
"""
DESK: Final = "desk"
CUSTOMER: Final = "customer"
_NUMBERED_FROM: Final = 100_000


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket. `version` grows by one with everything that happens to it."""

    seq: int
    account_id: str
    external_reference: str
    subject: str
    tags: tuple[str, ...]
    status: TicketStatus
    resolution: str | None
    version: int
    created_at: str
    updated_at: str

    @property
    def ticket_id(self) -> str:
        """The number people use, such as `T-100234`."""
        return f"T-{_NUMBERED_FROM + self.seq}"

    def as_json(self) -> dict[str, Any]:
        """The ticket as the vendor tells it."""
        return {
            "id": self.ticket_id,
            "subject": self.subject,
            "account_id": self.account_id,
            "external_reference": self.external_reference,
            "status": self.status,
            "tags": list(self.tags),
            "resolution": self.resolution,
            "version": self.version,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }


@dataclass(frozen=True, slots=True)
class NewComment:
    """Something said: by the desk (to the customer, or privately) or by the customer."""

    author: str
    public: bool
    body: str
    external_reference: str | None = None


def open_ticket(
    db: sqlite3.Connection,
    *,
    account_id: str,
    external_reference: str,
    subject: str,
    tags: tuple[str, ...],
    now: datetime,
) -> Ticket:
    """A new ticket, whatever else has the same external reference."""
    at = now.isoformat()
    seq = db.execute(
        "INSERT INTO tickets (account_id, external_reference, subject, tags, status, version,"
        " created_at, updated_at) VALUES (?, ?, ?, ?, ?, 1, ?, ?)",
        (account_id, external_reference, subject, json.dumps(tags), TicketStatus.OPEN, at, at),
    ).lastrowid
    return Ticket(
        seq=seq or 0,
        account_id=account_id,
        external_reference=external_reference,
        subject=subject,
        tags=tags,
        status=TicketStatus.OPEN,
        resolution=None,
        version=1,
        created_at=at,
        updated_at=at,
    )


def by_id(db: sqlite3.Connection, ticket_id: str) -> Ticket | None:
    """The ticket of that number, or None."""
    number = ticket_id.removeprefix("T-")
    if not number.isdecimal():
        return None
    row = db.execute(
        "SELECT * FROM tickets WHERE seq = ?", (int(number) - _NUMBERED_FROM,)
    ).fetchone()
    return None if row is None else _ticket(row)


def by_external_reference(db: sqlite3.Connection, external_reference: str) -> list[Ticket]:
    """Every ticket under the caller's reference, oldest first."""
    rows = db.execute(
        "SELECT * FROM tickets WHERE external_reference = ? ORDER BY seq", (external_reference,)
    )
    return [_ticket(row) for row in rows]


def page(db: sqlite3.Connection, after: int, limit: int, account_id: str | None) -> list[Ticket]:
    """Tickets in the order of their numbers, from the one after `after` on."""
    rows = db.execute(
        "SELECT * FROM tickets WHERE seq > :after"
        " AND (:account_id IS NULL OR account_id = :account_id) ORDER BY seq LIMIT :limit",
        {"after": after, "account_id": account_id, "limit": limit},
    )
    return [_ticket(row) for row in rows]


def move_on(
    db: sqlite3.Connection,
    ticket: Ticket,
    status: TicketStatus,
    *,
    resolution: str | None = None,
    now: datetime,
) -> Ticket:
    """Something happened to the ticket: its status after it, and the next version."""
    after = replace(
        ticket,
        status=status,
        resolution=resolution,
        version=ticket.version + 1,
        updated_at=now.isoformat(),
    )
    db.execute(
        "UPDATE tickets SET status = ?, resolution = ?, version = ?, updated_at = ? WHERE seq = ?",
        (after.status, after.resolution, after.version, after.updated_at, after.seq),
    )
    return after


def add_comment(
    db: sqlite3.Connection, ticket: Ticket, comment: NewComment, *, now: datetime
) -> dict[str, Any]:
    """Put a comment under a ticket; returns it as JSON. Repeating adds another."""
    seq = db.execute(
        "INSERT INTO comments (ticket_seq, author, public, body, external_reference, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            ticket.seq,
            comment.author,
            comment.public,
            comment.body,
            comment.external_reference,
            now.isoformat(),
        ),
    ).lastrowid
    row = db.execute("SELECT * FROM comments WHERE seq = ?", (seq,)).fetchone()
    return _comment_as_json(ticket, row)


def comments_of(db: sqlite3.Connection, ticket: Ticket) -> list[dict[str, Any]]:
    """All that was said, oldest first; the first is the body the ticket was opened with."""
    rows = db.execute("SELECT * FROM comments WHERE ticket_seq = ? ORDER BY seq", (ticket.seq,))
    return [_comment_as_json(ticket, row) for row in rows]


def _ticket(row: sqlite3.Row) -> Ticket:
    return Ticket(
        **{
            **dict(row),
            "tags": tuple(json.loads(row["tags"])),
            "status": TicketStatus(row["status"]),
        }
    )


def _comment_as_json(ticket: Ticket, row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": f"C-{_NUMBERED_FROM + row['seq']}",
        "ticket_id": ticket.ticket_id,
        "author": row["author"],
        "public": bool(row["public"]),
        "body": row["body"],
        "external_reference": row["external_reference"],
        "created_at": row["created_at"],
    }
