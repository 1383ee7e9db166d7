"""Lists as CSV files: their columns, and the answer that carries them."""

import csv
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from io import StringIO
from typing import Any, Final

from fastapi.responses import Response, StreamingResponse

from adapters.postgres import mapping
from adapters.postgres.exporting import Exported
from adapters.postgres.tables import AuditEntryRow, ServiceChangeRow
from domain.contracts import ServiceChangeSummary
from domain.csv_cells import cell, dollars, told
from domain.personal_data import masked

ROWS: Final = "X-Throughline-Rows"
TRUNCATED: Final = "X-Throughline-Truncated"
MOST: Final = "X-Throughline-Most-Rows"
_BYTE_ORDER_MARK: Final = "\ufeff"
"""Without it a spreadsheet takes UTF-8 for something else."""

Columns = Mapping[str, Callable[[Any], Any]]


class ChangeLine:
    """One change with what its columns are made of. `bare`: personal fields are shown."""

    def __init__(self, row: ServiceChangeRow, *, bare: bool) -> None:
        self.row = row
        self.summary = ServiceChangeSummary(**mapping.summary_fields(row))
        self.details: Mapping[str, Any] = row.details if bare else masked(row.details)
        self.failure: Mapping[str, Any] = row.failure or {}


def _detail(name: str) -> Callable[[ChangeLine], str]:
    return lambda line: told(line.details.get(name))


CHANGE_COLUMNS: Final[Columns] = {
    "id": lambda line: line.row.id,
    "account_id": lambda line: line.row.account_id,
    "kind": lambda line: line.row.kind,
    "status": lambda line: line.row.status,
    "summary": lambda line: line.summary.summary,
    "internet_service": _detail("internet_service"),
    "service": _detail("service"),
    "contract": _detail("contract"),
    "payment_method": _detail("payment_method"),
    "billing_address": _detail("billing_address"),
    "requested_date": lambda line: line.row.requested_date,
    "submitted_by": lambda line: line.row.submitted_by,
    "submitted_at": lambda line: line.row.submitted_at,
    "updated_at": lambda line: line.row.updated_at,
    "ended_at": lambda line: line.row.ended_at,
    "due_at": lambda line: line.row.due_at,
    "waiting_on": lambda line: told([each.model_dump() for each in line.summary.waiting_on]),
    "next_action": lambda line: line.row.next_action,
    "price_before": lambda line: dollars(line.summary.recurring_before_minor),
    "price_after": lambda line: dollars(line.summary.recurring_after_minor),
    "price_difference": lambda line: dollars(line.row.price_difference_minor),
    "failure": lambda line: line.failure.get("cause"),
    "failure_reason": lambda line: line.failure.get("reason"),
    "note": lambda line: line.row.note,
    "correlation_id": lambda line: line.row.correlation_id,
}

AUDIT_COLUMNS: Final[Columns] = {
    "id": lambda row: row.id,
    "at": lambda row: row.at,
    "actor": lambda row: row.actor,
    "actor_kind": lambda row: row.actor_kind,
    "action": lambda row: row.action,
    "outcome": lambda row: row.outcome,
    "change_id": lambda row: row.change_id,
    "account_id": lambda row: row.account_id,
    "from_status": lambda row: row.from_status,
    "to_status": lambda row: row.to_status,
    "reason": lambda row: row.reason,
    "facts": lambda row: told(masked(row.facts)),
    "correlation_id": lambda row: row.correlation_id,
}


def audit_line(row: AuditEntryRow) -> AuditEntryRow:
    """An entry is its own line."""
    return row


async def as_csv(
    parts: AsyncIterator[Sequence[Any]], columns: Columns, line_of: Callable[[Any], Any]
) -> AsyncIterator[str]:
    """The file, some lines at a time."""
    yield _BYTE_ORDER_MARK + _lines([list(columns)])
    async for rows in parts:
        lines = (line_of(row) for row in rows)
        yield _lines([[cell(of(line)) for of in columns.values()] for line in lines])


def _lines(rows: Sequence[Sequence[str]]) -> str:
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def whole_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]], name: str) -> Response:
    """A short list as a download, all of it at once."""
    body = _BYTE_ORDER_MARK + _lines([list(columns), *([cell(v) for v in row] for row in rows)])
    return Response(
        body,
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.csv"',
            "Cache-Control": "no-store",
        },
    )


def csv_answer(
    body: AsyncIterator[str], name: str, export: Exported, most: int, at: datetime
) -> StreamingResponse:
    """The download; its headers say how many rows come and whether some are left out."""
    return StreamingResponse(
        body,
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}-{at:%Y-%m-%dT%H%MZ}.csv"',
            "Cache-Control": "no-store",
            ROWS: str(export.count),
            TRUNCATED: "true" if export.truncated else "false",
            MOST: str(most),
        },
    )
