"""The read side of replays: what the API answers about them. Nothing here writes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.reading import decode_cursor, encode_cursor, timed_place
from adapters.postgres.tables_desk import ReplayItemRow, ReplayRow
from domain.contracts import Page
from domain.contracts_desk import (
    ReplayItemView,
    ReplayStageView,
    ReplaySummaryView,
    ReplayView,
    SteeringView,
)
from domain.errors import FieldProblem, InvalidChangeError
from domain.identifiers import System, replay_workflow_id
from domain.replays import (
    STAGES,
    UNSAFE,
    EligibilityRule,
    ItemState,
    Progress,
    ReplayState,
    StageTally,
    Steering,
    SteeringRefusal,
    retry_needs_second_person,
    steering_refusal,
)
from domain.service_change import Role

_R = ReplayItemRow


async def progress_of(session: AsyncSession, replay_id: str) -> Progress:
    """How far a replay is, by its items."""
    rows = await session.execute(
        select(_R.stage, _R.state, func.count())
        .where(_R.replay_id == replay_id)
        .group_by(_R.stage, _R.state)
    )
    waiting, counts = 0, dict[int, dict[str, int]]()
    for stage, state, count in rows:
        if state == ItemState.WAITING:
            waiting += count
        elif stage is not None:
            counts.setdefault(stage, {})[state] = count
    return Progress(
        waiting,
        {
            stage: StageTally(
                retrying=found.get(ItemState.RETRYING, 0),
                succeeded=found.get(ItemState.SUCCEEDED, 0),
                failed=found.get(ItemState.FAILED, 0),
            )
            for stage, found in counts.items()
        },
    )


async def list_replays(
    session: AsyncSession,
    *,
    fingerprint: str | None = None,
    dry_run: bool | None = None,
    cursor: str | None,
    limit: int,
) -> Page[ReplaySummaryView]:
    """Newest first; of one cause, and with dry runs, without them or those alone."""
    replay = ReplayRow
    statement = select(replay).order_by(replay.created_at.desc(), replay.id.desc())
    if fingerprint is not None:
        statement = statement.where(replay.fingerprint == fingerprint)
    if dry_run is not None:
        is_dry = replay.state == ReplayState.DRY_RUN
        statement = statement.where(is_dry if dry_run else ~is_dry)
    if cursor:
        before = timed_place(cursor)
        statement = statement.where(tuple_(replay.created_at, replay.id) < before)
    rows: list[ReplayRow] = list(await session.scalars(statement.limit(limit + 1)))
    more = len(rows) > limit
    rows = rows[:limit]
    counts = await _counts(session, [row.id for row in rows])
    return Page(
        items=[_summary(row, counts[row.id]) for row in rows],
        next_cursor=encode_cursor(rows[-1].created_at.isoformat(), rows[-1].id) if more else None,
    )


@dataclass(frozen=True, slots=True)
class ReplayReader:
    """Who reads a replay: what they may do stands beside what they see."""

    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which items of a replay; no `states` means those in any."""

    states: Sequence[ItemState] = ()
    cursor: str | None = None
    limit: int = 50


async def read_replay(
    session: AsyncSession,
    row: ReplayRow,
    reader: ReplayReader,
    stretch: Stretch = Stretch(),
) -> ReplayView:
    """A replay with a stretch of its items, in the order they have their turn."""
    limit = stretch.limit
    after = _position(stretch.cursor) if stretch.cursor else 0
    statement = select(_R).where(_R.replay_id == row.id, _R.position > after)
    if stretch.states:
        statement = statement.where(_R.state.in_(stretch.states))
    items: list[ReplayItemRow] = list(
        await session.scalars(statement.order_by(_R.position).limit(limit + 1))
    )
    more = len(items) > limit
    items = items[:limit]
    counts = await _counts(session, [row.id])
    rules = await _rules(session, row.id)
    progress = await progress_of(session, row.id)
    return ReplayView(
        **_summary(row, counts[row.id]).model_dump(),
        rules=rules,
        start_refused=_start_refused(row, reader, rules),
        needs_second_person=retry_needs_second_person(),
        caller=[_may_steer(row, reader, action) for action in Steering],
        stages=[
            ReplayStageView(
                stage=stage.number,
                size=stage.size,
                retrying=progress.of(stage).retrying,
                succeeded=progress.of(stage).succeeded,
                failed=progress.of(stage).failed,
            )
            for stage in STAGES
        ],
        items=[_item_view(item) for item in items],
        next_cursor=encode_cursor(str(items[-1].position)) if more else None,
    )


def objection(row: ReplayRow, reader: ReplayReader, action: Steering) -> SteeringRefusal | None:
    """Why this caller may not do this to the replay now."""
    return steering_refusal(
        action,
        ReplayState(row.state),
        role=reader.role,
        is_own=row.actor == reader.name,
    )


def _may_steer(row: ReplayRow, reader: ReplayReader, action: Steering) -> SteeringView:
    why = objection(row, reader, action)
    return SteeringView(action=action, allowed=why is None, reason=why.sentence if why else None)


def _start_refused(
    row: ReplayRow, reader: ReplayReader, rules: Mapping[EligibilityRule, int]
) -> str | None:
    """Why the caller may not start what a dry run has selected."""
    if row.state != ReplayState.DRY_RUN:
        return "This is no dry run."
    if not rules.get(EligibilityRule.MAY_BE_RETRIED):
        return "Nothing of it may be retried."
    if reader.role is Role.SUPPORT and UNSAFE & rules.keys():
        return "Not everything selected is safe to retry; ask an operator."
    return None


async def _rules(session: AsyncSession, replay_id: str) -> dict[EligibilityRule, int]:
    rows = await session.execute(
        select(_R.rule, func.count()).where(_R.replay_id == replay_id).group_by(_R.rule)
    )
    return {EligibilityRule(rule): count for rule, count in rows}


def _position(cursor: str) -> int:
    (text,) = decode_cursor(cursor, 1)
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise InvalidChangeError([FieldProblem("cursor", "is not one of ours; start without it")])
    return int(text)


async def _counts(
    session: AsyncSession, replay_ids: Sequence[str]
) -> dict[str, dict[ItemState, int]]:
    rows = await session.execute(
        select(_R.replay_id, _R.state, func.count())
        .where(_R.replay_id.in_(replay_ids))
        .group_by(_R.replay_id, _R.state)
    )
    found = {replay_id: dict.fromkeys(ItemState, 0) for replay_id in replay_ids}
    for replay_id, state, count in rows:
        found[replay_id][ItemState(state)] = count
    return found


def _summary(row: ReplayRow, counts: dict[ItemState, int]) -> ReplaySummaryView:
    state = ReplayState(row.state)
    return ReplaySummaryView(
        id=row.id,
        state=state,
        sentence=row.sentence,
        selection=row.selection,
        actor=row.actor,
        reason=row.reason,
        correlation_id=row.correlation_id,
        workflow_id=None if state is ReplayState.DRY_RUN else replay_workflow_id(row.id),
        counts=counts,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


def _item_view(row: ReplayItemRow) -> ReplayItemView:
    rule = EligibilityRule(row.rule)
    return ReplayItemView(
        position=row.position,
        dead_letter=row.dead_letter_id,
        change_id=row.change_id,
        system=System(row.system),
        eligible=rule is EligibilityRule.MAY_BE_RETRIED,
        rule=rule,
        stage=row.stage,
        state=ItemState(row.state),
        detail=row.detail,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
