"""Replays as they begin and are steered: selection, claims, states. How they go on is beside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.audit import audit_note
from adapters.postgres.desk_reading import DeadLetterFilter
from adapters.postgres.outbox import outbox_row
from adapters.postgres.tables import DocumentVersionRow, EffectRow, ServiceChangeRow
from adapters.postgres.tables_desk import DeadLetterRow, ReplayItemRow, ReplayRow
from domain.errors import FailureCode
from domain.permissions import Situation
from domain.replays import (
    CLAIMED,
    STEERING,
    UNDER_WAY,
    Candidate,
    Eligibility,
    ItemState,
    ReplayState,
    Steering,
    eligibility,
)
from domain.service_change import ChangeStatus, DocumentState, EffectStatus, Role
from domain.verdicts import Repeatability, verdict

LARGEST: Final = 10_000
"""Dead letters of one replay; what is beyond stays open for the next."""


@dataclass(frozen=True, slots=True)
class NewReplay:
    """A replay about to be made."""

    id: str
    wanted: DeadLetterFilter
    selection: dict[str, Any]
    dry_run: bool
    actor: str
    role: Role
    reason: str
    correlation_id: str
    at: datetime
    delay: float = 0.0
    """Seconds before its first turn."""


@dataclass(frozen=True, slots=True)
class Selected:
    """A dead letter that was found, and whether it may be retried."""

    letter: DeadLetterRow
    verdict: Eligibility


async def one_at_a_time(session: AsyncSession) -> None:
    """Have replays be made one after the other, so that they see each other's claims."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('replays', 0))"))


async def select_dead_letters(session: AsyncSession, new: NewReplay) -> list[Selected]:
    """What the filter finds now, the oldest first, each judged for the caller."""
    in_order = new.wanted.narrow(select(DeadLetterRow)).order_by(
        DeadLetterRow.opened_at, DeadLetterRow.id
    )
    statement = (
        in_order.join(ServiceChangeRow, ServiceChangeRow.id == DeadLetterRow.change_id)
        .add_columns(ServiceChangeRow.status, ServiceChangeRow.submitted_by)
        .limit(LARGEST)
    )
    found = list(await session.execute(statement))
    claims = await _claims(session)
    ids = [row[0].change_id for row in found]
    pending = await _pending_revisions(session, ids)
    doubtful = await unverifiable(session, ids)
    return [
        Selected(
            letter,
            eligibility(
                Candidate(
                    Situation(
                        status=ChangeStatus(status),
                        submitted_by=submitted_by,
                        parked_step=letter.step,
                        parked_code=FailureCode(letter.code),
                        revision=pending.get(letter.change_id),
                        undoing=letter.resumes == ChangeStatus.COMPENSATING,
                    ),
                    still_open=letter.closed_at is None,
                    other_replay=claims.get(letter.id),
                    unverifiable=letter.change_id in doubtful,
                ),
                role=new.role,
                principal=new.actor,
            ),
        )
        for letter, status, submitted_by in found
    ]


async def _claims(session: AsyncSession) -> dict[str, str]:
    """Dead letters that belong to a replay under way, and to which."""
    rows = await session.execute(
        select(ReplayItemRow.dead_letter_id, ReplayItemRow.replay_id).where(
            ReplayItemRow.state.in_(CLAIMED)
        )
    )
    return dict(rows.all())


async def _pending_revisions(session: AsyncSession, change_ids: list[str]) -> dict[str, int]:
    version = DocumentVersionRow
    rows = await session.execute(
        select(version.change_id, func.max(version.version))
        .where(version.change_id.in_(change_ids), version.state == DocumentState.PENDING_REVIEW)
        .group_by(version.change_id)
    )
    return dict(rows.all())


