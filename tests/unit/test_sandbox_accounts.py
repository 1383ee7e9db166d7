"""The bundled accounts and the written rule for what the file does not hold."""

from datetime import date

import pytest

from sandbox._base.accounts import Account, add_months, bundled_accounts, share

SHARE_OF_7590 = int.from_bytes(bytes.fromhex("518d79974d472eba")) / 2**64
"""First 16 digits of `printf fiber:v1:7590-VHVEG | sha256sum`."""


@pytest.fixture(name="by_id")
def _by_id() -> dict[str, Account]:
    return {account.account_id: account for account in bundled_accounts()}


def test_every_account_of_the_file_is_there_once(by_id: dict[str, Account]) -> None:
    assert len(bundled_accounts()) == len(by_id) == 7043


def test_charges_are_read_exactly_in_cents(by_id: dict[str, Account]) -> None:
    assert by_id["7590-VHVEG"].monthly_minor == 2985
    assert by_id["5575-GNVDE"].total_billed_minor == 188950


def test_a_blank_total_means_that_there_was_no_invoice_yet() -> None:
    blank = [a for a in bundled_accounts() if a.total_billed_minor is None]
    assert len(blank) == 11
    assert {a.tenure_months for a in blank} == {0}
    assert not any(a.past_due for a in blank)


def test_products_follow_from_the_columns(by_id: dict[str, Account]) -> None:
    assert by_id["7590-VHVEG"].products == {"dsl", "online_backup"}


def test_churned_accounts_close_and_some_are_closed() -> None:
    churned = [a for a in bundled_accounts() if a.churned]
    closed = [a for a in churned if a.lifecycle == "closed"]
    assert len(churned) == 1869
    assert 0.07 < len(closed) / len(churned) < 0.09
    assert {a.lifecycle for a in churned} == {"closing", "closed"}
    assert {a.lifecycle for a in bundled_accounts() if not a.churned} == {"open"}


def test_six_in_a_hundred_open_accounts_are_past_due_all_paying_by_check() -> None:
    due = [a for a in bundled_accounts() if a.past_due]
    open_accounts = [a for a in bundled_accounts() if a.lifecycle == "open"]
    assert 0.05 < len(due) / len(open_accounts) < 0.07
    assert {a.payment_method for a in due} == {"Electronic check", "Mailed check"}


def test_fiber_is_available_where_it_is_held_and_at_most_other_addresses() -> None:
    others = [a for a in bundled_accounts() if "fiber_optic" not in a.products]
    assert all(a.fiber_available for a in bundled_accounts() if "fiber_optic" in a.products)
    assert 0.68 < sum(a.fiber_available for a in others) / len(others) < 0.72


def test_a_term_renews_and_ends_after_the_anchor(by_id: dict[str, Account]) -> None:
    one_year = by_id["5575-GNVDE"]
    assert one_year.tenure_months == 34
    assert one_year.contract_started_on == date(2024, 1, 1)
    assert one_year.contract_ends_on == date(2027, 1, 1)


def test_month_to_month_has_no_end(by_id: dict[str, Account]) -> None:
    assert by_id["7590-VHVEG"].contract_ends_on is None


def test_the_rule_gives_the_same_share_for_ever() -> None:
    assert share("7590-VHVEG", "fiber:v1") == pytest.approx(SHARE_OF_7590)


def test_months_are_added_across_years() -> None:
    assert add_months(date(2026, 11, 1), 2) == date(2027, 1, 1)
    assert add_months(date(2026, 1, 1), -1) == date(2025, 12, 1)
