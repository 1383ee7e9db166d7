"""What operations are told by mail and webhook of something that is not one change. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Announcement:
    """One message; names and numbers, nothing of any change or person.

    `id` is equal for a repeat of the same message. `path` is where the console shows more.
    """

    id: str
    kind: str
    sentence: str
    path: str
    lines: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


class Teller(Protocol):
    """One way to tell operations."""

    channel: str

    async def tell(self, told: Announcement) -> None:
        """Deliver once; its id lets the receiver recognise a repeat. Raises NoticeError."""
        ...
