"""Saved views in SQL: kept, changed and listed, each change with its audit entry."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.audit import audit_note
from adapters.postgres.desk_reading import Reader
from adapters.postgres.tables_views import SavedViewRow, ViewAlertRow
from domain.contracts_views import SavedViewView, ViewAlertView
from domain.filters import ListPage
from domain.service_change import Role
from domain.views import may_edit

_V = SavedViewRow
KEPT = ("name", "shared", "filters", "alert_above")
"""What a person sets."""


async def list_views(
    session: AsyncSession, reader: Reader, page: ListPage | None
) -> list[SavedViewView]:
    """The reader's own and the shared ones, by name; at most so many as people can keep."""
    statement = select(_V).where(or_(_V.owner == reader.name, _V.shared))
    if page is not None:
        statement = statement.where(_V.page == page)
    rows = list(await session.scalars(statement.order_by(func.lower(_V.name), _V.id)))
    alerts = await _alerts(session, [row.id for row in rows])
    return [view_of(row, alerts.get(row.id), reader) for row in rows]


async def visible_view(
    session: AsyncSession, view_id: str, reader: Reader, *, locked: bool = False
) -> SavedViewRow | None:
    """The view if the reader may see it; administrators see every one."""
    row = await session.get(_V, view_id, with_for_update=locked or None)
    if row is None or row.shared or row.owner == reader.name or reader.role is Role.ADMIN:
        return row
    return None


async def own_view(
    session: AsyncSession, owner: str, page: ListPage, name: str
) -> SavedViewRow | None:
    """Somebody's view of that name."""
    found: SavedViewRow | None = await session.scalar(
        select(_V).where(_V.owner == owner, _V.page == page, _V.name == name)
    )
    return found


async def count_own(session: AsyncSession, owner: str) -> int:
    """How many views somebody keeps."""
    return int(
        await session.scalar(select(func.count()).select_from(_V).where(_V.owner == owner)) or 0
    )


async def told_view(session: AsyncSession, row: SavedViewRow, reader: Reader) -> SavedViewView:
    """One view as the API answers it."""
    return view_of(row, (await _alerts(session, [row.id])).get(row.id), reader)


async def _alerts(session: AsyncSession, ids: list[str]) -> Mapping[str, ViewAlertRow]:
    """The latest alert of each view."""
    alert = ViewAlertRow
    rows = await session.scalars(
        select(alert)
        .where(alert.view_id.in_(ids))
        .ext(distinct_on(alert.view_id))
        .order_by(alert.view_id, alert.opened_at.desc())
    )
    return {row.view_id: row for row in rows}


def view_of(row: SavedViewRow, alert: ViewAlertRow | None, reader: Reader) -> SavedViewView:
    """A view as the API answers it."""
    return SavedViewView(
        id=row.id,
        page=ListPage(row.page),
        name=row.name,
        owner=row.owner,
        shared=row.shared,
        filters=row.filters,
        alert_above=row.alert_above,
        held=row.held,
        looked_at=row.looked_at,
        alert=ViewAlertView(
            above=alert.above,
            held=alert.held,
            opened_at=alert.opened_at,
            resolved_at=alert.resolved_at,
        )
        if alert
        else None,
        may_edit=may_edit(row.owner, caller=reader.name, role=reader.role),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def record_view(
    session: AsyncSession,
    row: SavedViewRow,
    caller: str,
    action: str,
    *,
    correlation_id: str,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    refused: str = "",
) -> None:
    """Put on record what somebody did with a view, or was refused. No commit."""
    facts: dict[str, Any] = {"view": row.id, "page": row.page, "name": row.name}
    after = {name: getattr(row, name) for name in KEPT}
    facts |= {
        name: {"before": value, "after": after[name]}
        for name, value in (before or {}).items()
        if value != after[name]
    }
    session.add(
        audit_note(
            at=at,
            actor=caller,
            actor_kind="person",
            action=action,
            outcome="refused" if refused else "done",
            correlation_id=correlation_id,
            reason=refused,
            facts=facts,
        )
    )
