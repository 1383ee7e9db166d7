"""Accounts on disk and as JSON. No HTTP, no rule about what may be ordered."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from sandbox._base.accounts import Account as BundledAccount
from sandbox._base.accounts import add_months, bundled_accounts
from sandbox.crm.services import ContractTerm, Services

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS accounts (
    account_id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    lifecycle TEXT NOT NULL,
    services TEXT NOT NULL,
    contract TEXT NOT NULL,
    contract_before TEXT,
    fiber_available INTEGER NOT NULL,
    paperless_billing INTEGER NOT NULL,
    household TEXT NOT NULL
);
"""

_TERMS: Final = {
    "Month-to-month": ContractTerm.MONTH_TO_MONTH,
    "One year": ContractTerm.ONE_YEAR,
    "Two year": ContractTerm.TWO_YEAR,
}
_MONTHS: Final[Mapping[ContractTerm, int]] = {ContractTerm.ONE_YEAR: 12, ContractTerm.TWO_YEAR: 24}


@dataclass(frozen=True, slots=True)
class Contract:
    """A term and its dates; a month-to-month contract has no end."""

    term: ContractTerm
    started_on: date
    ends_on: date | None

    def as_json(self) -> dict[str, Any]:
        """In the CRM's words."""
        return {
            "term": self.term,
            "startedOn": self.started_on.isoformat(),
            "endsOn": self.ends_on.isoformat() if self.ends_on else None,
        }

    @classmethod
    def starting(cls, term: ContractTerm, on: date) -> "Contract":
        """A contract agreed that day; it ends on the first of a month."""
        months = _MONTHS.get(term)
        first = on.replace(day=1)
        return cls(term, on, add_months(first, months) if months else None)

    @classmethod
    def parse(cls, text: str) -> "Contract":
        """The inverse of `as_json`, from text."""
        told = json.loads(text)
        ends_on = told["endsOn"]
        return cls(
            ContractTerm(told["term"]),
            date.fromisoformat(told["startedOn"]),
            date.fromisoformat(ends_on) if ends_on else None,
        )


@dataclass(frozen=True, slots=True)
class Account:
    """An account as of the moment it was read; `version` counts its changes."""

    account_id: str
    version: int
    lifecycle: str
    services: Services
    contract: Contract
    contract_before: Contract | None
    fiber_available: bool
    paperless_billing: bool
    household: Mapping[str, bool]

    @property
    def etag(self) -> str:
        """Changes with every change of the account."""
        return f'"{self.account_id}.{self.version}"'

    def with_term(self, term: ContractTerm, today: date) -> "Account":
        """The account under another contract term.

        Going back to the term that was replaced last resumes that contract with its own dates, so
        that undoing a change leaves no trace on when the customer is free.
        """
        if term is self.contract.term:
            return self
        before = self.contract_before
        resumed = before if before and before.term is term else Contract.starting(term, today)
        return replace(self, contract=resumed, contract_before=self.contract)

    def as_json(self) -> dict[str, Any]:
        """The account as the CRM tells it."""
        return {
            "accountId": self.account_id,
            "lifecycle": self.lifecycle,
            "services": self.services.model_dump(by_alias=True),
            "contract": self.contract.as_json(),
            "fiberAvailable": self.fiber_available,
            "paperlessBilling": self.paperless_billing,
            "household": self.household,
        }


def load(db: sqlite3.Connection) -> None:
    """Fill an empty file from the bundled data."""
    db.executemany(
        "INSERT INTO accounts VALUES (?, 1, ?, ?, ?, NULL, ?, ?, ?)",
        (_bundled(account) for account in bundled_accounts()),
    )


def by_id(db: sqlite3.Connection, account_id: str) -> Account | None:
    """The account, or None."""
    row = db.execute("SELECT * FROM accounts WHERE account_id = ?", (account_id,)).fetchone()
    return _account(row) if row else None


def page(db: sqlite3.Connection, after: str, limit: int) -> list[Account]:
    """Accounts in the order of their ids, from the one after `after` on."""
    rows = db.execute(
        "SELECT * FROM accounts WHERE account_id > ? ORDER BY account_id LIMIT ?", (after, limit)
    )
    return [_account(row) for row in rows]


def save(db: sqlite3.Connection, account: Account) -> Account:
    """Store services and contract as the next version, which is returned."""
    saved = replace(account, version=account.version + 1)
    before = saved.contract_before
    db.execute(
        "UPDATE accounts SET version = ?, services = ?, contract = ?, contract_before = ?"
        " WHERE account_id = ?",
        (
            saved.version,
            saved.services.model_dump_json(by_alias=True),
            json.dumps(saved.contract.as_json()),
            json.dumps(before.as_json()) if before else None,
            saved.account_id,
        ),
    )
    return saved


def _bundled(account: BundledAccount) -> tuple[Any, ...]:
    contract = Contract(
        _TERMS[account.contract], account.contract_started_on, account.contract_ends_on
    )
    household = {
        "seniorCitizen": account.senior,
        "partner": account.partner,
        "dependents": account.dependents,
    }
    return (
        account.account_id,
        account.lifecycle,
        Services.of_products(account.products).model_dump_json(by_alias=True),
        json.dumps(contract.as_json()),
        account.fiber_available,
        account.paperless_billing,
        json.dumps(household),
    )


def _account(row: sqlite3.Row) -> Account:
    before = row["contract_before"]
    return Account(
        account_id=row["account_id"],
        version=row["version"],
        lifecycle=row["lifecycle"],
        services=Services.model_validate_json(row["services"]),
        contract=Contract.parse(row["contract"]),
        contract_before=Contract.parse(before) if before else None,
        fiber_available=bool(row["fiber_available"]),
        paperless_billing=bool(row["paperless_billing"]),
        household=json.loads(row["household"]),
    )
