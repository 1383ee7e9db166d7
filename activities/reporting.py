"""Builds the morning report and has it mailed, each once a day."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from temporalio import activity

from domain.announcements import Announcement, Teller
from domain.errors import NoticeError
from domain.report_messages import ReportDay


class Reports(Protocol):
    """The kept reports. Each method is safe to repeat."""

    async def build(self) -> date:
        """Build the report that is due; the day. One that is kept stays as it is."""
        ...

    async def notice(self, day: date) -> tuple[Announcement, frozenset[str]]:
        """What there is to mail of a day, and the channels that have had it."""
        ...

    async def sent(self, day: date, channel: str, error: str | None) -> None:
        """Put on record that a channel has had it, or why not."""
        ...


class ReportActivities:
    """The morning report."""

    def __init__(self, reports: Reports, tellers: Sequence[Teller]) -> None:
        self._reports = reports
        self._tellers = tellers

    @activity.defn(name="build_morning_report")
    async def build_morning_report(self) -> ReportDay:
        """Build the report that is due, unless it is kept already. Safe to repeat."""
        return ReportDay(day=await self._reports.build())

    @activity.defn(name="send_morning_report")
    async def send_morning_report(self, report: ReportDay) -> None:
        """Deliver by every channel that has not had it. Safe to repeat.

        A crash between delivery and note sends it again under the same notice id. Raises
        NoticeError, after trying every channel, if one of them failed.
        """
        notice, delivered = await self._reports.notice(report.day)
        failed: list[str] = []
        for teller in self._tellers:
            if teller.channel in delivered:
                continue
            try:
                await teller.tell(notice)
            except NoticeError as error:
                failed.append(f"{teller.channel}: {error}")
                await self._reports.sent(report.day, teller.channel, str(error))
                continue
            await self._reports.sent(report.day, teller.channel, None)
        if failed:
            raise NoticeError("; ".join(failed))
