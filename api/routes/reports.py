"""The morning report: as it was sent, as the record tells it now, as a file, and built by hand."""

from collections.abc import Sequence
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Response

from adapters.postgres.morning_reports import keep, list_reports, stretch_of, tell
from adapters.postgres.tables_reports import MorningReportRow
from api.csv_answers import whole_csv
from api.dependencies import Caller, CorrelationId, Parts, Principal, System_, require_role
from api.errors import ApiError
from api.refusals import require_role_on_record
from api.routes.service_changes import Limit
from domain.contracts import Page
from domain.contracts_reports import MorningReport, MorningReportSummary, MorningReportView
from domain.morning_report import MAY_BUILD, canonical, hash_of
from domain.report_lines import COLUMNS, lines
from domain.service_change import READS_EVERYTHING

router = APIRouter(prefix="/v1/reports/morning", tags=["reports"])

_CSV: Final = "text/csv"
_BUILD: Final = "build_morning_report"
Day = Annotated[
    date | None, Query(description="The day; the latest whose report is due if nothing is said.")
]
_OR_CSV: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {_CSV: {"schema": {"type": "string"}}}}
}


@router.get("", response_model=MorningReportView, responses=_OR_CSV)
async def read_morning_report(
    caller: Caller,
    parts: System_,
    day: Day = None,
    compare: Annotated[
        bool, Query(description="Also tell it from the record, and say whether that is equal.")
    ] = False,
    accept: Annotated[str, Header()] = "",
) -> MorningReportView | Response:
    """What the business reads at the start of the day: exceptions first, then how changes stand.

    The report that was kept; a day that has none is told from the record as of its cut. Active are
    changes that were approved and of which every effect was applied, nothing else. A report is not
    complete while an input is missing, and names it. As CSV where `Accept` asks for it. For staff.
    """
    require_role(caller, *READS_EVERYTHING)
    view = await _read(parts, caller, _due(parts, day), compare=compare)
    return _file(view) if accept.startswith(_CSV) else view


@router.get("/export", response_class=Response, responses=_OR_CSV)
async def export_morning_report(caller: Caller, parts: System_, day: Day = None) -> Response:
    """The same report as a CSV file; text that a spreadsheet would run is guarded. For staff."""
    require_role(caller, *READS_EVERYTHING)
    return _file(await _read(parts, caller, _due(parts, day)))


@router.get("/days")
async def read_report_days(
    caller: Caller, parts: System_, cursor: str | None = None, limit: Limit = 50
) -> Page[MorningReportSummary]:
    """The reports that were kept, the latest day first. For staff."""
    require_role(caller, *READS_EVERYTHING)
    async with parts.sessions() as session:
        return await list_reports(session, cursor=cursor, limit=limit)


@router.post("", responses={HTTPStatus.CREATED: {"model": MorningReportView}})
async def build_morning_report(
    caller: Caller,
    parts: System_,
    correlation_id: CorrelationId,
    response: Response,
    day: Day = None,
) -> MorningReportView:
    """Build a day's report and keep it: 201. One that is kept stays: 200, and whether it is equal.

    Safe to repeat. It is not sent by this; the schedule sends each day's once. For staff.
    """
    await require_role_on_record(parts, caller, MAY_BUILD, _BUILD, correlation_id)
    wanted = _due(parts, day)
    async with parts.sessions() as session:
        before = await session.get(MorningReportRow, wanted)
    async with parts.sessions() as session:
        stretch = stretch_of(before) if before else parts.report_when.stretch(wanted)
        report = await tell(session, stretch)
    async with parts.sessions.begin() as session:
        row, equal = await keep(
            session,
            report,
            actor=caller.name,
            actor_kind="person",
            correlation_id=correlation_id,
            at=parts.clock(),
        )
        view = _kept(row, caller, equal=equal)
    response.status_code = HTTPStatus.OK if before else HTTPStatus.CREATED
    return view


def _due(parts: Parts, day: date | None) -> date:
    latest = parts.report_when.due(parts.clock())
    if day is not None and day > latest:
        raise ApiError(
            "report_not_due",
            f"The report of {day} is not due yet; the latest is that of {latest}. "
            f"It is due two minutes after {parts.report_when.at:%H:%M} "
            f"in {parts.report_when.zone}.",
        )
    return day or latest


async def _read(
    parts: Parts, caller: Principal, day: date, *, compare: bool = False
) -> MorningReportView:
    async with parts.sessions() as session:
        row = await session.get(MorningReportRow, day)
    if row is not None and not compare:
        return _kept(row, caller, equal=None)
    async with parts.sessions() as session:
        stretch = stretch_of(row) if row else parts.report_when.stretch(day)
        report = await tell(session, stretch)
    body = canonical(report)
    if row is not None:
        return _kept(row, caller, equal=row.body == body)
    return MorningReportView(
        day=day,
        kept=False,
        built_at=None,
        built_by=None,
        told={},
        sha256=hash_of(body),
        equal=None,
        may_build=caller.role in MAY_BUILD,
        report=report,
    )


def _kept(row: MorningReportRow, caller: Principal, *, equal: bool | None) -> MorningReportView:
    return MorningReportView(
        day=row.day,
        kept=True,
        built_at=row.built_at,
        built_by=row.built_by,
        told=row.delivered,
        sha256=row.sha256,
        equal=equal,
        may_build=caller.role in MAY_BUILD,
        report=MorningReport.model_validate_json(row.body),
    )


def _file(view: MorningReportView) -> Response:
    rows: Sequence[Sequence[Any]] = lines(view.report)
    return whole_csv(COLUMNS, rows, f"morning-report-{view.day.isoformat()}")
