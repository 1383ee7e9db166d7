"""Finds effects that were begun and never closed, and has them settled. The database's clock."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.outbox import outbox_row
from adapters.postgres.tables import EffectRow, ServiceChangeRow
from domain.service_change import FINAL, ChangeStatus, EffectStatus
from domain.settling import SettleInput
from domain.verdicts import Repeatability
from json_logs import correlated

_LOG = logging.getLogger(__name__)
_BATCH: Final = 100

QUIET: Final = timedelta(seconds=30)
"""So long after its last try an effect is left alone: one under way is no orphan. With a sweep
every 20 s it is found within a minute."""

AGAIN: Final = timedelta(minutes=5)
"""So long after it was asked for, an effect still open is asked for again."""

_STILL_TRIED: Final = (ChangeStatus.CHECKING, ChangeStatus.APPLYING, ChangeStatus.COMPENSATING)
"""While a change is in one of these its own steps are tried again by the engine."""


async def sweep_effects(
    sessions: async_sessionmaker[AsyncSession],
    step_limit: timedelta,
    clock: Callable[[], datetime],
) -> list[str]:
    """The keys of the effects that were put into the outbox to be settled. Safe to repeat.

    Found: intended or unknown, not tried for QUIET, and nothing left that would try it: the
    change has ended or waits for somebody, or its step has outlived `step_limit`. What no look-up
    can settle is found once its change has ended, to be put on record as such. Raises database
    errors. `clock` dates the messages, as it does all others; ages are by the database's.
    """
    change, effect = ServiceChangeRow, EffectRow
    idle = or_(
        change.status.not_in(_STILL_TRIED),
        effect.tried_at < func.now() - step_limit - QUIET,
    )
    settles = or_(
        effect.repeatability == Repeatability.LOOK_UP,
        and_(effect.in_doubt == 0, effect.status == EffectStatus.INTENDED),
        change.status.in_(FINAL),
    )
    statement = (
        select(effect.idempotency_key, effect.change_id, change.correlation_id)
        .join(change, change.id == effect.change_id)
        .where(
            effect.closed_at.is_(None),
            effect.status.in_([EffectStatus.INTENDED, EffectStatus.UNKNOWN]),
            effect.tried_at < func.now() - QUIET,
            or_(effect.settle_asked_at.is_(None), effect.settle_asked_at < func.now() - AGAIN),
            idle,
            settles,
        )
        .order_by(effect.tried_at)
        .limit(_BATCH)
        .with_for_update(skip_locked=True, of=effect)
    )
    async with sessions.begin() as session:
        found = list(await session.execute(statement))
        for key, change_id, correlation_id in found:
            with correlated(correlation_id):
                _LOG.warning("effect left open", extra={"change_id": change_id, "effect": key})
            what = SettleInput(change_id=change_id, effect_key=key)
            session.add(outbox_row("settle", change_id, what.model_dump(), clock()))
        await session.execute(
            update(effect)
            .where(effect.idempotency_key.in_([key for key, *_ in found]))
            .values(settle_asked_at=func.now())
        )
    return [key for key, *_ in found]
