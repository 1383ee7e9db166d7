"""Works off the webhook inbox, and finds what was forgotten in it."""

import logging

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.inbox_processing import Clock, process_next, queue_forgotten
from adapters.vendors.watching import Watch

_LOG = logging.getLogger(__name__)


async def work_off(
    sessions: async_sessionmaker[AsyncSession],
    clock: Clock,
    *,
    most: int = 50,
    watch: Watch | None = None,
) -> int:
    """Process what is due, each event in a transaction of its own; how many were looked at.

    Raises database errors, which leave the rest queued. Safe to run side by side.
    """
    for number in range(most):
        if await process_next(sessions, clock, watch) is None:
            return number
    return most


async def sweep_inbox(sessions: async_sessionmaker[AsyncSession]) -> list[str]:
    """The events that were found forgotten and made due again. Safe to repeat."""
    forgotten = await queue_forgotten(sessions)
    for event_id in forgotten:
        _LOG.warning("event never processed", extra={"event_id": event_id})
    return forgotten
