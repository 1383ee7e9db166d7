"""Lists as CSV files: exactly what the filters leave, in the list's order, and on record."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from sqlalchemy import Select

from adapters.postgres.exporting import (
    audit_rows,
    begin,
    change_rows,
    chunks,
    record_export,
)
from adapters.postgres.tables import ServiceChangeRow
from api.csv_answers import (
    AUDIT_COLUMNS,
    CHANGE_COLUMNS,
    ChangeLine,
    Columns,
    as_csv,
    audit_line,
    csv_answer,
)
from api.dependencies import Caller, CorrelationId, Parts, Principal, System_, require_role
from api.errors import ApiError
from api.lists import AuditFilterQuery
from domain.contracts_evidence import Personal
from domain.filters import ChangeFilters, Filters, ListPage
from domain.permissions import MAY_SHOW_PERSONAL
from domain.service_change import READS_EVERYTHING

router = APIRouter(prefix="/v1", tags=["records"])

MOST_ROWS: Final = 50_000
"""A spreadsheet still opens that; a longer file is asked for in parts, by time."""

_CSV: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file. `X-Throughline-Rows` says how many rows it has, "
        "`X-Throughline-Truncated` whether the newest `X-Throughline-Most-Rows` are not all.",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}


class ChangeExport(ChangeFilters):
    """Service changes that fit, as they are written."""

    personal: Personal = Personal.MASK


@router.get("/service-changes/export", response_class=StreamingResponse, responses=_CSV)
async def export_service_changes(
    caller: Caller,
    parts: System_,
    correlation_id: CorrelationId,
    wanted: Annotated[ChangeExport, Query()],
) -> StreamingResponse:
    """The list of changes as CSV, with the same filters, newest first, up to 50,000 rows.

    Text that a spreadsheet would run as a formula begins with an apostrophe. Personal fields are
    masked; `personal=show` is for operators and admins. What was exported, by which filters and
    how many rows, is in the audit trail.
    """
    show = wanted.personal is Personal.SHOW
    if show and caller.role not in MAY_SHOW_PERSONAL:
        raise ApiError(
            "forbidden",
            "Personal fields are shown to operators and admins alone; "
            "the masked file holds everything else.",
        )

    def line(row: ServiceChangeRow) -> ChangeLine:
        return ChangeLine(row, bare=show or row.submitted_by == caller.name)

    return await _export(
        parts,
        caller,
        correlation_id,
        ListPage.CHANGES,
        wanted,
        change_rows(wanted, parts.clock(), caller.sees_only_own),
        (CHANGE_COLUMNS, line),
    )


@router.get("/audit/export", response_class=StreamingResponse, responses=_CSV)
async def export_audit(
    caller: Caller, parts: System_, correlation_id: CorrelationId, wanted: AuditFilterQuery
) -> StreamingResponse:
    """The audit trail as CSV, with the same filters, newest first, up to 50,000 rows; for staff."""
    require_role(caller, *READS_EVERYTHING)
    return await _export(
        parts,
        caller,
        correlation_id,
        ListPage.AUDIT,
        wanted,
        audit_rows(wanted, parts.clock()),
        (AUDIT_COLUMNS, audit_line),
    )


async def _export(
    parts: Parts,
    caller: Principal,
    correlation_id: str,
    page: ListPage,
    wanted: Filters,
    rows: Select[Any],
    written: tuple[Columns, Callable[[Any], Any]],
) -> StreamingResponse:
    async with AsyncExitStack() as opened:
        session = await opened.enter_async_context(parts.sessions())
        export = await begin(session, rows, MOST_ROWS)
        async with parts.sessions.begin() as recording:
            record_export(
                recording,
                caller,
                page,
                wanted,
                export,
                personal=str(getattr(wanted, "personal", Personal.MASK)),
                correlation_id=correlation_id,
                at=parts.clock(),
            )
        kept = opened.pop_all()

    async def body() -> AsyncIterator[str]:
        async with kept:
            async for text in as_csv(chunks(session, export), *written):
                yield text

    name = {ListPage.CHANGES: "service-changes", ListPage.AUDIT: "audit"}[page]
    return csv_answer(body(), name, export, MOST_ROWS, parts.clock())
