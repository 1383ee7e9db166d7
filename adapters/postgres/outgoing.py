"""Every try at every vendor, across changes, as people read them. Nothing here writes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from adapters.postgres.reading import bad_cursor, encode_cursor, timed_place
from adapters.postgres.tables import AttemptRow
from domain.contracts import Page
from domain.contracts_messages import OutgoingAttemptView
from domain.identifiers import System

OK: Final = "ok"
_A = AttemptRow
_ROW_ID: Final = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class OutgoingFilter:
    """What the list is narrowed to; several outcomes are alternatives."""

    system: System | None = None
    step: str | None = None
    outcome: Sequence[str] = ()
    change_id: str | None = None
    finished_from: datetime | None = None
    finished_to: datetime | None = None


async def list_outgoing(
    session: AsyncSession, wanted: OutgoingFilter, *, cursor: str | None, limit: int
) -> Page[OutgoingAttemptView]:
    """The newest first. Raises InvalidChangeError for a cursor that is not ours."""
    statement = (
        select(_A).options(defer(_A.exchanges)).order_by(_A.finished_at.desc(), _A.id.desc())
    )
    for column, value in (
        (_A.system, wanted.system),
        (_A.step, wanted.step),
        (_A.change_id, wanted.change_id),
    ):
        if value:
            statement = statement.where(column == value)
    if wanted.outcome:
        statement = statement.where(_A.outcome.in_(wanted.outcome))
        if OK not in wanted.outcome:
            statement = statement.where(_A.outcome != OK)  # the index of failures serves
    if wanted.finished_from:
        statement = statement.where(_A.finished_at >= wanted.finished_from)
    if wanted.finished_to:
        statement = statement.where(_A.finished_at < wanted.finished_to)
    if cursor:
        at, last = timed_place(cursor)
        if not _ROW_ID.fullmatch(last):
            raise bad_cursor()
        statement = statement.where(tuple_(_A.finished_at, _A.id) < (at, int(last)))
    rows: list[AttemptRow] = list(await session.scalars(statement.limit(limit + 1)))
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(
        items=[_view(row) for row in rows],
        next_cursor=encode_cursor(rows[-1].finished_at.isoformat(), str(rows[-1].id))
        if more
        else None,
    )


def _view(row: AttemptRow) -> OutgoingAttemptView:
    return OutgoingAttemptView(
        id=row.id,
        change_id=row.change_id,
        system=System(row.system),
        step=row.step,
        attempt=row.attempt,
        outcome=row.outcome,
        reason=row.reason,
        words=row.words,
        http_status=row.http_status,
        retry_at=row.retry_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
