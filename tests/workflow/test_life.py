"""From accepted to active, and what stands in the way before anybody approves."""

from typing import Any

import pytest

from domain.catalogue import Product
from domain.entitlement import Lifecycle
from domain.identifiers import System
from domain.service_change import Action, ChangeStatus, CheckName, CheckOutcome
from domain.vendor_values import VendorCall
from tests.support.factories import ACCOUNT, account
from tests.support.polling import eventually
from tests.support.world import CLOSED_ACCOUNT, PAST_DUE_ACCOUNT, World

S = ChangeStatus


async def test_an_approved_change_is_applied_in_every_system_and_becomes_active(
    world: World,
) -> None:
    change = await world.submit()
    shown = await change.reaches(S.AWAITING_APPROVAL)

    decided = await change.decide(Action.APPROVE)
    result = await change.ended()

    assert decided is not None
    assert decided.status is S.APPLYING
    assert result.status is S.ACTIVE
    assert await change.statuses() == [
        S.PENDING,
        S.CHECKING,
        S.AWAITING_APPROVAL,
        S.APPLYING,
        S.ACTIVE,
    ]
    assert await change.effects() == {
        "post_billing_change": "applied",
        "book_appointment": "applied",
        "update_services": "applied",
    }
    assert world.billing.standings[ACCOUNT].recurring_minor == 7020
    assert world.crm.accounts[ACCOUNT].products == {Product.PHONE, Product.FIBER_OPTIC}
    assert [a.booking.change_id for a in world.scheduling.appointments.values()] == [change.id]
    assert world.ticketing.tickets == {}
    assert shown.plan is not None
    assert {check.outcome for check in shown.checks} == {CheckOutcome.PASSED}


async def test_operations_are_told_by_queue_and_by_every_channel(world: World) -> None:
    change = await world.submit()
    shown = await change.reaches(S.AWAITING_APPROVAL)

    delivered = await eventually(world.mailbox.kinds, lambda seen: len(seen) > 0)

    assert delivered == await change.notices() == ["approval_requested"]
    assert shown.due_at is not None
    assert "approves or rejects" in (shown.next_action or "")


@pytest.mark.parametrize(
    ("account_id", "code", "words"),
    [
        ("0000-NOBODY", "account_unknown", "The CRM knows no account 0000-NOBODY."),
        (CLOSED_ACCOUNT, "account_closed", f"Account {CLOSED_ACCOUNT} is closed at the CRM."),
    ],
)
async def test_a_hard_no_ends_the_change_with_its_reason(
    world: World, account_id: str, code: str, words: str
) -> None:
    change = await world.submit(account_id=account_id)

    result = await change.ended()

    assert (result.status, result.reason) == (S.REJECTED, words)
    view = await change.view()
    assert (view.status, view.effects, view.tickets) == (S.REJECTED, [], [])
    checks = {check.name: check for check in view.checks}
    assert checks[CheckName.ENTITLEMENT].code == code
    assert checks[CheckName.ENTITLEMENT].outcome is CheckOutcome.DENIED


async def test_the_same_request_twice_is_rejected_naming_the_first(world: World) -> None:
    first = await world.submit()
    await first.reaches(S.AWAITING_APPROVAL)

    second = await world.submit()
    result = await second.ended()

    assert result.status is S.REJECTED
    assert first.id in result.reason
    assert (await first.view()).status is S.AWAITING_APPROVAL


MISSING: list[tuple[dict[str, Any], str, str]] = [
    ({"document": False}, "customer", "The signed order form."),
    ({"account_id": PAST_DUE_ACCOUNT}, "customer", "Payment of overdue in_7"),
    ({"requested_date": "2026-12-05"}, "portal", "Another date: 2026-12-05 is a weekend."),
    (
        {"kind": "add_service", "details": {"service": "phone"}},
        "portal",
        "already holds exactly the services",
    ),
]


@pytest.mark.parametrize(("submitted", "party", "words"), MISSING)
async def test_what_is_missing_is_said_in_a_ticket_and_on_record(
    world: World, submitted: dict[str, Any], party: str, words: str
) -> None:
    change = await world.submit(**submitted)

    view = await change.reaches(S.INCOMPLETE)

    (waiting,) = view.waiting_on
    assert waiting.party == party
    assert words in waiting.what
    (ticket,) = world.ticketing.tickets.values()
    assert f"From the {party}: " in ticket.draft.body
    assert words in ticket.draft.body
    assert [shown.reference for shown in view.tickets] == [ticket.reference]
    assert view.due_at is not None


