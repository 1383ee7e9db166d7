"""A channel to operations that keeps what it was given."""

from domain.announcements import Announcement
from domain.errors import NoticeError
from domain.records import OperationsNotice


class Mailbox:
    """A channel to operations that keeps what it was given."""

    channel = "mailbox"

    def __init__(self) -> None:
        self.notices: list[OperationsNotice] = []
        self.told: list[Announcement] = []
        self.broken = False

    async def announce(self, notice: OperationsNotice) -> None:
        """Keep it, or fail as a mail server would."""
        if self.broken:
            raise NoticeError("the mail server does not answer")
        self.notices.append(notice)

    async def tell(self, told: Announcement) -> None:
        """The same about something that is not one change."""
        if self.broken:
            raise NoticeError("the mail server does not answer")
        self.told.append(told)

    async def kinds(self) -> list[str]:
        """What came, in order."""
        return [notice.kind for notice in self.notices]
