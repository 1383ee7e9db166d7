"""Alerts on saved views in SQL: what a view holds, when it held too much, and who was told."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.audit import audit_note
from adapters.postgres.audit_reading import count_audit
from adapters.postgres.change_filters import count_changes
from adapters.postgres.desk_reading import DeadLetterFilter
from adapters.postgres.tables_desk import DeadLetterRow
from adapters.postgres.tables_views import SavedViewRow, ViewAlertRow
from domain.filters import AuditFilters, ChangeFilters, DeadLetterFilters, ListPage, filters_of
from domain.views import AlertTurn, ViewNotice

TOLD_FOR: Final = timedelta(hours=24)
"""So long it is tried to tell of an alert; after that nobody is helped by a mail about it."""

_ACTOR: Final = "views"
_BATCH: Final = 50


async def alerting_views(session: AsyncSession) -> Sequence[str]:
    """The views somebody wants to be told about."""
    found = select(SavedViewRow.id).where(SavedViewRow.alert_above.is_not(None))
    return list(await session.scalars(found.order_by(SavedViewRow.id)))


async def look_at(session: AsyncSession, view_id: str, now: datetime) -> None:
    """Count what a view holds; open an alert where that is too much, resolve it after. No commit.

    Nothing where another process is looking at it, or the alert has been ended meanwhile.
    """
    view = await session.get(SavedViewRow, view_id, with_for_update={"skip_locked": True})
    if view is None or view.alert_above is None:
        return
    view.held = await _held(session, view, view.alert_above, now)
    view.looked_at = now
    alert = await session.scalar(
        select(ViewAlertRow).where(
            ViewAlertRow.view_id == view_id, ViewAlertRow.resolved_at.is_(None)
        )
    )
    if view.held > view.alert_above and alert is None:
        count = await session.scalar(
            select(func.count()).select_from(ViewAlertRow).where(ViewAlertRow.view_id == view_id)
        )
        alert = ViewAlertRow(
            id=f"{view_id}:{(count or 0) + 1}",
            view_id=view_id,
            above=view.alert_above,
            held=view.held,
            opened_at=now,
            delivered={},
            undelivered={},
            told=False,
        )
        session.add(alert)
        _record(session, view, alert, AlertTurn.OPENED, now)
    elif view.held <= view.alert_above and alert is not None:
        alert.resolved_at = now
        alert.told = False
        _record(session, view, alert, AlertTurn.RESOLVED, now)


async def end_alert(session: AsyncSession, view_id: str, now: datetime) -> None:
    """Nobody wants to be told any longer; what is open is over, and nobody is told of that."""
    await session.execute(
        update(ViewAlertRow)
        .where(ViewAlertRow.view_id == view_id, ViewAlertRow.resolved_at.is_(None))
        .values(resolved_at=now, told=True)
    )


async def _held(session: AsyncSession, view: SavedViewRow, most: int, now: datetime) -> int:
    page = ListPage(view.page)
    return await _COUNTED[page](session, filters_of(page, view.filters), most, now)


async def _changes(session: AsyncSession, wanted: Any, most: int, now: datetime) -> int:  # noqa: ANN401 - the filters of one page
    filters = ChangeFilters.model_validate(wanted)
    return await count_changes(session, filters, now=now, submitted_by=None, most=most)


async def _entries(session: AsyncSession, wanted: Any, most: int, now: datetime) -> int:  # noqa: ANN401 - as above
    return await count_audit(session, AuditFilters.model_validate(wanted), now=now, most=most)


async def _letters(session: AsyncSession, wanted: Any, most: int, now: datetime) -> int:  # noqa: ANN401 - as above
    del now
    filters = DeadLetterFilter(**dict(DeadLetterFilters.model_validate(wanted)))
    some = filters.narrow(select(DeadLetterRow)).limit(most + 1).subquery()
    return int(await session.scalar(select(func.count()).select_from(some)) or 0)


_COUNTED: Final[Mapping[ListPage, Callable[[AsyncSession, Any, int, datetime], Awaitable[int]]]] = {
    ListPage.CHANGES: _changes,
    ListPage.AUDIT: _entries,
    ListPage.DEAD_LETTERS: _letters,
}


def _record(
    session: AsyncSession,
    view: SavedViewRow,
    alert: ViewAlertRow,
    turn: AlertTurn,
    now: datetime,
) -> None:
    session.add(
        audit_note(
            at=now,
            actor=_ACTOR,
            actor_kind="schedule",
            action=f"view_alert_{turn}",
            correlation_id=alert.id,
            facts={
                "view": view.id,
                "name": view.name,
                "page": view.page,
                "held": view.held,
                "above": alert.above,
            },
        )
    )


async def untold(session: AsyncSession) -> Sequence[str]:
    """Alerts of which somebody has yet to be told, the oldest first."""
    alert = ViewAlertRow
    found = select(alert.id).where(~alert.told).order_by(alert.opened_at).limit(_BATCH)
    return list(await session.scalars(found))


def notices_of(alert: ViewAlertRow, view: SavedViewRow) -> Sequence[ViewNotice]:
    """What there is to tell of an alert, in order."""
    turns = [AlertTurn.OPENED, *([AlertTurn.RESOLVED] if alert.resolved_at else [])]
    return [
        ViewNotice(
            alert_id=alert.id,
            turn=turn,
            view_id=view.id,
            name=view.name,
            page=ListPage(view.page),
            held=alert.held,
            above=alert.above,
        )
        for turn in turns
    ]
