"""Approvals that are somebody's, and those that are put off."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from domain.contracts import Me
from domain.service_change import ChangeStatus, Role
from tests.ui import samples_approvals
from tests.ui.conftest import Console
from tests.ui.samples import CHANGES, NOW
from tests.ui.stub_api import StubApi

PNG_CHANGE, ADD_CHANGE, OWN_CHANGE = (
    change for change in CHANGES if change.status is ChangeStatus.AWAITING_APPROVAL
)
OSKAR = Me(principal="oskar", role=Role.OPERATOR)


@pytest.fixture(autouse=True)
def _handed_over() -> Iterator[None]:
    """One is olga's; one is put off."""
    later = (NOW + timedelta(hours=20)).isoformat()
    taken = {"assignee": "olga", "reason": "She knows the account."}
    put_off = {"follow_up_at": later, "reason": "The customer rings back."}
    samples_approvals.assign(f"change:{PNG_CHANGE.id}", taken, OSKAR)
    samples_approvals.assign(f"change:{ADD_CHANGE.id}", put_off, OSKAR)
    yield
    samples_approvals.ASSIGNED.clear()


def test_the_queue_names_whose_work_it_is_and_leaves_out_what_is_put_off(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world(principal="olga")
    console.open("approvals")
    table = console.sign_in(key).dataframe[0].value
    assert list(table["Account"]) == [PNG_CHANGE.account_id, OWN_CHANGE.account_id]
    assert list(table["Whose"]) == ["olga", ""]
    assert "Taken by **olga**" in console.said()


def test_what_is_put_off_is_in_a_part_of_its_own(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(principal="olga")
    console.open("approvals", tab="Put off")
    table = console.sign_in(key).dataframe[0].value
    assert list(table["Account"]) == [ADD_CHANGE.account_id]
    assert table["Whose"][0].startswith("put off, back in ")
    assert "The customer rings back" in console.said()


def test_the_queue_can_be_narrowed_to_what_is_mine(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(principal="olga")
    console.open("approvals")
    page = console.sign_in(key)
    page.toggle(key="mine").set_value(True).run()
    assert list(console.healthy().dataframe[0].value["Account"]) == [PNG_CHANGE.account_id]


def test_nothing_put_off_says_when_something_will_be_there(console: Console, stub: StubApi) -> None:
    samples_approvals.ASSIGNED.clear()
    key, _ = stub.open_world(principal="olga")
    console.open("approvals", tab="Put off")
    console.sign_in(key)
    assert "Nothing is put off" in console.said()
