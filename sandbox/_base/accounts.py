"""The bundled accounts, and the written rule for facts the data file does not hold.

Every derived fact hangs on the account id alone, so it is the same on every machine, for ever:
`share(account_id, salt)` is a number in [0, 1) from SHA-256, compared with a threshold below. The
rule is told in words in `sandbox/README.md`. Nothing personal is derived: no names, no addresses.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

ACCOUNTS_FILE: Final = Path(__file__).resolve().parent.parent / "data" / "telco-customers.csv"
"""IBM "Telco Customer Churn", Apache License 2.0; see the README beside it."""

ANCHOR: Final = date(2026, 11, 1)
"""The day the file is taken to describe. Contract dates and invoices are counted from it."""

CLOSED_SHARE: Final = 0.08
"""Of the accounts that churn, how many are closed already; the others are closing."""
FIBER_SHARE: Final = 0.70
"""Of the accounts without fiber, at how many addresses it is available."""
PAST_DUE_SHARE: Final = 0.135
"""Of the open accounts that pay by check and have had an invoice, how many owe the last one. That
is 6 % of all open accounts."""

TERM_MONTHS: Final[Mapping[str, int]] = {"One year": 12, "Two year": 24}
"""Length of a contract term; month-to-month has none and so never ends by itself."""

_ADD_ONS: Final[Mapping[str, str]] = {
    "PhoneService": "phone",
    "MultipleLines": "multiple_lines",
    "OnlineSecurity": "online_security",
    "OnlineBackup": "online_backup",
    "DeviceProtection": "device_protection",
    "TechSupport": "tech_support",
    "StreamingTV": "streaming_tv",
    "StreamingMovies": "streaming_movies",
}
_INTERNET: Final[Mapping[str, frozenset[str]]] = {
    "DSL": frozenset({"dsl"}),
    "Fiber optic": frozenset({"fiber_optic"}),
    "No": frozenset(),
}
_CHECK_PAYERS: Final = frozenset({"Electronic check", "Mailed check"})


@dataclass(frozen=True, slots=True)
class Account:
    """One account: what the file says, in cents and product codes, and what follows by the rule.

    `contract` and `payment_method` are in the file's words. `total_billed_minor` is None where the
    file is blank: eleven accounts in their first month, which have had no invoice yet.
    """

    account_id: str
    products: frozenset[str]
    contract: str
    tenure_months: int
    paperless_billing: bool
    payment_method: str
    monthly_minor: int
    total_billed_minor: int | None
    churned: bool
    senior: bool
    partner: bool
    dependents: bool

    @property
    def lifecycle(self) -> str:
        """`open`; `closing` for those that churn; `closed` for CLOSED_SHARE of these."""
        if not self.churned:
            return "open"
        return "closed" if share(self.account_id, "lifecycle:v1") < CLOSED_SHARE else "closing"

    @property
    def contract_started_on(self) -> date:
        """ANCHOR less the tenure."""
        return add_months(ANCHOR, -self.tenure_months)

    @property
    def contract_ends_on(self) -> date | None:
        """End of the term that runs at ANCHOR; a term renews by its own length when it ends."""
        months = TERM_MONTHS.get(self.contract)
        if months is None:
            return None
        return add_months(self.contract_started_on, (self.tenure_months // months + 1) * months)

    @property
    def fiber_available(self) -> bool:
        """True where fiber is held, and at FIBER_SHARE of the other addresses."""
        return "fiber_optic" in self.products or share(self.account_id, "fiber:v1") < FIBER_SHARE

    @property
    def past_due(self) -> bool:
        """Whether the last invoice is overdue; see PAST_DUE_SHARE."""
        return (
            self.lifecycle == "open"
            and self.payment_method in _CHECK_PAYERS
            and self.total_billed_minor is not None
            and share(self.account_id, "past-due:v1") < PAST_DUE_SHARE
        )


def share(account_id: str, salt: str) -> float:
    """Where an account falls in [0, 1): SHA-256 of `salt:account id`, its first 8 bytes."""
    digest = sha256(f"{salt}:{account_id}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


def add_months(day: date, months: int) -> date:
    """The same day of a later (or earlier) month. Meant for first days of a month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, day.day)


@cache
def bundled_accounts() -> tuple[Account, ...]:
    """All accounts of the data file, in its order. Read once per process."""
    with ACCOUNTS_FILE.open(encoding="utf-8", newline="") as file:
        return tuple(_account(row) for row in csv.DictReader(file))


def _account(row: Mapping[str, str]) -> Account:
    added = {product for column, product in _ADD_ONS.items() if row[column] == "Yes"}
    total = row["TotalCharges"].strip()
    return Account(
        account_id=row["customerID"],
        products=_INTERNET[row["InternetService"]] | added,
        contract=row["Contract"],
        tenure_months=int(row["tenure"]),
        paperless_billing=row["PaperlessBilling"] == "Yes",
        payment_method=row["PaymentMethod"],
        monthly_minor=_minor(row["MonthlyCharges"]),
        total_billed_minor=_minor(total) if total else None,
        churned=row["Churn"] == "Yes",
        senior=row["SeniorCitizen"] == "1",
        partner=row["Partner"] == "Yes",
        dependents=row["Dependents"] == "Yes",
    )


def _minor(dollars: str) -> int:
    return int(Decimal(dollars) * 100)
