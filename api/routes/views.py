"""Saved views: filters of a page under a name, one's own or everybody's. For staff."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.desk_reading import Reader
from adapters.postgres.tables_views import SavedViewRow
from adapters.postgres.view_alerts import end_alert
from adapters.postgres.views import (
    KEPT,
    count_own,
    list_views,
    own_view,
    record_view,
    told_view,
    visible_view,
)
from api.dependencies import Caller, CorrelationId, Parts, Principal, System_, require_role
from api.errors import ApiError
from api.routes.service_changes import Limit
from api.stretches import stretch
from domain.contracts import Page
from domain.contracts_views import SavedViewView
from domain.errors import FieldProblem, InvalidChangeError
from domain.filters import ListPage, filters_of
from domain.submission import STORABLE
from domain.views import ALERT_AT_MOST, MAY_KEEP_VIEWS, MOST_VIEWS, may_edit, new_view_id

router = APIRouter(prefix="/v1/views", tags=["views"], max_body_size=16 * 1024)
ViewName = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$"
    ),
    STORABLE,
]
AlertAbove = Annotated[int, Field(ge=0, le=ALERT_AT_MOST)]
ViewId = Annotated[str, Path(max_length=64)]


class ViewRequest(BaseModel):
    """What is to be kept. `filters` are the query parameters of the page's list."""

    model_config = ConfigDict(extra="forbid")

    page: ListPage
    name: ViewName
    filters: dict[str, Any]
    shared: bool = False
    alert_above: AlertAbove | None = None


class ViewChange(BaseModel):
    """What is to be changed; what is left out stays. `alert_above` null ends the alert."""

    model_config = ConfigDict(extra="forbid")

    name: ViewName = ""
    filters: dict[str, Any] = Field(default_factory=dict)
    shared: bool = False
    alert_above: AlertAbove | None = None


def _reader(caller: Principal) -> Reader:
    require_role(caller, *MAY_KEEP_VIEWS)
    return Reader(caller.name, caller.role)


@router.get("")
async def read_views(
    caller: Caller,
    parts: System_,
    page: ListPage | None = None,
    cursor: str | None = None,
    limit: Limit = 200,
) -> Page[SavedViewView]:
    """One's own views and the shared ones, by name. For staff."""
    reader = _reader(caller)
    async with parts.sessions() as session:
        return stretch(await list_views(session, reader, page), cursor, limit)


@router.get("/{view_id}")
async def read_view(view_id: ViewId, caller: Caller, parts: System_) -> SavedViewView:
    """One view, as a link names it. For staff."""
    reader = _reader(caller)
    async with parts.sessions() as session:
        row = await _found(session, view_id, reader)
        return await told_view(session, row, reader)


@router.post("", status_code=HTTPStatus.CREATED)
async def keep_view(
    body: ViewRequest, caller: Caller, parts: System_, correlation_id: CorrelationId
) -> SavedViewView:
    """Keep filters under a name. The same again is harmless. For staff.

    With `alert_above`, operations are told once the view holds more than that, and once it does
    not any longer; what it holds is looked at about every half minute.
    """
    reader = _reader(caller)
    values = {
        "name": body.name,
        "shared": body.shared,
        "filters": filters_of(body.page, body.filters).given(),
        "alert_above": body.alert_above,
    }
    at = parts.clock()
    async with parts.sessions.begin() as session:
        same = await own_view(session, caller.name, body.page, body.name)
        if same is not None and {name: getattr(same, name) for name in KEPT} == values:
            return await told_view(session, same, reader)
        if await count_own(session, caller.name) >= MOST_VIEWS:
            raise InvalidChangeError(
                [FieldProblem("name", f"you keep {MOST_VIEWS} views already; delete one first")]
            )
        row = SavedViewRow(
            id=new_view_id(parts.random_bytes),
            page=body.page,
            owner=caller.name,
            created_at=at,
            updated_at=at,
            **values,
        )
        session.add(row)
        await _flushed(session, body.name)
        record_view(session, row, caller.name, "keep_view", correlation_id=correlation_id, at=at)
        return await told_view(session, row, reader)


@router.patch("/{view_id}")
async def change_view(
    view_id: ViewId,
    body: ViewChange,
    caller: Caller,
    parts: System_,
    correlation_id: CorrelationId,
) -> SavedViewView:
    """Rename a view, share it, give it other filters, set or end its alert. Its owner or an admin.

    What is sent replaces what was; the same again is harmless.
    """
    reader = _reader(caller)
    await _require_editor(parts, view_id, reader, "change_view", correlation_id)
    given = {name: getattr(body, name) for name in body.model_fields_set}
    async with parts.sessions.begin() as session:
        row = await _found(session, view_id, reader, locked=True)
        if "filters" in given:
            given["filters"] = filters_of(ListPage(row.page), body.filters).given()
        before = {name: getattr(row, name) for name in given}
        if before != given:
            for name, value in given.items():
                setattr(row, name, value)
            row.updated_at = parts.clock()
            await _flushed(session, row.name)
            if row.alert_above is None:
                await end_alert(session, row.id, row.updated_at)
            record_view(
                session,
                row,
                caller.name,
                "change_view",
                correlation_id=correlation_id,
                at=row.updated_at,
                before=before,
            )
        return await told_view(session, row, reader)


@router.delete("/{view_id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_view(
    view_id: ViewId, caller: Caller, parts: System_, correlation_id: CorrelationId
) -> Response:
    """Delete a view with its alert. Its owner or an admin."""
    reader = _reader(caller)
    await _require_editor(parts, view_id, reader, "delete_view", correlation_id)
    async with parts.sessions.begin() as session:
        row = await _found(session, view_id, reader, locked=True)
        record_view(
            session,
            row,
            caller.name,
            "delete_view",
            correlation_id=correlation_id,
            at=parts.clock(),
        )
        await session.delete(row)
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _found(
    session: AsyncSession, view_id: str, reader: Reader, *, locked: bool = False
) -> SavedViewRow:
    row = await visible_view(session, view_id, reader, locked=locked)
    if row is None:
        raise ApiError("not_found", f"There is no view {view_id} that you may see.")
    return row


async def _require_editor(
    parts: Parts, view_id: str, reader: Reader, action: str, correlation_id: str
) -> None:
    """Pass for its owner and admins; anybody else is refused, on record."""
    async with parts.sessions.begin() as session:
        row = await _found(session, view_id, reader)
        if may_edit(row.owner, caller=reader.name, role=reader.role):
            return
        why = f"The view belongs to {row.owner}; keep one of your own, or ask them."
        record_view(
            session,
            row,
            reader.name,
            action,
            correlation_id=correlation_id,
            at=parts.clock(),
            refused=why,
        )
    raise ApiError("forbidden", why)


async def _flushed(session: AsyncSession, name: str) -> None:
    try:
        await session.flush()
    except IntegrityError as error:
        raise ApiError("name_taken", f"There is a view named {name} already.") from error
