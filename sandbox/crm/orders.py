"""Orders on disk and as JSON: opened, changed under, closed. No HTTP."""

import json
import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS orders (
    seq INTEGER PRIMARY KEY,
    account_id TEXT NOT NULL,
    client_reference TEXT NOT NULL UNIQUE,
    summary TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    closed_at TEXT,
    change TEXT
);
"""
_FIRST_NUMBER: Final = 500_000


@dataclass(frozen=True, slots=True)
class Order:
    """A sold change. `change` is what was done under it so far: added, removed, contract terms."""

    seq: int
    account_id: str
    client_reference: str
    summary: str
    opened_at: str
    closed_at: str | None = None
    change: dict[str, Any] | None = None

    @property
    def order_id(self) -> str:
        """The number people use."""
        return f"ORD-{_FIRST_NUMBER + self.seq}"

    @property
    def is_open(self) -> bool:
        """Whether services may still be changed under it."""
        return self.closed_at is None

    def as_json(self) -> dict[str, Any]:
        """The order as the CRM tells it."""
        return {
            "orderId": self.order_id,
            "accountId": self.account_id,
            "clientReference": self.client_reference,
            "summary": self.summary,
            "status": "open" if self.is_open else "closed",
            "openedAt": self.opened_at,
            "closedAt": self.closed_at,
            "change": self.change,
        }


def open_order(
    db: sqlite3.Connection, account_id: str, client_reference: str, summary: str, at: datetime
) -> Order:
    """A new order; its client reference must not be taken."""
    opened_at = at.isoformat()
    seq = db.execute(
        "INSERT INTO orders (account_id, client_reference, summary, opened_at) VALUES (?, ?, ?, ?)",
        (account_id, client_reference, summary, opened_at),
    ).lastrowid
    return Order(seq or 0, account_id, client_reference, summary, opened_at)


def by_id(db: sqlite3.Connection, order_id: str) -> Order | None:
    """The order, or None."""
    number = order_id.removeprefix("ORD-")
    if not number.isdecimal():
        return None
    return _first(db, "SELECT * FROM orders WHERE seq = ?", int(number) - _FIRST_NUMBER)


def by_client_reference(db: sqlite3.Connection, client_reference: str) -> Order | None:
    """The order under the caller's reference, or None."""
    return _first(db, "SELECT * FROM orders WHERE client_reference = ?", client_reference)


def note_change(db: sqlite3.Connection, order: Order, change: dict[str, Any]) -> Order:
    """Remember what was done under the order."""
    db.execute("UPDATE orders SET change = ? WHERE seq = ?", (json.dumps(change), order.seq))
    return replace(order, change=change)


def close(db: sqlite3.Connection, order: Order, at: datetime) -> Order:
    """No more changes under it."""
    closed_at = at.isoformat()
    db.execute("UPDATE orders SET closed_at = ? WHERE seq = ?", (closed_at, order.seq))
    return replace(order, closed_at=closed_at)


def _first(db: sqlite3.Connection, query: str, value: int | str) -> Order | None:
    row = db.execute(query, (value,)).fetchone()
    if row is None:
        return None
    return Order(**{**dict(row), "change": json.loads(row["change"] or "null")})
