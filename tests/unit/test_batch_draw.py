"""The batch file, the rule that draws it, and its second opinion on entitlement."""

from collections import Counter
from itertools import product
from typing import Any

from domain.catalogue import ContractTerm, Product
from domain.entitlement import AccountFacts, Lifecycle
from domain.entitlement import findings as domain_findings
from domain.service_change import ChangeKind, ChangeStatus
from domain.submission import REQUIRED_DOCUMENT, check_submission, details_from, wish_of
from sandbox._base.accounts import ANCHOR, Account, bundled_accounts
from stack.batch.draw import TERM_STILL_RUNS, draw
from stack.batch.expectations import DOCUMENT_NEEDED, entitlement_codes
from stack.batch.groups import GROUPS
from stack.batch.rows import BATCH_FILE, batch_text, read_batch

ROWS = read_batch()
ACCOUNTS = {account.account_id: account for account in bundled_accounts()}


def test_the_file_is_what_the_rule_draws_byte_for_byte() -> None:
    assert batch_text(draw()).encode() == BATCH_FILE.read_bytes()


def test_there_are_300_rows_and_each_has_a_name_of_its_own() -> None:
    assert len(ROWS) == 300
    assert len({row.ref for row in ROWS}) == 300


def test_every_group_is_there_as_often_as_its_table_says() -> None:
    assert Counter(row.group for row in ROWS) == {group.name: group.count for group in GROUPS}


def test_every_kind_is_well_represented() -> None:
    counts = Counter(row.kind for row in ROWS)
    assert set(counts) == set(ChangeKind)
    assert min(counts.values()) >= 20


def test_most_end_active_and_some_are_left_for_the_newcomer() -> None:
    ends = Counter(row.expected.status for row in ROWS)
    assert ends[ChangeStatus.ACTIVE] >= 190
    assert ends[ChangeStatus.AWAITING_APPROVAL] == 12
    assert ends[ChangeStatus.INCOMPLETE] == 8


def test_every_entitlement_rule_holds_something_up() -> None:
    seen = {code for row in ROWS for code in row.expected.codes}
    assert seen >= {
        "account_unknown",
        "account_closed",
        "closing_may_not_add",
        "nothing_to_change",
        "requirement_missing",
        "fiber_not_available",
        "contract_term_runs",
    }


def test_no_account_is_in_two_rows_unless_the_request_is_repeated() -> None:
    firsts = [row.account_id for row in ROWS if row.same_as is None]
    assert len(firsts) == len(set(firsts))


def test_a_repeated_request_equals_its_original_in_all_that_is_asked() -> None:
    by_ref = {row.ref: row for row in ROWS}
    repeated = [row for row in ROWS if row.same_as]
    assert repeated
    for row in repeated:
        original = by_ref[row.same_as or ""]
        asked = ("account_id", "kind", "details", "requested_day", "document", "submitted_by")
        assert [getattr(row, name) for name in asked] == [getattr(original, name) for name in asked]


def test_unknown_accounts_are_in_no_data_file() -> None:
    unknown = [row.account_id for row in ROWS if "account_unknown" in row.expected.codes]
    assert unknown
    assert not set(unknown) & set(ACCOUNTS)


def test_every_row_is_a_request_the_api_takes() -> None:
    for row in ROWS:
        asked = {"account_id": row.account_id, "kind": row.kind, "details": row.details}
        check_submission({**asked, "requested_date": "2026-12-01"})


def test_terms_that_hold_a_change_up_run_for_long() -> None:
    bound = [row.account_id for row in ROWS if "contract_term_runs" in row.expected.codes]
    ends = [ACCOUNTS[account_id].contract_ends_on for account_id in bound]
    assert ends
    assert all(end is not None and end >= TERM_STILL_RUNS for end in ends)


def test_both_opinions_know_the_same_documents() -> None:
    assert {kind: document is not None for kind, document in REQUIRED_DOCUMENT.items()} == {
        ChangeKind(kind): needed for kind, needed in DOCUMENT_NEEDED.items()
    }


def _facts(account: Account) -> AccountFacts:
    return AccountFacts(
        account_id=account.account_id,
        lifecycle=Lifecycle(account.lifecycle),
        products=frozenset(Product(name) for name in account.products),
        contract=ContractTerm(account.contract),
        contract_ends_on=account.contract_ends_on,
        fiber_available=account.fiber_available,
        version="",
    )


def test_both_opinions_agree_on_every_wish_of_every_sort_of_account() -> None:
    """Accounts that differ in nothing the rules look at are taken once."""
    sorts: dict[Any, Account] = {}
    for account in ACCOUNTS.values():
        facts = _facts(account)
        key = (facts.lifecycle, facts.products, facts.contract, facts.fiber_available)
        sorts.setdefault(key, account)
    wishes = {(row.kind, str(row.details)): row.details for row in ROWS}
    disagreements = []
    for account, ((kind, _), details) in product(sorts.values(), wishes.items()):
        wish = wish_of(kind, details_from(kind, details))
        found = domain_findings(_facts(account), account.account_id, wish, ANCHOR)
        theirs = {finding.code for finding in found}
        theirs = {"account_closed"} & theirs or theirs
        if theirs != entitlement_codes(account, kind, details):
            disagreements.append((account.account_id, kind, details, theirs))
    assert disagreements == []
