"""Price changes and their reversals as invoice lines: the price list, the rules, the rows. No HTTP.

A line is never edited: a change is undone by a second line that points at the first.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import uuid4

from sandbox._base.accounts import bundled_accounts
from sandbox.billing import accounts
from sandbox.billing.accounts import CURRENCY, Account

PRICES_MINOR: Final[Mapping[str, int]] = {
    "phone": 2000,
    "multiple_lines": 500,
    "dsl": 2500,
    "fiber_optic": 5000,
    "online_security": 500,
    "online_backup": 500,
    "device_protection": 500,
    "tech_support": 500,
    "streaming_tv": 1000,
    "streaming_movies": 1000,
}
"""US cents per month: least squares over the bundled accounts (see data/README.md)."""

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS invoice_lines (
    line_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    client_reference TEXT NOT NULL,
    created INTEGER NOT NULL,
    lines TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    recurring_before_minor INTEGER NOT NULL,
    recurring_after_minor INTEGER NOT NULL,
    method_before TEXT,
    method_after TEXT,
    address_before TEXT,
    address_after TEXT,
    metadata TEXT NOT NULL,
    reason TEXT,
    reverses TEXT UNIQUE
);
CREATE INDEX IF NOT EXISTS invoice_lines_by_client_reference ON invoice_lines (client_reference);
CREATE INDEX IF NOT EXISTS invoice_lines_by_account ON invoice_lines (account_id);
"""


@dataclass(frozen=True, slots=True)
class PriceLine:
    """One product that comes (`quantity` 1) or goes (-1), at its monthly list price."""

    product: str
    quantity: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """A row. `method_*` and `address_*` are None where the line left them alone."""

    line_id: str
    account_id: str
    invoice_id: str
    client_reference: str
    created: int
    lines: list[dict[str, Any]]
    amount_minor: int
    recurring_before_minor: int
    recurring_after_minor: int
    method_before: str | None
    method_after: str | None
    address_before: dict[str, Any] | None
    address_after: dict[str, Any] | None
    metadata: dict[str, Any]
    reason: str | None = None
    reverses: str | None = None

    def as_json(self, reversed_by: str | None) -> dict[str, Any]:
        """The line as billing tells it. Addresses are not repeated; the account has them."""
        return {
            "object": "invoice_line",
            "id": self.line_id,
            "account": self.account_id,
            "invoice_id": self.invoice_id,
            "client_reference": self.client_reference,
            "created": self.created,
            "lines": self.lines,
            "amount_minor": self.amount_minor,
            "currency": CURRENCY,
            "recurring_before_minor": self.recurring_before_minor,
            "recurring_after_minor": self.recurring_after_minor,
            "payment_method": self.method_after,
            "billing_address_changed": self.address_after != self.address_before,
            "metadata": self.metadata,
            "reason": self.reason,
            "reverses": self.reverses,
            "reversed_by": reversed_by,
        }


_COLUMNS: Final = tuple(InvoiceLine.__dataclass_fields__)
_JSON_COLUMNS: Final = ("lines", "address_before", "address_after", "metadata")


def wrong_price(lines: Sequence[PriceLine]) -> str | None:
    """Why these lines do not agree with the price list, as a sentence; None when they do."""
    for line in lines:
        price = PRICES_MINOR.get(line.product)
        if price is None:
            return f"{line.product} is not on the price list. See GET /v1/prices."
        if line.amount_minor != price:
            return f"{line.product} costs {price}, not {line.amount_minor}. See GET /v1/prices."
    return None


def post(
    db: sqlite3.Connection,
    account: Account,
    *,
    client_reference: str,
    lines: Sequence[PriceLine],
    payment_method: str | None,
    billing_address: dict[str, Any] | None,
    metadata: dict[str, Any],
    at: datetime,
) -> InvoiceLine:
    """Charge the lines from now on and set method and address where given.

    The monthly charge never falls below zero: a few customers of the bundled data pay less for
    their last service than its list price.
    """
    amount = sum(line.quantity * line.amount_minor for line in lines)
    changed = replace(
        account,
        recurring_minor=max(0, account.recurring_minor + amount),
        payment_method=payment_method or account.payment_method,
        billing_address=billing_address or account.billing_address,
    )
    return _write(
        db,
        account,
        changed,
        client_reference=client_reference,
        lines=[
            {"product": p.product, "quantity": p.quantity, "amount_minor": p.amount_minor}
            for p in lines
        ],
        amount_minor=amount,
        metadata=metadata,
        at=at,
    )


