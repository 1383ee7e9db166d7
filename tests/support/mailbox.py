"""A channel to operations that keeps what it was given."""

from domain.errors import NoticeError
from domain.morning_report import ReportNotice
from domain.records import OperationsNotice


class Mailbox:
    """A channel to operations that keeps what it was given."""

    channel = "mailbox"

    def __init__(self) -> None:
        self.notices: list[OperationsNotice] = []
        self.reports: list[ReportNotice] = []
        self.broken = False

    async def announce(self, notice: OperationsNotice) -> None:
        """Keep it, or fail as a mail server would."""
        if self.broken:
            raise NoticeError("the mail server does not answer")
        self.notices.append(notice)

    async def announce_report(self, notice: ReportNotice) -> None:
        """The same about the morning report."""
        if self.broken:
            raise NoticeError("the mail server does not answer")
        self.reports.append(notice)

    async def kinds(self) -> list[str]:
        """What came, in order."""
        return [notice.kind for notice in self.notices]
