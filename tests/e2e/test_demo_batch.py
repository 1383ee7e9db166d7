"""The bundled batch on the live stack: every row ends as the file says, repeatedly."""

from io import StringIO

import pytest
from rich.console import Console

from domain.service_change import ChangeStatus
from http_client import Client
from stack.batch.rows import BatchRow, read_batch
from stack.demo import run_demo
from tests.support.live import LiveStack

pytestmark = pytest.mark.timeout(900)

SECOND_RUN_EVERY = 12
"""The second run takes one row in so many: enough to change the same accounts once more."""


@pytest.fixture(scope="module")
def first_run(live_stack: LiveStack) -> tuple[bool, str]:
    """The whole batch."""
    said = StringIO()
    return run_demo(live_stack.settings, Console(file=said, width=200)), said.getvalue()


def test_every_row_of_the_batch_ends_as_the_file_expects(first_run: tuple[bool, str]) -> None:
    as_expected, said = first_run
    assert as_expected, said
    assert "300 service changes, all as expected." in said


def test_active_accounts_pay_what_customers_with_the_same_services_pay(
    first_run: tuple[bool, str],
) -> None:
    (line,) = [line for line in first_run[1].splitlines() if line.startswith("│ all ")]
    accounts, with_peers, near = (int(cell.split()[0]) for cell in line.split("│")[2:5])
    expected = sum(row.expected.status is ChangeStatus.ACTIVE for row in read_batch())
    assert accounts == expected
    assert near >= 0.9 * with_peers > 0.9 * 0.9 * accounts


def test_it_runs_again_on_a_used_stack(live_stack: LiveStack, first_run: tuple[bool, str]) -> None:
    assert first_run[0]
    said = StringIO()
    assert run_demo(live_stack.settings, Console(file=said, width=200), some_rows()), (
        said.getvalue()
    )
    assert "earlier demo runs left open were cancelled" in said.getvalue()


def test_a_wrong_end_is_told_and_fails(live_stack: LiveStack, first_run: tuple[bool, str]) -> None:
    del first_run
    row = next(row for row in read_batch() if row.expected.codes == ("account_unknown",))
    active = row.expected.model_copy(update={"status": ChangeStatus.ACTIVE})
    said = StringIO()
    wrong = [row.model_copy(update={"expected": active})]
    assert not run_demo(live_stack.settings, Console(file=said, width=240), wrong)
    assert "is rejected, not active" in said.getvalue()
    assert f"{live_stack.settings.console_base_url}/change?id=chg_" in said.getvalue()


def test_the_console_address_it_prints_answers(
    live_stack: LiveStack, first_run: tuple[bool, str]
) -> None:
    address = f"{live_stack.settings.console_base_url}/approvals"
    assert address in first_run[1]
    with Client(trust_env=False) as http:
        assert http.get(address).is_success


def some_rows() -> list[BatchRow]:
    rows = [row for row in read_batch() if row.same_as is None]
    return rows[::SECOND_RUN_EVERY]
