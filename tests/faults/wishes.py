"""What to ask for: real accounts with nothing in their way, each used once."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain.service_change import ChangeKind
from sandbox._base.accounts import Account, bundled_accounts
from stack.batch.days import DayRule, RequestedDay
from stack.batch.documents import DocumentType, document
from stack.batch.rows import BatchRow, read_batch

METHODS: Final = ("Credit card (automatic)", "Mailed check")
ADDABLE: Final = ("tech_support", "online_security", "online_backup", "device_protection")
INTERNET: Final = frozenset({"dsl", "fiber_optic"})
DAYS: Final = 20

Wish = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account and what it may ask for."""

    account: Account
    number: int

    def wish(self, choice: int, now: datetime) -> Wish:
        """A service to add where there is one, for odd choices; else another way to pay."""
        kind, details = (
            ("add_service", {"service": self.addable})
            if choice % 2 and self.addable
            else ("change_payment_method", {"payment_method": self._other_method})
        )
        return {
            "account_id": self.account.account_id,
            "kind": kind,
            "details": details,
            "requested_date": self.day.on(self.account.account_id, now).isoformat(),
        }

    @property
    def addable(self) -> str | None:
        """A service it may add, if there is one."""
        missing = [service for service in ADDABLE if service not in self.account.products]
        return missing[0] if missing and INTERNET & self.account.products else None

    @property
    def day(self) -> RequestedDay:
        """When; spread, so that no day is full."""
        return RequestedDay(rule=DayRule.OPEN, nth=1 + self.number % DAYS)

    @property
    def _other_method(self) -> str:
        return next(method for method in METHODS if method != self.account.payment_method)


def candidates() -> Iterator[Candidate]:
    """Open accounts that owe nothing and are not in the bundled batch; some 4,600."""
    taken = {row.account_id for row in read_batch()}
    fit = (
        account
        for account in bundled_accounts()
        if account.lifecycle == "open" and not account.past_due and account.account_id not in taken
    )
    return (Candidate(account, number) for number, account in enumerate(fit))


def additions(accounts: Iterable[Candidate]) -> Iterator[BatchRow]:
    """A service added to each account that may add one, as a row of a batch."""
    row = read_batch()[0]
    for each in accounts:
        if each.addable:
            yield row.model_copy(
                update={
                    "account_id": each.account.account_id,
                    "kind": ChangeKind.ADD_SERVICE,
                    "details": {"service": each.addable},
                    "requested_day": each.day,
                }
            )


def paper(text: str) -> tuple[str, bytes]:
    """A signed document for an upload; other text, other bytes."""
    return "signed.pdf", document(DocumentType.PDF, text)


def multipart(wish: Wish, text: str | None) -> dict[str, Any]:
    """A submission with its document, or without."""
    parts: dict[str, Any] = {"change": (None, json.dumps(wish), "application/json")}
    return parts | ({"document": paper(text)} if text is not None else {})
