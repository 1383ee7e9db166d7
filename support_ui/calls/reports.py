"""The morning report of a day, as it was sent or as the record tells it."""

from datetime import date

from pydantic import TypeAdapter

from domain.contracts import Page
from domain.contracts_reports import MorningReportSummary, MorningReportView
from support_ui.calls.transport import Connection, Query, decode

_PATH = "/v1/reports/morning"
_REPORT = TypeAdapter(MorningReportView)
_DAYS = TypeAdapter(Page[MorningReportSummary])


class ReportCalls(Connection):
    """What the business reads at the start of the day."""

    def morning_report(self, day: date | None) -> MorningReportView:
        """The report of a day; of the latest that is due if none is named."""
        return self.get(_PATH, _REPORT, _of(day))

    def build_morning_report(self, day: date) -> MorningReportView:
        """Have it built and kept, or compared with what was kept; the same again is harmless."""
        return decode(self.send("POST", _PATH, params={"day": day.isoformat()}), _REPORT)

    def morning_report_file(self, day: date) -> bytes:
        """The report as a CSV file."""
        return self.send("GET", f"{_PATH}/export", params={"day": day.isoformat()}).content

    def report_days(self, limit: int) -> list[MorningReportSummary]:
        """The latest reports that were kept."""
        query: Query = {"limit": limit}
        return self.get(f"{_PATH}/days", _DAYS, query).items


def _of(day: date | None) -> Query:
    return {"day": day.isoformat() if day else None}
