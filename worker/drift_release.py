"""Retries what was parked for a drift while the mapping of it was on its way to every process."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.drift_deciding import By, release_changes
from adapters.postgres.tables_drift import DriftItemRow, MappingRow
from domain.drift import DriftState
from domain.identifiers import RandomBytes, new_replay_id
from domain.mappings import MappingState
from domain.service_change import Role

_LOG = logging.getLogger(__name__)

LOOKED_FOR: Final = timedelta(days=1)
"""After its mapping a drift is looked at for so long; a step's own tries end long before."""


async def release_stragglers(
    sessions: async_sessionmaker[AsyncSession],
    clock: Callable[[], datetime],
    random_bytes: RandomBytes,
) -> list[str]:
    """The replays made for what stands still although it is mapped. Safe to repeat.

    Each is on behalf of who confirmed the mapping, and nothing is retried twice for one drift.
    """
    async with sessions() as session:
        mapped = await session.execute(
            select(DriftItemRow.id, MappingRow)
            .join(MappingRow, MappingRow.item_id == DriftItemRow.id)
            .where(
                DriftItemRow.state == DriftState.MAPPED,
                DriftItemRow.decided_at > clock() - LOOKED_FOR,
                MappingRow.state == MappingState.ACTIVE,
            )
        )
        found = list(mapped)
    replays = []
    for item_id, mapping in found:
        async with sessions.begin() as session:
            item = await session.get_one(DriftItemRow, item_id, with_for_update=True)
            by = By(
                actor=mapping.confirmed_by or "",
                role=Role(mapping.confirmed_role or ""),
                reason=f"It came while mapping {mapping.id} was on its way to every process.",
                correlation_id=item.id,
                at=clock(),
            )
            replay = await release_changes(session, item, by, new_replay_id(random_bytes))
        if replay is not None:
            _LOG.warning("parked although mapped", extra={"drift": item_id, "replay": replay.id})
            replays.append(replay.id)
    return replays
