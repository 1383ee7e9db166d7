"""What decides on record whether an action fits a change now."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.decisions import open_dead_letter
from adapters.postgres.documents import newest_pending
from adapters.postgres.tables import EffectRow, ServiceChangeRow
from domain.errors import FailureCode
from domain.permissions import Situation
from domain.service_change import ChangeStatus, EffectStatus
from domain.steps import Step
from domain.undoing import DoneStep, outlook, passed


async def standing_effects(session: AsyncSession, change_id: str) -> list[EffectRow]:
    """Every effect of a change, in the order they were intended."""
    rows = await session.scalars(
        select(EffectRow).where(EffectRow.change_id == change_id).order_by(EffectRow.intended_at)
    )
    return list(rows)


def stands(effect: EffectRow) -> bool:
    """Whether an effect is in force at its vendor, by evidence of ours or of a person."""
    by_hand = effect.status == EffectStatus.SKIPPED and effect.vendor_reference is not None
    return effect.status == EffectStatus.APPLIED or by_hand


def done_step(effect: EffectRow) -> DoneStep:
    """An effect as far as undoing it goes."""
    return DoneStep(effect.step, EffectStatus(effect.status), effect.facts)


async def situation_of(session: AsyncSession, row: ServiceChangeRow, now: datetime) -> Situation:
    """How the change stands, as `domain.permissions` judges it."""
    status = ChangeStatus(row.status)
    effects = await standing_effects(session, row.id)
    plain = situation_by(row, effects, now)
    parked = (
        await open_dead_letter(session, row.id) if status is ChangeStatus.NEEDS_ATTENTION else None
    )
    return replace(
        plain,
        parked_step=parked.step if parked else None,
        parked_code=FailureCode(parked.code) if parked else None,
        revision=await newest_pending(session, row.id),
        undoing=parked is not None and parked.resumes == ChangeStatus.COMPENSATING,
    )


def situation_by(row: ServiceChangeRow, effects: Iterable[EffectRow], now: datetime) -> Situation:
    """How a change stands that is neither parked nor has a document version to decide upon."""
    effects = list(effects)
    return Situation(
        status=ChangeStatus(row.status),
        submitted_by=row.submitted_by,
        billed=any(each.step == Step.POST_BILLING_CHANGE and stands(each) for each in effects),
        passed=passed(outlook(map(done_step, effects), now)),
    )
