"""Messages to the engine, written with whatever causes them. The relay delivers them."""

from datetime import datetime, timedelta
from typing import Any

from adapters.postgres.tables import OutboxRow


def outbox_row(
    topic: str, change_id: str, payload: dict[str, Any], at: datetime, *, delay: float = 0
) -> OutboxRow:
    """A message to the engine; the relay's table says which topics there are."""
    return OutboxRow(
        topic=topic,
        change_id=change_id,
        payload=payload,
        created_at=at,
        available_at=at + timedelta(seconds=delay),
        attempts=0,
    )
