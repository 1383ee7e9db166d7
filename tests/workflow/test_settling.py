"""An effect that was begun and never closed is found, looked up, closed, and undone if unwanted."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select, text, update

from adapters.postgres.tables import AuditEntryRow, EffectRow, ServiceChangeRow
from adapters.vendors.fakes.unverifiable import UnverifiableBilling
from domain.errors import FailureCode, OutcomeUnknownError, UnrecognisedPayloadError
from domain.identifiers import System
from domain.service_change import Action, ChangeStatus
from tests.support.factories import ACCOUNT
from tests.support.polling import eventually
from tests.support.world import Change, World
from worker.open_effects import sweep_effects

S = ChangeStatus
STEP_LIMIT = timedelta(hours=2)
LOST = UnrecognisedPayloadError(System.BILLING, "<html>")


async def parked(world: World, *, stands: bool) -> Change:
    """A change of which nobody knows whether it was posted; it waits for a person."""
    failures = world.billing.failures
    (failures.plan_after if stands else failures.plan_before)("post_change", LOST)
    change = await world.submit()
    await change.reaches(S.AWAITING_APPROVAL)
    await change.decide(Action.APPROVE)
    await change.reaches(S.NEEDS_ATTENTION)
    return change


async def age(world: World, change: Change) -> None:
    """The last tries were a minute ago, by the database's clock."""
    async with world.sessions.begin() as session:
        await session.execute(
            update(EffectRow)
            .where(EffectRow.change_id == change.id)
            .values(tried_at=text("now() - interval '1 minute'"))
        )


async def swept(world: World) -> list[str]:
    found = await sweep_effects(world.sessions, STEP_LIMIT, world.clock)
    await world.relay()
    return found


async def findings(world: World, change: Change) -> list[tuple[str, str]]:
    async with world.sessions() as session:
        rows = await session.scalars(
            select(AuditEntryRow)
            .where(AuditEntryRow.change_id == change.id, AuditEntryRow.action == "settle_effect")
            .order_by(AuditEntryRow.id)
        )
        return [(row.outcome, row.reason) for row in rows]


async def end_on_record(world: World, change: Change, status: ChangeStatus) -> None:
    """Its workflow is gone and its record says how it ended, as after a forced end."""
    await change.handle.terminate("test")
    async with world.sessions.begin() as session:
        await session.execute(
            update(ServiceChangeRow)
            .where(ServiceChangeRow.id == change.id)
            .values(status=status, ended_at=world.clock())
        )


async def reaches_effects(change: Change, **expected: str) -> None:
    def as_expected(seen: dict[str, str]) -> bool:
        return expected.items() <= seen.items()

    await eventually(change.effects, as_expected)


async def test_an_unknown_effect_of_a_parked_change_is_settled_by_look_up(world: World) -> None:
    change = await parked(world, stands=True)
    await age(world, change)

    (key,) = await swept(world)

    await reaches_effects(change, post_billing_change="applied")
    assert key == f"{change.id}:post_billing_change:1:1"
    assert await findings(world, change) == [
        ("applied", "Post billing change turned out to stand at billing.")
    ]
    await change.decide(Action.RETRY)
    assert (await change.ended()).status is S.ACTIVE
    assert len(world.billing.lines) == 1


async def test_one_that_never_took_place_is_closed_and_a_retry_does_it(world: World) -> None:
    change = await parked(world, stands=False)
    await age(world, change)

    await swept(world)

    await reaches_effects(change, post_billing_change="skipped")
    assert [outcome for outcome, _ in await findings(world, change)] == ["not_applied"]
    await change.decide(Action.RETRY)
    assert (await change.ended()).status is S.ACTIVE
    assert len(world.billing.lines) == 1


async def test_what_stands_although_the_change_ended_without_it_is_undone(world: World) -> None:
    change = await parked(world, stands=True)
    await end_on_record(world, change, S.REJECTED)
    await age(world, change)

    await swept(world)

    await reaches_effects(change, post_billing_change="reversed", reverse_billing_change="applied")
    assert [line.amount_minor for line in world.billing.lines.values()] == [2500, -2500]
    (finding,) = await findings(world, change)
    assert finding[0] == "applied"
    assert finding[1].endswith("The change ended without it; it is undone.")


async def test_a_vendor_that_cannot_be_asked_is_a_difference_for_a_person(
    idle_world: World,
) -> None:
    world = idle_world
    world.billing = UnverifiableBilling(world.billing.standings.values())
    async with world.working():
        change = await parked(world, stands=True)
        view = await change.view()
        assert view.failure is not None
        assert view.failure.code is FailureCode.UNVERIFIABLE
        await age(world, change)
        assert await swept(world) == []  # it waits for the person it is parked for
        await end_on_record(world, change, S.REJECTED)
        await swept(world)

        await eventually(lambda: findings(world, change), lambda seen: len(seen) == 1)

    assert (await findings(world, change))[0][0] == "unknown"
    assert (await change.effects())["post_billing_change"] == "unknown"
    await age(world, change)
    assert await swept(world) == []


async def test_an_outcome_nobody_can_look_up_is_parked_at_once_and_repeated_by_no_machine(
    idle_world: World,
) -> None:
    world = idle_world
    world.billing = UnverifiableBilling(world.billing.standings.values())
    lost = OutcomeUnknownError(System.BILLING, "connection reset")
    world.billing.failures.plan_after("post_change", lost)
    async with world.working():
        change = await world.submit()
        await change.reaches(S.AWAITING_APPROVAL)
        await change.decide(Action.APPROVE)
        view = await change.reaches(S.NEEDS_ATTENTION)

    assert view.failure is not None
    assert (view.failure.code, view.failure.words) == (
        FailureCode.UNVERIFIABLE,
        "connection reset",
    )
    assert "cannot be asked by us" in (view.next_action or "")
    assert len(world.billing.lines) == 1
    assert world.billing.standings[ACCOUNT].recurring_minor == 7020


async def test_what_is_being_tried_or_was_just_tried_is_left_alone(world: World) -> None:
    change = await parked(world, stands=True)
    assert await swept(world) == []  # just tried

    await age(world, change)
    async with world.sessions.begin() as session:
        values: dict[str, Any] = {"status": S.APPLYING}
        await session.execute(
            update(ServiceChangeRow).where(ServiceChangeRow.id == change.id).values(**values)
        )
    assert await swept(world) == []  # the engine tries it again

    async with world.sessions.begin() as session:
        await session.execute(update(EffectRow).values(tried_at=text("now() - interval '3 hours'")))
    assert len(await swept(world)) == 1  # nobody has for longer than a step may take
    assert await swept(world) == []  # asked for already
