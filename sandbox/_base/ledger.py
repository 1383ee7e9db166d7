"""The vendor's own record of effects, by business meaning: the independent witness.

Append-only by trigger. It counts what was done to an account, not what somebody believes was done.
"""

import sqlite3
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

CORRELATION_ID: ContextVar[str | None] = ContextVar("correlation_id", default=None)
"""Of the request in progress, as its caller sent it."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS ledger (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    account_id TEXT NOT NULL,
    what TEXT NOT NULL,
    detail TEXT,
    amount_minor INTEGER,
    currency TEXT,
    client_reference TEXT,
    vendor_reference TEXT,
    reverses TEXT,
    correlation_id TEXT
);
CREATE INDEX IF NOT EXISTS ledger_by_account ON ledger (account_id);
CREATE INDEX IF NOT EXISTS ledger_by_client_reference ON ledger (client_reference);
CREATE TRIGGER IF NOT EXISTS ledger_is_not_edited BEFORE UPDATE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS ledger_is_not_cut BEFORE DELETE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One effect. `what` is a past participle (`price_change_posted`), `detail` its object.

    `vendor_reference` is what the caller was given; `reverses` is the vendor reference of the
    effect undone by this one.
    """

    account_id: str
    what: str
    detail: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    client_reference: str | None = None
    vendor_reference: str | None = None
    reverses: str | None = None


def record(db: sqlite3.Connection, entry: Entry, at: datetime) -> None:
    """Add an entry, in the transaction of the effect itself."""
    db.execute(
        "INSERT INTO ledger (at, account_id, what, detail, amount_minor, currency,"
        " client_reference, vendor_reference, reverses, correlation_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            at.isoformat(),
            entry.account_id,
            entry.what,
            entry.detail,
            entry.amount_minor,
            entry.currency,
            entry.client_reference,
            entry.vendor_reference,
            entry.reverses,
            CORRELATION_ID.get(),
        ),
    )


def entries(
    db: sqlite3.Connection,
    *,
    account_id: str | None = None,
    client_reference: str | None = None,
    after: int = 0,
    limit: int,
) -> list[dict[str, Any]]:
    """Entries in order, from the one after `after` on; filters apply where given."""
    rows = db.execute(
        "SELECT seq AS entry_id, at, account_id, what, detail, amount_minor, currency,"
        " client_reference, vendor_reference, reverses, correlation_id"
        " FROM ledger WHERE seq > :after"
        " AND (:account_id IS NULL OR account_id = :account_id)"
        " AND (:client_reference IS NULL OR client_reference = :client_reference)"
        " ORDER BY seq LIMIT :limit",
        {
            "after": after,
            "account_id": account_id,
            "client_reference": client_reference,
            "limit": limit,
        },
    )
    return [dict(row) for row in rows]
