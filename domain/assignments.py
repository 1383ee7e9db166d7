"""Whose work something is, and until when it is put off. Rules only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

PUT_OFF_AT_MOST: Final = timedelta(days=30)
"""What nobody means to look at for longer is to be ended, not put off."""


class SubjectKind(StrEnum):
    """What may be somebody's work."""

    CHANGE = "change"
    CAUSE = "cause"


@dataclass(frozen=True, slots=True)
class Subject:
    """A change by its id, or a cause by its fingerprint."""

    kind: SubjectKind
    id: str

    def __str__(self) -> str:
        """As it stands in addresses and rows; `subject_of` is the inverse."""
        return f"{self.kind}:{self.id}"


def subject_of(name: str) -> Subject | None:
    """The subject of that name, if it is one."""
    kind, _, id_ = name.partition(":")
    return Subject(SubjectKind(kind), id_) if kind in set(SubjectKind) and id_ else None


def is_put_off(
    follow_up_at: datetime | None, set_at: datetime, latest: datetime | None, now: datetime
) -> bool:
    """Whether nobody has to look now. `latest`: when it last came up; what is new ends it."""
    if follow_up_at is None or follow_up_at <= now:
        return False
    return latest is None or latest <= set_at
