"""A replay as it goes on: verdicts, the next item's turn, its end. One transaction a step."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.audit import audit_note
from adapters.postgres.outbox import outbox_row
from adapters.postgres.proposals import NewDecision, message_of, put_on_record
from adapters.postgres.replay_reading import progress_of
from adapters.postgres.replay_verdicts import give_verdicts
from adapters.postgres.replays import leave_the_rest, locked_replay, unverifiable
from adapters.postgres.resumption import park_lost
from adapters.postgres.situations import situation_of
from adapters.postgres.tables import ApiKeyRow, AttemptRow, AuditEntryRow, ServiceChangeRow
from adapters.postgres.tables_desk import DeadLetterRow, DecisionRow, ReplayItemRow, ReplayRow
from adapters.postgres.throttling import seconds_closed
from adapters.postgres.transitions import locked
from domain.decisions import DecisionPayload, DecisionState
from domain.errors import NobodyAnswersError
from domain.identifiers import System, replay_decision_id
from domain.messages import Decision
from domain.permissions import permission
from domain.replay_messages import Advance, AdvanceInput, ItemTurn, RetryInput
from domain.replays import (
    UNDER_WAY,
    Candidate,
    ItemState,
    Move,
    MoveKind,
    ReplayState,
    eligibility,
    next_move,
)
from domain.service_change import Action, ChangeStatus, Role

_R = ReplayItemRow
_LOOKED_AT_ONCE: Final = 50
"""Items whose turn it may be that one step looks at; those that moved on are passed over."""


class PostgresReplays:
    """Satisfies `activities.replay_ports.Replays`."""

    def __init__(
        self, sessions: async_sessionmaker[AsyncSession], clock: Callable[[], datetime]
    ) -> None:
        self._sessions = sessions
        self._clock = clock

    async def advance(self, step: AdvanceInput) -> Advance:
        """Give what verdicts there are, and say what comes next."""
        replay_id = step.replay_id
        async with self._sessions.begin() as session:
            replay = await locked_replay(session, replay_id)
            if replay is None or replay.finished_at is not None:
                return Advance(finished=True)
            now = self._clock()
            await give_verdicts(session, replay_id, now)
            move = next_move(await progress_of(session, replay_id))
            await _end_if_so(session, replay, move, now)
            begun = await _begun_since(session, replay_id, step.after)
            if begun:
                return Advance(turns=tuple([await _turn(session, item) for item in begun]))
            if replay.state not in UNDER_WAY:
                if not await _retrying(session, replay_id):
                    replay.finished_at = now
                return Advance(finished=replay.finished_at is not None)
            if replay.state == ReplayState.SUSPENDED or move.kind is not MoveKind.RETRY:
                return Advance()
            most = step.most if move.room is None else min(step.most, move.room)
            return await self._next_turns(session, replay, move.stage, most)

    async def _next_turns(
        self, session: AsyncSession, replay: ReplayRow, stage: int | None, most: int
    ) -> Advance:
        """The next items that may still be retried, their retries put on record."""
        now = self._clock()
        key = select(ApiKeyRow.role).where(
            ApiKeyRow.principal == replay.actor, ApiKeyRow.disabled_at.is_(None)
        )
        role = await session.scalar(key)
        if role is None:
            sentence = f"Stopped: {replay.actor} may no longer act."
            await _stop(session, replay, sentence, now)
            return Advance()
        turns: list[ItemTurn] = []
        for item in await _waiting(session, replay.id):
            closed = await seconds_closed(session, item.system)
            if closed is not None:
                return Advance(turns=tuple(turns), wait=closed)
            if await _retry(session, replay, item, Role(role), now):
                item.stage = stage
                turns.append(await _turn(session, item))
            if len(turns) == most:
                break
        return Advance(turns=tuple(turns))

    async def go_on_by_further_run(self, turn: ItemTurn) -> None:
        """Have a further run of the change take the retry; it has no workflow now."""
        async with self._sessions.begin() as session:
            now = self._clock()
            change = await locked(session, turn.change_id)
            row = await session.get_one(DecisionRow, turn.decision.id, with_for_update=True)
            if row.closed_at is not None:
                return
            if change.status == ChangeStatus.PENDING:
                raise NobodyAnswersError("the workflow of this change has not begun yet")
            situation = await situation_of(session, change, now)
            may = permission(Action.RETRY, role=Role(row.role), principal=row.actor, now=situation)
            if not may.allowed:
                _refuse(row, may.reason or "", now)
                return
            if change.status != ChangeStatus.NEEDS_ATTENTION:
                await park_lost(session, change, "No workflow was found.", now)
            session.add(outbox_row("resume", change.id, {"decision": row.id}, now))

    async def refused(self, turn: ItemTurn, why: str) -> None:
        """The change's workflow did not take the retry."""
        async with self._sessions.begin() as session:
            row = await session.get_one(DecisionRow, turn.decision.id, with_for_update=True)
            if row.closed_at is None:
                _refuse(row, why, self._clock())

    async def give_up(self, retry: RetryInput) -> None:
        """Nobody took the retry, however often it was brought: the item has failed."""
        async with self._sessions.begin() as session:
            await locked_replay(session, retry.replay_id)
            item = await session.get_one(_R, (retry.replay_id, retry.turn.position))
            row = await session.get_one(DecisionRow, retry.turn.decision.id)
            if item.state == ItemState.RETRYING and row.closed_at is None:
                item.state, item.finished_at = ItemState.FAILED, self._clock()
                item.detail = "Nobody took the retry: no worker answers for this change."