def reverse(
    db: sqlite3.Connection,
    account: Account,
    line: InvoiceLine,
    *,
    client_reference: str,
    reason: str,
    at: datetime,
) -> InvoiceLine:
    """Undo a line that is not reversed yet.

    Charge, method and address go back; what was changed again since then stays as it is.
    """
    method_untouched = account.payment_method == line.method_after
    address_untouched = account.billing_address == line.address_after
    charged = line.recurring_after_minor - line.recurring_before_minor
    changed = replace(
        account,
        recurring_minor=max(0, account.recurring_minor - charged),
        payment_method=(method_untouched and line.method_before) or account.payment_method,
        billing_address=line.address_before if address_untouched else account.billing_address,
    )
    return _write(
        db,
        account,
        changed,
        client_reference=client_reference,
        lines=[{**each, "quantity": -each["quantity"]} for each in line.lines],
        amount_minor=-line.amount_minor,
        metadata=line.metadata,
        at=at,
        reason=reason,
        reverses=line.line_id,
    )


def by_id(db: sqlite3.Connection, line_id: str) -> InvoiceLine | None:
    """The line, or None."""
    return next(iter(_select(db, "line_id", line_id)), None)


def reversal_of(db: sqlite3.Connection, line_id: str) -> InvoiceLine | None:
    """The line that undoes this one, or None."""
    return next(iter(_select(db, "reverses", line_id)), None)


def by_client_reference(db: sqlite3.Connection, client_reference: str) -> list[InvoiceLine]:
    """Price changes (not reversals) under the caller's reference, oldest first."""
    found = _select(db, "client_reference", client_reference)
    return [line for line in found if line.reverses is None]


def products_charged(db: sqlite3.Connection, account_ids: Sequence[str]) -> dict[str, list[str]]:
    """What each account is charged for: the bundled products, and what lines gave and took."""
    bundled = _bundled_products()
    quantities = {id_: dict.fromkeys(bundled.get(id_, ()), 1) for id_ in account_ids}
    marks = ",".join("?" * len(account_ids))
    rows = db.execute(
        f"SELECT account_id, lines FROM invoice_lines WHERE account_id IN ({marks}) ORDER BY rowid",  # noqa: S608 - only question marks are added
        list(account_ids),
    )
    for account_id, lines in rows:
        held = quantities[account_id]
        for line in json.loads(lines):
            held[line["product"]] = held.get(line["product"], 0) + line["quantity"]
    return {
        id_: sorted(product for product, count in held.items() if count > 0)
        for id_, held in quantities.items()
    }


@cache
def _bundled_products() -> Mapping[str, frozenset[str]]:
    return {account.account_id: account.products for account in bundled_accounts()}


def told(db: sqlite3.Connection, line: InvoiceLine) -> dict[str, Any]:
    """A line as billing tells it, with the reversal it has by now."""
    reversal = reversal_of(db, line.line_id)
    return line.as_json(reversal.line_id if reversal else None)


def _write(
    db: sqlite3.Connection,
    before: Account,
    after: Account,
    *,
    at: datetime,
    **values: Any,  # noqa: ANN401 - columns of different types
) -> InvoiceLine:
    saved = accounts.save(db, after)
    method_changed = before.payment_method != saved.payment_method
    line = InvoiceLine(
        line_id=f"il_{uuid4().hex[:20]}",
        account_id=saved.account_id,
        invoice_id=accounts.draft_invoice(db, saved, at),
        created=int(at.timestamp()),
        recurring_before_minor=before.recurring_minor,
        recurring_after_minor=saved.recurring_minor,
        method_before=before.payment_method if method_changed else None,
        method_after=saved.payment_method if method_changed else None,
        address_before=before.billing_address,
        address_after=saved.billing_address,
        **values,
    )
    row = [getattr(line, column) for column in _COLUMNS]
    stored = [
        json.dumps(value) if column in _JSON_COLUMNS else value
        for column, value in zip(_COLUMNS, row, strict=True)
    ]
    marks = ",".join("?" * len(_COLUMNS))
    db.execute(
        f"INSERT INTO invoice_lines ({','.join(_COLUMNS)}) VALUES ({marks})",  # noqa: S608 - names of our own columns
        stored,
    )
    return line


def _select(db: sqlite3.Connection, column: str, value: str) -> list[InvoiceLine]:
    rows = db.execute(
        f"SELECT {','.join(_COLUMNS)} FROM invoice_lines WHERE {column} = ? ORDER BY rowid",  # noqa: S608 - column is a literal of this module
        (value,),
    )
    return [
        InvoiceLine(**{**dict(row), **{name: json.loads(row[name]) for name in _JSON_COLUMNS}})
        for row in rows
    ]