async def test_a_new_document_has_the_change_looked_at_again_and_its_ticket_closed(
    world: World,
) -> None:
    change = await world.submit(document=False)
    await change.reaches(S.INCOMPLETE)

    await change.add_document()
    shown = await change.reaches(S.AWAITING_APPROVAL)
    await change.decide(Action.APPROVE)
    result = await change.ended()

    assert result.status is S.ACTIVE
    assert shown.plan is not None
    assert shown.plan.effects[-1].step == "close_ticket"
    assert await change.effects() == {
        "open_ticket": "applied",
        "post_billing_change": "applied",
        "book_appointment": "applied",
        "update_services": "applied",
        "close_ticket": "applied",
    }
    (ticket,) = world.ticketing.tickets.values()
    assert ticket.resolution is not None
    view = await change.view()
    assert [ticket.status for ticket in view.tickets] == ["closed"]
    assert {e.document_version for e in view.effects if e.step != "open_ticket"} == {1}


async def test_a_ticket_closed_by_somebody_else_is_followed_by_another_if_something_is_missing(
    world: World,
) -> None:
    change = await world.submit(document=False)
    await change.reaches(S.INCOMPLETE)
    (ticket,) = world.ticketing.tickets.values()
    call = VendorCall("desk", idempotency_key=None)
    await world.ticketing.close_ticket(call, ticket.reference, "Looks done.")

    closed = {
        "ticket_id": ticket.reference,
        "external_reference": ticket.key,
        "account_id": ticket.draft.account_id,
        "status": "closed",
        "version": ticket.version,
    }
    await world.tell(System.TICKETING, "ticket.closed", closed)
    view = await eventually(change.view, lambda seen: len(seen.tickets) == 2)
    await change.reaches(S.INCOMPLETE)

    assert [shown.status for shown in view.tickets] == ["closed", "open"]
    _, second = world.ticketing.tickets.values()
    assert second.resolution is None
    assert second.draft.body == ticket.draft.body
    await change.add_document()
    await change.reaches(S.AWAITING_APPROVAL)
    await change.decide(Action.APPROVE)
    assert (await change.ended()).status is S.ACTIVE
    assert second.resolution is not None


async def test_a_payment_unblocks_a_past_due_change_through_the_vendors_event(
    world: World,
) -> None:
    change = await world.submit(account_id=PAST_DUE_ACCOUNT)
    await change.reaches(S.INCOMPLETE)

    await world.pay(PAST_DUE_ACCOUNT)
    await change.reaches(S.AWAITING_APPROVAL)
    await change.decide(Action.APPROVE)

    assert (await change.ended()).status is S.ACTIVE
    reasons = [entry.reason for entry in (await change.history()).audit]
    assert any("billing account.standing_changed" in reason for reason in reasons)


async def test_what_is_still_missing_becomes_a_comment_on_the_same_ticket(world: World) -> None:
    change = await world.submit(account_id=PAST_DUE_ACCOUNT, document=False)
    first = await change.reaches(S.INCOMPLETE)

    await change.add_document()
    await eventually(change.view, lambda seen: len(seen.waiting_on) == 1)

    assert len(first.waiting_on) == 2
    (ticket,) = world.ticketing.tickets.values()
    (comment,) = ticket.comments.values()
    assert "in_7" in comment
    assert "order form" not in comment


async def test_retry_has_the_checks_run_again(world: World) -> None:
    world.crm.accounts[ACCOUNT] = account(fiber_available=False)
    change = await world.submit()
    await change.reaches(S.INCOMPLETE)

    world.crm.accounts[ACCOUNT] = account()
    await change.decide(Action.RETRY)

    view = await change.reaches(S.AWAITING_APPROVAL)
    assert {check.outcome for check in view.checks} == {CheckOutcome.PASSED}


async def test_an_account_closed_while_the_change_waited_ends_it(world: World) -> None:
    change = await world.submit(document=False)
    await change.reaches(S.INCOMPLETE)

    world.crm.accounts[ACCOUNT] = account(lifecycle=Lifecycle.CLOSED)
    await change.add_document()

    assert (await change.ended()).status is S.REJECTED
    (ticket,) = world.ticketing.tickets.values()
    assert "closed at the CRM" in (ticket.resolution or "")


async def test_a_document_that_comes_while_approval_is_asked_voids_what_was_shown(
    world: World,
) -> None:
    change = await world.submit()
    before = await change.reaches(S.AWAITING_APPROVAL)

    await change.add_document()
    assert before.plan is not None
    first = before.plan.sha256
    after = await change.reaches_plan(lambda plan: plan.sha256 != first)

    assert (before.plan.document_version, after.document_version) == (1, 2)
    assert {check.system for check in (await change.view()).checks} == {
        System.CRM,
        System.BILLING,
        System.SCHEDULING,
        System.THROUGHLINE,
    }
