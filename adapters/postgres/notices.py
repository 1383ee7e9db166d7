"""The operations queue: what people are to be told of, however else they hear of it."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.tables import NotificationRow
from domain.messages import NoticeKind


async def queue_notice(
    session: AsyncSession, change_id: str, kind: NoticeKind, key: str, at: datetime
) -> None:
    """Put an item into the queue, once for each key. No commit."""
    await session.execute(
        insert(NotificationRow)
        .values(
            id=f"{change_id}:{kind}:{key}",
            change_id=change_id,
            kind=kind,
            created_at=at,
            delivered={},
        )
        .on_conflict_do_nothing()
    )
