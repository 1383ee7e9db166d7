"""The attempts of one change as people read them. Nothing here writes."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.reading import bad_cursor, decode_cursor, encode_cursor
from adapters.postgres.tables import AttemptRow
from domain.contracts import Page
from domain.contracts_evidence import (
    AttemptDetailView,
    AttemptView,
    ExchangeView,
)
from domain.identifiers import System

SAID: Final = ("request", "response")
"""What of an exchange is emptied once its time is over, and kept as a hash."""

_ROW_ID: Final = re.compile(r"[0-9]{1,18}")
_A = AttemptRow
_RETRIED_AT = (
    func.lead(_A.started_at).over(partition_by=_A.step, order_by=_A.id).label("retried_at")
)


async def list_attempts(
    session: AsyncSession, change_id: str, *, step: str | None, cursor: str | None, limit: int
) -> Page[AttemptView]:
    """The oldest first. Raises InvalidChangeError for a cursor that is not ours."""
    statement = _tried(change_id).order_by(_A.id).limit(limit + 1)
    if step:
        statement = statement.where(_A.step == step)
    if cursor:
        (last,) = decode_cursor(cursor, 1)
        if not _ROW_ID.fullmatch(last):
            raise bad_cursor()
        statement = statement.where(_A.id > int(last))
    rows = list(await session.execute(statement))
    more = len(rows) > limit
    return Page(
        items=[AttemptView(**_fields(row, retried)) for row, retried in rows[:limit]],
        next_cursor=encode_cursor(str(rows[limit - 1][0].id)) if more else None,
    )


@dataclass(frozen=True, slots=True)
class ExpiredPayloads:
    """What was said in an attempt is no longer kept; what can still be proven of it."""

    at: datetime
    hashes: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """When it was emptied, and the hashes."""
        told = f"What was said was emptied at {self.at:%Y-%m-%d %H:%M} UTC."
        return f"{told} SHA-256 of it: {', '.join(self.hashes)}." if self.hashes else told


async def read_attempt(
    session: AsyncSession, change_id: str, attempt_id: int
) -> AttemptDetailView | ExpiredPayloads | None:
    """One attempt of the change with what was said both ways; None if it is not the change's."""
    inner = _tried(change_id).subquery()
    row = await session.scalar(select(_A).where(_A.id == attempt_id, _A.change_id == change_id))
    if row is None:
        return None
    if row.payloads_expired_at is not None:
        kept = (each.get(f"{said}_sha256") for each in row.exchanges for said in SAID)
        return ExpiredPayloads(row.payloads_expired_at.astimezone(UTC), tuple(filter(None, kept)))
    retried = await session.scalar(select(inner.c.retried_at).where(inner.c.id == attempt_id))
    return AttemptDetailView(
        **_fields(row, retried),
        exchanges=[ExchangeView.model_validate(each) for each in row.exchanges],
    )


def _tried(change_id: str) -> Select[Any]:
    return select(_A, _RETRIED_AT).where(_A.change_id == change_id)


def _fields(row: AttemptRow, retried_at: Any) -> dict[str, Any]:  # noqa: ANN401 - a column's value
    return {
        "id": row.id,
        "step": row.step,
        "system": System(row.system),
        "attempt": row.attempt,
        "outcome": row.outcome,
        "reason": row.reason,
        "words": row.words,
        "http_status": row.http_status,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "retry_at": row.retry_at,
        "next_attempt_at": retried_at,
        "effect_key": row.effect_key,
    }
