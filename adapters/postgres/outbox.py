"""Messages to the engine, written with whatever causes them. The relay delivers them."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func

from adapters.postgres.tables import OutboxRow
from tracing import traceparent


def outbox_row(
    topic: str, change_id: str | None, payload: dict[str, Any], at: datetime, *, delay: float = 0
) -> OutboxRow:
    """A message to the engine; the relay's table says which topics there are.

    `at` is for people to read. When it may be delivered goes by the database's clock, so that a
    process whose own clock is wrong makes nothing early or late.
    """
    row = OutboxRow(
        topic=topic,
        change_id=change_id,
        payload=payload,
        created_at=at,
        attempts=0,
        traceparent=traceparent(),
    )
    if delay:
        row.available_at = func.now() + timedelta(seconds=delay)
    return row
