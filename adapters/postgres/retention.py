"""Empties raw payloads whose time is over. Hashes, times, statuses and references stay."""

import hashlib
from datetime import datetime
from typing import Any, Final

from sqlalchemy import null, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.attempts import SAID
from adapters.postgres.tables import AttemptRow, ServiceChangeRow
from adapters.postgres.tables_drift import DriftItemRow
from adapters.postgres.tables_inbox import InboxRow
from domain.drift import DriftState
from domain.errors import FailureCode
from domain.identifiers import canonical_json
from domain.vendor_events import InboxState

_OVER: Final = (InboxState.PROCESSED, InboxState.STALE)
"""What waits for a person, or is queued, keeps its body however old it is."""


async def expire_payloads(
    session: AsyncSession, before: datetime, now: datetime, *, most: int = 500
) -> int:
    """Empty what is older than `before` and not needed any more; how many rows it was.

    Of each kind at most `most`, so that no transaction is long. Safe to repeat, side by side too.
    """
    return (
        await _expire_attempts(session, before, now, most)
        + await _expire_events(session, before, now, most)
        + await _expire_samples(session, before, most)
    )


async def _expire_attempts(
    session: AsyncSession, before: datetime, now: datetime, most: int
) -> int:
    """What was said to vendors and by them, of changes that ended before then."""
    rows = list(
        await session.scalars(
            select(AttemptRow)
            .join(ServiceChangeRow, ServiceChangeRow.id == AttemptRow.change_id)
            .where(
                AttemptRow.payloads_expired_at.is_(None),
                AttemptRow.finished_at < before,
                ServiceChangeRow.ended_at < before,
            )
            .order_by(AttemptRow.finished_at)
            .limit(most)
            .with_for_update(skip_locked=True, of=AttemptRow)
        )
    )
    for row in rows:
        row.exchanges = [_emptied(exchange) for exchange in row.exchanges]
        row.payloads_expired_at = now
        if row.outcome == FailureCode.UNRECOGNISED_PAYLOAD:
            row.words = ""  # they hold the raw answer
    return len(rows)


def _emptied(exchange: dict[str, Any]) -> dict[str, Any]:
    hashes = {
        f"{name}_sha256": hashlib.sha256(canonical_json(exchange[name])).hexdigest()
        for name in SAID
        if exchange.get(name) is not None
    }
    return exchange | dict.fromkeys(SAID) | hashes


async def _expire_events(session: AsyncSession, before: datetime, now: datetime, most: int) -> int:
    """Bodies of events that nothing waits for."""
    rows = list(
        await session.scalars(
            select(InboxRow)
            .where(
                InboxRow.body_expired_at.is_(None),
                InboxRow.received_at < before,
                InboxRow.state.in_(_OVER),
            )
            .order_by(InboxRow.received_at)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
    )
    for row in rows:
        row.body_sha256 = hashlib.sha256(row.body).hexdigest()
        row.body_bytes, row.body, row.body_expired_at = len(row.body), b"", now
    return len(rows)


async def _expire_samples(session: AsyncSession, before: datetime, most: int) -> int:
    """Samples of drift that a person has said something to."""
    old = (
        select(DriftItemRow.id)
        .where(
            DriftItemRow.state != DriftState.OPEN,
            DriftItemRow.last_seen_at < before,
            DriftItemRow.sample.is_not(None),
        )
        .limit(most)
    )
    found = await session.scalars(
        update(DriftItemRow)
        .where(DriftItemRow.id.in_(old))
        .values(sample=null())
        .returning(DriftItemRow.id)
    )
    return len(found.all())