async def unverifiable(session: AsyncSession, change_ids: Sequence[str]) -> frozenset[str]:
    """Changes with an effect that nobody can verify: a person decides about each by itself."""
    effect = EffectRow
    rows = await session.scalars(
        select(effect)
        .where(effect.change_id.in_(change_ids), effect.repeatability == Repeatability.NEITHER)
        .ext(distinct_on(effect.change_id, effect.step))
        .order_by(effect.change_id, effect.step, effect.intended_at.desc())
    )
    return frozenset(
        row.change_id
        for row in rows
        if not verdict(EffectStatus(row.status), row.in_doubt, Repeatability.NEITHER).safe
    )


async def create_replay(
    session: AsyncSession, new: NewReplay, selected: list[Selected]
) -> ReplayRow:
    """Write a replay with everything selected, frozen; a real one is started by the relay."""
    eligible = sum(each.verdict.eligible for each in selected)
    row = ReplayRow(
        id=new.id,
        selection=new.selection,
        fingerprint=new.wanted.fingerprint,
        drift=new.wanted.drift,
        actor=new.actor,
        role=new.role,
        reason=new.reason,
        state=ReplayState.RUNNING,
        sentence=f"{eligible} of {len(selected)} selected may be retried.",
        correlation_id=new.correlation_id,
        created_at=new.at,
    )
    if new.dry_run or not eligible:
        row.state = ReplayState.DRY_RUN if new.dry_run else ReplayState.DONE
        row.finished_at = new.at
    else:
        session.add(outbox_row("start_replay", None, {"replay": new.id}, new.at, delay=new.delay))
    session.add(row)
    await session.flush()
    session.add_all(_item(new, number, each) for number, each in enumerate(selected, start=1))
    session.add(
        audit_note(
            at=new.at,
            actor=new.actor,
            actor_kind="person",
            action="dry_run_replay" if new.dry_run else "replay",
            correlation_id=new.correlation_id,
            reason=new.reason,
            facts={"replay": new.id, "selected": len(selected), "eligible": eligible},
        )
    )
    return row


def _item(new: NewReplay, position: int, selected: Selected) -> ReplayItemRow:
    will_be = ItemState.ELIGIBLE if new.dry_run else ItemState.WAITING
    verdict = selected.verdict
    return ReplayItemRow(
        replay_id=new.id,
        position=position,
        dead_letter_id=selected.letter.id,
        change_id=selected.letter.change_id,
        system=selected.letter.system,
        rule=verdict.rule,
        state=will_be if verdict.eligible else ItemState.NOT_ELIGIBLE,
        detail=verdict.sentence,
        attempt_mark=0,
        audit_mark=0,
        finished_at=None if verdict.eligible and not new.dry_run else new.at,
    )


async def locked_replay(session: AsyncSession, replay_id: str) -> ReplayRow | None:
    """The replay's row, for its state or its items to be changed."""
    return await session.get(ReplayRow, replay_id, with_for_update=True)


async def steer(
    session: AsyncSession,
    replay: ReplayRow,
    what: Steering,
    *,
    actor: str,
    reason: str,
    at: datetime,
) -> bool:
    """Suspend, resume or cancel a locked replay; False if that does not fit its state.

    What is being retried comes to its verdict in any case.
    """
    fitting, becomes = STEERING[what]
    if replay.state not in fitting:
        return False
    replay.state = becomes
    replay.sentence = f"{becomes.capitalize()} by {actor}: {reason}"
    if becomes not in UNDER_WAY:
        await leave_the_rest(session, replay.id, at)
    session.add(outbox_row("replay_steered", None, {"replay": replay.id}, at))
    session.add(
        audit_note(
            at=at,
            actor=actor,
            actor_kind="person",
            action=f"{what}_replay",
            correlation_id=replay.correlation_id,
            reason=reason,
            facts={"replay": replay.id},
        )
    )
    return True


async def leave_the_rest(session: AsyncSession, replay_id: str, at: datetime) -> None:
    """What has not had its turn will not have one; its dead letter is free for others."""
    await session.execute(
        update(ReplayItemRow)
        .where(ReplayItemRow.replay_id == replay_id, ReplayItemRow.state == ItemState.WAITING)
        .values(state=ItemState.NOT_REACHED, finished_at=at)
    )
