"""What people decide before anything is applied: who may, about what, and how often."""

import asyncio
from typing import Any

import pytest

from domain.errors import DecisionRefusedError, NoWorkflowError
from domain.messages import EngineName
from domain.service_change import Action, ChangeStatus, Role
from tests.support.factories import PORTAL, away
from tests.support.polling import eventually
from tests.support.world import Change, World

S = ChangeStatus


async def refused_on_record(change: Change) -> list[tuple[str, str, str]]:
    """Decisions that were refused: who, what, why."""
    audit = (await change.history()).audit
    return [(row.actor, row.action, row.reason) for row in audit if row.outcome == "refused"]


async def taken_on_record(change: Change) -> list[tuple[str, str]]:
    """Decisions that moved the change: who and what."""
    audit = (await change.history()).audit
    return [(row.actor, row.action) for row in audit if row.action in set(Action)]


async def test_nobody_approves_what_they_submitted_and_nothing_moves(world: World) -> None:
    change = await world.submit(submitted_by="olga")
    await change.reaches(S.AWAITING_APPROVAL)

    with pytest.raises(DecisionRefusedError, match="Nobody approves what they submitted") as caught:
        await change.ask(await change.decision(Action.APPROVE, actor="olga"))

    assert caught.value.code == "forbidden"
    assert (await change.view()).status is S.AWAITING_APPROVAL
    await change.decide(Action.APPROVE, actor="oskar")
    assert (await change.ended()).status is S.ACTIVE


async def test_an_approval_by_signal_that_does_not_fit_is_put_on_record(world: World) -> None:
    change = await world.submit(submitted_by="olga")
    await change.reaches(S.AWAITING_APPROVAL)

    await change.signal(Action.APPROVE, actor="olga")

    (refused,) = await eventually(lambda: refused_on_record(change), lambda seen: len(seen) == 1)
    assert refused[:2] == ("olga", "approve")
    assert "Nobody approves what they submitted" in refused[2]
    assert (await change.view()).status is S.AWAITING_APPROVAL


async def test_an_approval_by_signal_that_fits_is_taken(world: World) -> None:
    change = await world.submit()
    await change.reaches(S.AWAITING_APPROVAL)

    await change.signal(Action.APPROVE)

    assert (await change.ended()).status is S.ACTIVE
    assert await taken_on_record(change) == [("olga", "approve")]


async def test_an_approval_of_a_plan_that_is_no_longer_shown_is_refused(world: World) -> None:
    change = await world.submit()
    old = await change.reaches(S.AWAITING_APPROVAL)
    stale = await change.decision(Action.APPROVE)
    assert old.plan is not None
    first = old.plan.sha256
    await change.add_document()
    await change.reaches_plan(lambda plan: plan.sha256 != first)

    with pytest.raises(DecisionRefusedError, match="look again") as caught:
        await world.engine.decide(change.id, stale)

    assert caught.value.code in {"stale_approval", "not_applicable"}
    await change.reaches(S.AWAITING_APPROVAL)
    await change.decide(Action.APPROVE)
    assert (await change.ended()).status is S.ACTIVE


async def test_of_two_who_approve_at_once_exactly_one_wins(world: World) -> None:
    change = await world.submit()
    await change.reaches(S.AWAITING_APPROVAL)
    decisions = [await change.decision(Action.APPROVE, actor=who) for who in ("olga", "oskar")]

    answers = await asyncio.gather(
        *(world.engine.decide(change.id, each) for each in decisions), return_exceptions=True
    )

    assert (await change.ended()).status is S.ACTIVE
    refused = [answer for answer in answers if isinstance(answer, DecisionRefusedError)]
    assert [error.code for error in refused] == ["not_applicable"]
    winner = decisions[[answer is refused[0] for answer in answers].index(False)]
    assert await taken_on_record(change) == [(winner.actor, "approve")]
    assert len(world.billing.lines) == 1


async def test_the_same_decision_sent_twice_is_taken_once_and_answered_alike(world: World) -> None:
    change = await world.submit()
    await change.reaches(S.AWAITING_APPROVAL)
    decision = await change.decision(Action.APPROVE)

    first, second = await asyncio.gather(
        world.engine.decide(change.id, decision), world.engine.decide(change.id, decision)
    )

    assert first == second
    assert (await change.ended()).status is S.ACTIVE
    assert await taken_on_record(change) == [("olga", "approve")]
    assert await refused_on_record(change) == []


async def test_the_same_decision_by_signal_and_update_is_taken_once(world: World) -> None:
    change = await world.submit()
    await change.reaches(S.AWAITING_APPROVAL)
    decision = await change.decision(Action.REJECT)

    await change.handle.signal(EngineName.SUBMIT_DECISION, decision)
    await change.handle.signal(EngineName.SUBMIT_DECISION, decision)

    assert (await change.ended()).status is S.REJECTED
    assert await taken_on_record(change) == [("olga", "reject")]
    assert await refused_on_record(change) == []


BY_OPERATOR = {"actor": "olga", "role": Role.OPERATOR}
BY_SUBMITTER = {"actor": PORTAL, "role": Role.PORTAL}


@pytest.mark.parametrize(
    ("action", "by", "end"),
    [
        (Action.REJECT, BY_OPERATOR, S.REJECTED),
        (Action.CANCEL, BY_OPERATOR, S.CANCELLED),
        (Action.CANCEL, BY_SUBMITTER, S.CANCELLED),
    ],
)
@pytest.mark.parametrize("status", [S.AWAITING_APPROVAL, S.INCOMPLETE])
async def test_a_change_withdrawn_before_approval_leaves_no_effect_behind(
    world: World, status: ChangeStatus, action: Action, by: dict[str, Any], end: ChangeStatus
) -> None:
    change = await world.submit(document=status is S.AWAITING_APPROVAL)
    await change.reaches(status)

    await change.decide(action, **by)
    result = await change.ended()

    assert (result.status, result.reason) == (end, f"{end.capitalize()} by {by['actor']}.")
    view = await change.view()
    assert (view.status, view.waiting_on, view.next_action) == (end, [], None)
    assert await taken_on_record(change) == [(by["actor"], action)]
    assert (world.billing.lines, world.scheduling.appointments, world.crm.orders) == ({}, {}, {})
    assert all(ticket.resolution is not None for ticket in world.ticketing.tickets.values())
    assert {ticket.status for ticket in view.tickets} <= {"closed"}


async def test_a_change_is_cancelled_while_a_check_still_waits_for_its_vendor(world: World) -> None:
    world.crm.failures.plan_before("read_account", away(for_seconds=3600))
    change = await world.submit()
    view = await eventually(change.view, lambda seen: seen.failure is not None)

    await change.decide(Action.CANCEL)

    assert view.status is S.CHECKING
    assert (await change.ended()).status is S.CANCELLED
    assert (await change.view()).failure is None


@pytest.mark.parametrize("action", Action)
async def test_an_ended_change_takes_no_decision(world: World, action: Action) -> None:
    change = await world.submit(account_id="0000-NOBODY")
    await change.ended()

    with pytest.raises((DecisionRefusedError, NoWorkflowError)):
        await change.ask(await change.decision(action))

    assert (await change.view()).status is S.REJECTED