def _refuse(row: DecisionRow, why: str, now: datetime) -> None:
    row.state, row.why, row.closed_at = DecisionState.REFUSED, why, now


async def _end_if_so(session: AsyncSession, replay: ReplayRow, move: Move, now: datetime) -> None:
    if replay.state not in UNDER_WAY:
        return
    if move.kind is MoveKind.STOP:
        await _stop(session, replay, move.sentence, now)
    elif move.kind is MoveKind.DONE:
        replay.state = ReplayState.DONE
        replay.sentence = "Everything selected that may be retried was."
        session.add(_note(replay, "finish_replay", replay.sentence, now))


async def _stop(session: AsyncSession, replay: ReplayRow, sentence: str, now: datetime) -> None:
    replay.state, replay.sentence = ReplayState.STOPPED, sentence
    await leave_the_rest(session, replay.id, now)
    session.add(_note(replay, "stop_replay", sentence, now))


def _note(replay: ReplayRow, action: str, reason: str, now: datetime) -> AuditEntryRow:
    return audit_note(
        at=now,
        actor="throughline",
        actor_kind="service",
        action=action,
        correlation_id=replay.correlation_id,
        reason=reason,
        facts={"replay": replay.id},
    )


async def _begun_since(session: AsyncSession, replay_id: str, after: int) -> list[ReplayItemRow]:
    """Items whose turns were put on record, and of which the workflow never heard."""
    rows = await session.scalars(
        select(_R)
        .where(_R.replay_id == replay_id, _R.position > after, _R.state == ItemState.RETRYING)
        .order_by(_R.position)
    )
    return list(rows)


async def _retrying(session: AsyncSession, replay_id: str) -> bool:
    statement = select(_R.position).where(_R.replay_id == replay_id, _R.state == ItemState.RETRYING)
    return await session.scalar(statement.limit(1)) is not None


async def _waiting(session: AsyncSession, replay_id: str) -> list[ReplayItemRow]:
    rows = await session.scalars(
        select(_R)
        .where(_R.replay_id == replay_id, _R.state == ItemState.WAITING)
        .order_by(_R.position)
        .limit(_LOOKED_AT_ONCE)
    )
    return list(rows)


async def _turn(session: AsyncSession, item: ReplayItemRow) -> ItemTurn:
    decision_id = replay_decision_id(item.replay_id, item.position)
    row = await session.get_one(DecisionRow, decision_id)
    return ItemTurn(
        position=item.position,
        change_id=item.change_id,
        system=System(item.system),
        decision=message_of(row),
    )


async def _retry(
    session: AsyncSession, replay: ReplayRow, item: ReplayItemRow, role: Role, now: datetime
) -> bool:
    """Put the item's retry on record, if it may still be retried; else pass it over."""
    change = await locked(session, item.change_id)
    letter = await session.get_one(DeadLetterRow, item.dead_letter_id)
    candidate = Candidate(
        await situation_of(session, change, now),
        still_open=letter.closed_at is None,
        unverifiable=change.id in await unverifiable(session, [change.id]),
    )
    found = eligibility(candidate, role=role, principal=replay.actor)
    item.rule = found.rule
    if not found.eligible:
        item.state, item.detail = ItemState.PASSED_OVER, found.sentence
        item.finished_at = now
        return False
    await put_on_record(session, change, _decision(replay, item, change, role, now))
    item.state, item.started_at = ItemState.RETRYING, now
    item.attempt_mark = await _last(session, AttemptRow, change.id)
    item.audit_mark = await _last(session, AuditEntryRow, change.id)
    return True


def _decision(
    replay: ReplayRow, item: ReplayItemRow, change: ServiceChangeRow, role: Role, now: datetime
) -> NewDecision:
    """Its id is the item's, so that however often this is done it is one decision."""
    decision = Decision(
        id=replay_decision_id(replay.id, item.position),
        action=Action.RETRY,
        actor=replay.actor,
        role=role,
        plan_sha256=change.plan_sha256,
        document_sha256=(change.plan or {}).get("document_sha256"),
    )
    reason = f"{replay.reason} (replay {replay.id})"
    return NewDecision(decision, reason, DecisionPayload(), needs_second=False, at=now)


async def _last(
    session: AsyncSession, table: type[AttemptRow | AuditEntryRow], change_id: str
) -> int:
    statement = select(func.max(table.id)).where(table.change_id == change_id)
    return await session.scalar(statement) or 0
