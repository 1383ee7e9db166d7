"""What becomes of a change that nobody moves. Time is skipped, not waited for."""

from datetime import timedelta

from domain.messages import Patience
from domain.service_change import Action, ChangeStatus
from tests.support.polling import eventually
from tests.support.world import World

S = ChangeStatus


async def test_an_incomplete_change_expires_and_its_ticket_is_closed(world: World) -> None:
    change = await world.submit(document=False)
    await change.reaches(S.INCOMPLETE)

    await change.wait(timedelta(days=13, hours=23))
    before = await change.view()
    await change.wait(timedelta(hours=2))
    result = await change.ended()

    assert before.status is S.INCOMPLETE
    assert result.status is S.EXPIRED
    assert "did not come by" in result.reason
    (ticket,) = world.ticketing.tickets.values()
    assert "expired" in (ticket.resolution or "")
    assert (await change.view()).due_at is None


async def test_operations_are_reminded_every_day_until_nobody_decided(world: World) -> None:
    patience = Patience(approval=timedelta(days=3, hours=12).total_seconds())
    change = await world.submit(patience=patience)
    await change.reaches(S.AWAITING_APPROVAL)

    await change.wait(timedelta(days=2, hours=1))
    early = await eventually(change.notices, lambda seen: len(seen) >= 3)
    await change.wait(timedelta(days=2))
    result = await change.ended()

    assert early == ["approval_requested", "approval_reminder", "approval_reminder"]
    assert result.status is S.EXPIRED
    assert "Nobody decided by" in result.reason
    assert (await change.notices()).count("approval_reminder") == 3
    assert (world.billing.lines, world.crm.orders) == ({}, {})


async def test_a_reminded_approval_still_counts(world: World) -> None:
    change = await world.submit()
    await change.reaches(S.AWAITING_APPROVAL)
    await change.wait(timedelta(days=6))

    await change.decide(Action.APPROVE)

    assert (await change.ended()).status is S.ACTIVE


async def test_each_round_of_missing_things_has_its_full_patience(world: World) -> None:
    change = await world.submit(document=False, account_id="0002-OWING")
    await change.reaches(S.INCOMPLETE)
    await change.wait(timedelta(days=13))

    await change.add_document()
    await eventually(change.view, lambda seen: len(seen.waiting_on) == 1)
    await change.wait(timedelta(days=13))

    assert (await change.view()).status is S.INCOMPLETE
