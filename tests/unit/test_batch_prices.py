"""The charge after a change beside what the file's own customers with the same services pay."""

from statistics import median_low

from domain.catalogue import PRICE_MINOR, Product
from domain.service_change import ChangeKind, ChangeStatus
from sandbox._base.accounts import bundled_accounts
from stack.batch.expectations import products_after
from stack.batch.prices import NEAR_MINOR, Comparison, compare, summarise
from stack.batch.rows import read_batch

ACCOUNTS = {account.account_id: account for account in bundled_accounts()}
ACTIVE = [row for row in read_batch() if row.expected.status is ChangeStatus.ACTIVE]


def comparison(
    charged: int, median: int | None, kind: ChangeKind = ChangeKind.ADD_SERVICE
) -> Comparison:
    return Comparison("A-1", kind, charged, median, 0 if median is None else 3)


def test_peers_hold_exactly_the_services_after_the_change_and_are_other_customers() -> None:
    row = next(row for row in ACTIVE if row.kind is ChangeKind.ADD_SERVICE)
    after = products_after(ACCOUNTS[row.account_id].products, row.kind, row.details)
    charges = [
        account.monthly_minor
        for account in ACCOUNTS.values()
        if account.products == after and account.account_id != row.account_id
    ]
    found = compare(row, 5000)
    assert found.peers == len(charges) > 0
    assert found.median_minor == median_low(charges)
    assert found.difference_minor == 5000 - median_low(charges)


def test_an_account_is_not_its_own_peer() -> None:
    row = next(row for row in ACTIVE if row.kind is ChangeKind.CHANGE_PAYMENT_METHOD)
    alike = [a for a in ACCOUNTS.values() if a.products == ACCOUNTS[row.account_id].products]
    assert compare(row, 5000).peers == len(alike) - 1


def test_a_charge_by_the_price_list_is_near_the_peers_for_nearly_all() -> None:
    comparisons = []
    for row in ACTIVE:
        held = ACCOUNTS[row.account_id].products
        after = products_after(held, row.kind, row.details)
        added = sum(PRICE_MINOR[Product(name)] for name in after - held)
        gone = sum(PRICE_MINOR[Product(name)] for name in held - after)
        comparisons.append(compare(row, ACCOUNTS[row.account_id].monthly_minor + added - gone))
    overall = summarise(comparisons)[-1]
    assert overall.near >= overall.compared * 0.9


def test_a_posting_that_was_lost_is_not_near() -> None:
    """Internet that came without being charged for is seen in the table."""
    rows = [row for row in ACTIVE if row.details.get("internet_service") == "Fiber optic"]
    comparisons = [compare(row, ACCOUNTS[row.account_id].monthly_minor) for row in rows]
    assert summarise(comparisons)[-1].near == 0


def test_a_summary_counts_the_near_the_far_and_those_without_peers() -> None:
    near, far = comparison(5000, 5000 + NEAR_MINOR), comparison(5000, 5001 + NEAR_MINOR)
    alone = comparison(5000, None)
    (of_kind, overall) = summarise([near, far, alone])
    assert (of_kind.kind, overall.kind) == ("add_service", "all")
    assert (overall.accounts, overall.compared, overall.without_peers) == (3, 2, 1)
    assert overall.near == 1
    assert overall.worst is far


def test_kinds_are_summarised_apart() -> None:
    both = [comparison(1, 1), comparison(1, 1, ChangeKind.REMOVE_SERVICE)]
    assert [each.kind for each in summarise(both)] == ["add_service", "remove_service", "all"]


def test_nothing_active_is_a_summary_of_nothing() -> None:
    (overall,) = summarise([])
    assert (overall.accounts, overall.worst, overall.mean_difference_minor) == (0, None, 0)
