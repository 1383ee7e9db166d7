"""Saved views: filters of a page under a name, and alerts on what they hold. Rules only."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.announcements import Announcement
from domain.filters import ListPage
from domain.identifiers import RandomBytes
from domain.service_change import READS_EVERYTHING, Role

MAY_KEEP_VIEWS: Final = READS_EVERYTHING
MOST_VIEWS: Final = 200
"""Of one person, over all pages; whoever needs more looks for something and finds a list."""

ALERT_AT_MOST: Final = 10_000
"""A view is counted no further: whoever waits for more than that is not waiting."""

ADDRESS: Final[Mapping[ListPage, str]] = {
    ListPage.CHANGES: "find",
    ListPage.DEAD_LETTERS: "dead-letters",
    ListPage.AUDIT: "audit",
}
"""Where the console shows each page."""

_ID_BYTES: Final = 10


def new_view_id(random_bytes: RandomBytes) -> str:
    """A fresh id of a saved view."""
    return f"view_{base64.b32encode(random_bytes(_ID_BYTES)).decode().lower()}"


def may_edit(owner: str, *, caller: str, role: Role) -> bool:
    """Its owner, and administrators, who also mend what somebody left behind."""
    return caller == owner or role is Role.ADMIN


class AlertTurn(StrEnum):
    """What operations are told of an alert: that it began, and that it is over."""

    OPENED = "opened"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class ViewNotice:
    """What operations are told; names and counts, nothing of any change."""

    alert_id: str
    turn: AlertTurn
    view_id: str
    name: str
    page: ListPage
    held: int
    above: int

    @property
    def id(self) -> str:
        """Equal for the same turn of the same alert, so that a repeat can be recognised."""
        return f"{self.alert_id}:{self.turn}"

    @property
    def path(self) -> str:
        """Where the console shows the view."""
        return f"{ADDRESS[self.page]}?view={self.view_id}"

    @property
    def sentence(self) -> str:
        """What happened."""
        if self.turn is AlertTurn.RESOLVED:
            return f"“{self.name}” is back to {self.above:,} or fewer."
        return f"“{self.name}” holds more than {self.above:,}."

    @property
    def announcement(self) -> Announcement:
        """The same as mail and webhook carry it."""
        return Announcement(
            id=self.id,
            kind=f"view_alert.{self.turn}",
            sentence=self.sentence,
            path=self.path,
            facts={
                "view_id": self.view_id,
                "name": self.name,
                "page": self.page,
                "held": self.held,
                "above": self.above,
            },
        )
