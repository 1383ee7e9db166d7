"""Morning reports of the stub API; for staff, as the real one. Without changes, a quiet day."""

from collections.abc import Callable
from datetime import date
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response

from domain.contracts import Page
from domain.contracts_reports import MorningReportSummary, MorningReportView
from tests.ui import samples_reports as samples
from tests.ui.stub_problems import ProblemError, problem


def add_routes(app: FastAPI, staff: Callable[[Request], Any], asked: Callable[..., Any]) -> None:
    """`asked` makes the note of a request that changes something."""

    def told(request: Request, day: date | None) -> MorningReportView:
        found = staff(request)
        if day is not None and day > samples.DAY:
            raise ProblemError(
                problem(404, "report_not_due", "The report is not due yet",
                        f"The report of {day} is not due yet.", "Ask again after the time named.")
            )  # fmt: skip
        report = samples.FULL if found.changes else samples.QUIET
        kept = bool(found.changes) or any(each.path.endswith("morning") for each in found.asked)
        return samples.view(report, day or samples.DAY, kept=kept)

    @app.get("/v1/reports/morning")
    def read(request: Request, day: date | None = None) -> MorningReportView:
        return told(request, day)

    @app.post("/v1/reports/morning")
    def build(request: Request, day: date) -> MorningReportView:
        found = staff(request)
        found.asked.append(asked(request.url.path, None, {"day": day.isoformat()}))
        return told(request, day).model_copy(update={"equal": not found.unsettled})

    @app.get("/v1/reports/morning/days")
    def days(request: Request) -> Page[MorningReportSummary]:
        return Page(items=samples.DAYS if staff(request).changes else [])

    @app.get("/v1/reports/morning/export")
    def export(request: Request, day: date) -> Response:
        staff(request)
        return Response(f"section,what\nreport,{day}\n", media_type="text/csv")
