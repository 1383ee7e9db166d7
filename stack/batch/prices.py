"""Whether the new price is what such customers really pay: billing's charge beside the data file's.

Comparison only: what billing charges is handed in. Money in US cents.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import median_low
from typing import Final

from domain.service_change import ChangeKind
from sandbox._base.accounts import Account, bundled_accounts
from stack.batch.expectations import Products, products_after
from stack.batch.rows import BatchRow

NEAR_MINOR: Final = 200
"""94 % of all accounts pay within so much of the price list (see `sandbox/data/README.md`)."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One account after its change. `median_minor` is None where no other customer is like it."""

    account_id: str
    kind: ChangeKind
    charged_minor: int
    median_minor: int | None
    peers: int

    @property
    def difference_minor(self) -> int:
        """What is charged above the median of the peers; 0 without peers."""
        return 0 if self.median_minor is None else self.charged_minor - self.median_minor


def compare(row: BatchRow, charged_minor: int) -> Comparison:
    """The charge beside what the file's other customers with exactly the same services pay."""
    account = _accounts()[row.account_id]
    after = products_after(account.products, row.kind, row.details)
    peers = [charge for peer, charge in _charges()[after] if peer != row.account_id]
    median = median_low(peers) if peers else None
    return Comparison(row.account_id, row.kind, charged_minor, median, len(peers))


@dataclass(frozen=True, slots=True)
class KindSummary:
    """The comparisons of one kind of change; `worst` is None where nobody has peers."""

    kind: str
    accounts: int
    without_peers: int
    near: int
    mean_difference_minor: int
    """Of the amounts, whichever way they lie; rounded down."""
    worst: Comparison | None

    @property
    def compared(self) -> int:
        """Accounts that have peers."""
        return self.accounts - self.without_peers


def summarise(comparisons: Sequence[Comparison]) -> list[KindSummary]:
    """One summary per kind that occurs, and one of all under the name `all`."""
    by_kind: Mapping[str, list[Comparison]] = defaultdict(list)
    for each in comparisons:
        by_kind[each.kind].append(each)
    return [_summary(kind, by_kind[kind]) for kind in sorted(by_kind)] + [
        _summary("all", comparisons)
    ]


def _summary(kind: str, comparisons: Iterable[Comparison]) -> KindSummary:
    every = list(comparisons)
    compared = [each for each in every if each.median_minor is not None]
    off = [abs(each.difference_minor) for each in compared]
    return KindSummary(
        kind=kind,
        accounts=len(every),
        without_peers=len(every) - len(compared),
        near=sum(amount <= NEAR_MINOR for amount in off),
        mean_difference_minor=sum(off) // len(off) if off else 0,
        worst=max(compared, key=lambda each: abs(each.difference_minor), default=None),
    )


@cache
def _accounts() -> Mapping[str, Account]:
    return {account.account_id: account for account in bundled_accounts()}


@cache
def _charges() -> Mapping[Products, list[tuple[str, int]]]:
    charges: dict[Products, list[tuple[str, int]]] = defaultdict(list)
    for account in bundled_accounts():
        charges[account.products].append((account.account_id, account.monthly_minor))
    return charges
