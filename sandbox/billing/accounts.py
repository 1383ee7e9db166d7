"""Accounts and invoices on disk and as JSON: standing, charges, payments. No HTTP."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from sandbox._base.accounts import ANCHOR, add_months, bundled_accounts
from sandbox._base.accounts import Account as BundledAccount

CURRENCY: Final = "usd"

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS accounts (
    account_id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    recurring_minor INTEGER NOT NULL,
    total_billed_minor INTEGER,
    payment_method TEXT NOT NULL,
    billing_address TEXT
);
CREATE TABLE IF NOT EXISTS invoices (
    invoice_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    period TEXT NOT NULL,
    status TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    due_minor INTEGER NOT NULL,
    due_on TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS invoices_by_account ON invoices (account_id);
"""

_DUE_DAY: Final = 15


class PaymentMethod(StrEnum):
    """Ways to pay, in the words of the bundled data."""

    ELECTRONIC_CHECK = "Electronic check"
    MAILED_CHECK = "Mailed check"
    BANK_TRANSFER = "Bank transfer (automatic)"
    CREDIT_CARD = "Credit card (automatic)"


class InvoiceStatus(StrEnum):
    """`draft` collects lines, `open` was sent and is overdue, `paid` is settled."""

    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"


class Standing(StrEnum):
    """Whether the customer owes something overdue."""

    CURRENT = "current"
    PAST_DUE = "past_due"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Account:
    """An account as of the moment it was read; `version` counts its changes."""

    account_id: str
    version: int
    closed: bool
    recurring_minor: int
    total_billed_minor: int | None
    payment_method: str
    billing_address: dict[str, Any] | None


def load(db: sqlite3.Connection) -> None:
    """Fill an empty file from the bundled data: each account, and its last invoice if any."""
    bundled = bundled_accounts()
    db.executemany(
        "INSERT INTO accounts VALUES (?, 1, ?, ?, ?, ?, NULL)",
        (
            (
                account.account_id,
                account.lifecycle == "closed",
                account.monthly_minor,
                account.total_billed_minor,
                account.payment_method,
            )
            for account in bundled
        ),
    )
    db.executemany("INSERT INTO invoices VALUES (?, ?, ?, ?, ?, ?, ?)", _last_invoices(bundled))


def by_id(db: sqlite3.Connection, account_id: str) -> Account | None:
    """The account, or None."""
    row = db.execute("SELECT * FROM accounts WHERE account_id = ?", (account_id,)).fetchone()
    return None if row is None else _account(row)


def page(
    db: sqlite3.Connection, after: str, limit: int, account_id: str | None = None
) -> list[Account]:
    """Accounts in the order of their ids, from the one after `after` on; or the one alone."""
    rows = db.execute(
        "SELECT * FROM accounts WHERE account_id > :after"
        " AND (:account_id IS NULL OR account_id = :account_id) ORDER BY account_id LIMIT :limit",
        {"after": after, "account_id": account_id, "limit": limit},
    )
    return [_account(row) for row in rows]


def save(db: sqlite3.Connection, account: Account) -> Account:
    """Store charge, payment method and address as the next version, which is returned."""
    saved = replace(account, version=account.version + 1)
    address = saved.billing_address
    db.execute(
        "UPDATE accounts SET version = ?, recurring_minor = ?, payment_method = ?,"
        " billing_address = ? WHERE account_id = ?",
        (
            saved.version,
            saved.recurring_minor,
            saved.payment_method,
            json.dumps(address) if address else None,
            saved.account_id,
        ),
    )
    return saved


def standing(db: sqlite3.Connection, account: Account) -> Standing:
    """Follows from the account's invoices; nobody sets it."""
    if account.closed:
        return Standing.CLOSED
    owes = invoices(db, account.account_id, InvoiceStatus.OPEN)
    return Standing.PAST_DUE if owes else Standing.CURRENT


def as_json(db: sqlite3.Connection, account: Account) -> dict[str, Any]:
    """The account as billing tells it."""
    return {
        "object": "account",
        "id": account.account_id,
        "version": account.version,
        "standing": standing(db, account),
        "recurring_amount_minor": account.recurring_minor,
        "total_billed_minor": account.total_billed_minor,
        "currency": CURRENCY,
        "payment_method": account.payment_method,
        "billing_address": account.billing_address,
        "open_invoices": invoices(db, account.account_id, InvoiceStatus.OPEN),
    }


def invoices(
    db: sqlite3.Connection, account_id: str, status: InvoiceStatus | None = None
) -> list[dict[str, Any]]:
    """An account's invoices as billing tells them, oldest first."""
    rows = db.execute(
        "SELECT invoice_id AS id, account_id AS account, period, status, amount_minor, due_minor,"
        " due_on FROM invoices WHERE account_id = :account"
        " AND (:status IS NULL OR status = :status) ORDER BY period, invoice_id",
        {"account": account_id, "status": status},
    )
    return [{"object": "invoice", **dict(row), "currency": CURRENCY} for row in rows]


def draft_invoice(db: sqlite3.Connection, account: Account, at: datetime) -> str:
    """Id of the invoice that collects this month's lines, at the account's present charge."""
    period = f"{at:%Y-%m}"
    invoice_id = _invoice_id(account.account_id, period, InvoiceStatus.DRAFT)
    due_on = add_months(at.date().replace(day=_DUE_DAY), 1).isoformat()
    db.execute(
        "INSERT INTO invoices VALUES (?, ?, ?, ?, ?, 0, ?)"
        " ON CONFLICT (invoice_id) DO UPDATE SET amount_minor = excluded.amount_minor",
        (
            invoice_id,
            account.account_id,
            period,
            InvoiceStatus.DRAFT,
            account.recurring_minor,
            due_on,
        ),
    )
    return invoice_id


def settle(db: sqlite3.Connection, account: Account, amount_minor: int) -> int:
    """Use a payment up on open invoices, oldest first; returns what is left over."""
    left = amount_minor
    for invoice in invoices(db, account.account_id, InvoiceStatus.OPEN):
        used = min(left, invoice["due_minor"])
        left -= used
        still_due = invoice["due_minor"] - used
        status = InvoiceStatus.OPEN if still_due else InvoiceStatus.PAID
        db.execute(
            "UPDATE invoices SET due_minor = ?, status = ? WHERE invoice_id = ?",
            (still_due, status, invoice["id"]),
        )
    return left


def _account(row: sqlite3.Row) -> Account:
    address = json.loads(row["billing_address"] or "null")
    return Account(**{**dict(row), "closed": bool(row["closed"]), "billing_address": address})


def _last_invoices(bundled: tuple[BundledAccount, ...]) -> Iterator[tuple[Any, ...]]:
    """The invoice of the month before ANCHOR; the eleven accounts never billed have none."""
    month = add_months(ANCHOR, -1)
    period, due_on = f"{month:%Y-%m}", month.replace(day=_DUE_DAY).isoformat()
    for account in bundled:
        if account.total_billed_minor is None:
            continue
        status = InvoiceStatus.OPEN if account.past_due else InvoiceStatus.PAID
        yield (
            _invoice_id(account.account_id, period, "bundled"),
            account.account_id,
            period,
            status,
            account.monthly_minor,
            account.monthly_minor if account.past_due else 0,
            due_on,
        )


def _invoice_id(account_id: str, period: str, sort: str) -> str:
    return f"in_{sha256(f'{account_id}:{period}:{sort}'.encode()).hexdigest()[:16]}"
