"""A replay on record: a step whose answer was lost is taken once, whoever repeats it."""

import asyncio
import uuid
from collections.abc import Sequence

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.desk_reading import DeadLetterFilter
from adapters.postgres.replay_progress import PostgresReplays
from adapters.postgres.replays import NewReplay, create_replay, select_dead_letters
from adapters.postgres.resumption import park_lost
from adapters.postgres.tables import EffectRow, OutboxRow, ServiceChangeRow
from adapters.postgres.tables_desk import DecisionRow, ReplayItemRow, ReplayRow
from adapters.postgres.transitions import locked
from domain.errors import NobodyAnswersError
from domain.replay_messages import AdvanceInput, RetryInput
from domain.replays import EligibilityRule
from domain.service_change import Role
from tests.support.api import sign_in_everybody
from tests.support.clock import START, Clock
from tests.support.records import accepted_change, effect_row

Sessions = async_sessionmaker[AsyncSession]


@pytest.fixture
def replays(sessions: Sessions, clock: Clock) -> PostgresReplays:
    return PostgresReplays(sessions, clock)


async def parked(sessions: Sessions, count: int) -> list[str]:
    """Changes that stand still, on record."""
    await sign_in_everybody(sessions)
    changes = [(await accepted_change(sessions)).id for _ in range(count)]
    async with sessions.begin() as session:
        for change_id in changes:
            await park_lost(session, await locked(session, change_id), "Lost.", START)
    return changes


async def replay_of_all(sessions: Sessions) -> str:
    new = NewReplay(
        id=f"rpl_{uuid.uuid4().hex}",
        wanted=DeadLetterFilter(),
        selection={},
        dry_run=False,
        actor="operator",
        role=Role.OPERATOR,
        reason="Mended.",
        correlation_id="corr-1",
        at=START,
    )
    async with sessions.begin() as session:
        await create_replay(session, new, await select_dead_letters(session, new))
    return new.id


async def items(sessions: Sessions) -> Sequence[ReplayItemRow]:
    async with sessions() as session:
        return list(await session.scalars(select(ReplayItemRow).order_by(ReplayItemRow.position)))


async def test_a_step_whose_answer_was_lost_is_answered_the_same_and_decides_once(
    sessions: Sessions, replays: PostgresReplays
) -> None:
    await parked(sessions, 3)
    step = AdvanceInput(replay_id=await replay_of_all(sessions), after=0, most=5)

    first = await replays.advance(step)
    again = await asyncio.gather(*(replays.advance(step) for _ in range(5)))
    heard = await replays.advance(step.model_copy(update={"after": 1}))

    assert [turn.position for turn in first.turns] == [1]  # the canary, though five may go
    assert all(answer == first for answer in again)
    assert heard.turns == ()
    async with sessions() as session:
        decisions = list(await session.scalars(select(DecisionRow)))
    assert [row.id for row in decisions] == [first.turns[0].decision.id]
    assert decisions[0].actor == "operator"
    assert [item.state for item in await items(sessions)] == ["retrying", "waiting", "waiting"]


async def test_a_retry_that_no_worker_takes_has_failed_unless_it_was_taken_after_all(
    sessions: Sessions, replays: PostgresReplays
) -> None:
    await parked(sessions, 2)
    step = AdvanceInput(replay_id=await replay_of_all(sessions), after=0)
    (turn,) = (await replays.advance(step)).turns

    await replays.give_up(RetryInput(replay_id=step.replay_id, turn=turn))
    await replays.give_up(RetryInput(replay_id=step.replay_id, turn=turn))
    after = await replays.advance(step)

    assert after.finished
    assert [item.state for item in await items(sessions)] == ["failed", "not_reached"]
    async with sessions() as session:
        row = await session.get_one(ReplayRow, step.replay_id)
    assert row.state == "stopped"


async def test_a_refused_retry_was_none_and_the_next_one_is_the_canary(
    sessions: Sessions, replays: PostgresReplays
) -> None:
    await parked(sessions, 2)
    step = AdvanceInput(replay_id=await replay_of_all(sessions), after=0)
    (turn,) = (await replays.advance(step)).turns

    await replays.refused(turn, "It has moved on.")
    following = await replays.advance(step.model_copy(update={"after": turn.position}))

    assert [each.position for each in following.turns] == [2]
    first, second = await items(sessions)
    assert (first.state, first.detail, first.stage) == ("passed_over", "It has moved on.", None)
    assert (second.state, second.stage) == ("retrying", 1)


async def test_a_change_without_workflow_goes_on_by_one_further_run(
    sessions: Sessions, replays: PostgresReplays
) -> None:
    (change_id,) = await parked(sessions, 1)
    (turn,) = (
        await replays.advance(AdvanceInput(replay_id=await replay_of_all(sessions), after=0))
    ).turns

    await replays.go_on_by_further_run(turn)

    async with sessions() as session:
        rows = await session.scalars(select(OutboxRow).where(OutboxRow.topic == "resume"))
        assert [(row.change_id, row.payload) for row in rows] == [
            (change_id, {"decision": turn.decision.id})
        ]


async def test_a_change_that_has_not_begun_is_waited_for(
    sessions: Sessions, replays: PostgresReplays
) -> None:
    await parked(sessions, 1)
    (turn,) = (
        await replays.advance(AdvanceInput(replay_id=await replay_of_all(sessions), after=0))
    ).turns
    async with sessions.begin() as session:
        await session.execute(update(ServiceChangeRow).values(status="pending"))

    with pytest.raises(NobodyAnswersError):
        await replays.go_on_by_further_run(turn)


async def test_what_nobody_can_verify_is_for_a_person_alone(sessions: Sessions) -> None:
    (change_id,) = await parked(sessions, 1)
    async with sessions.begin() as session:
        session.add(effect_row(change_id))
        await session.flush()
        await session.execute(
            update(EffectRow).values(
                status="unknown", in_doubt=1, repeatability="neither", closed_at=None
            )
        )

    await replay_of_all(sessions)

    (item,) = await items(sessions)
    assert (item.state, item.rule) == ("not_eligible", EligibilityRule.UNVERIFIABLE)
    assert "found out first" in item.detail
