"""The one way in which operations are told of what is not one change: every channel, once each."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from domain.announcements import Announcement, Teller
from domain.errors import NoticeError


class Delivery(Protocol):
    """What has been told by which channel, and what could not be; as a row keeps it."""

    delivered: Any
    undelivered: Any


async def tell(
    tellers: Sequence[Teller],
    wanted: Mapping[str, Announcement],
    row: Delivery,
    now: datetime,
) -> None:
    """Tell what is wanted, by its key, over every channel that has not had it, and note it.

    `row` is to be locked meanwhile. A crash before the note is committed tells it again under the
    same id.
    """
    for name, told in wanted.items():
        for teller in tellers:
            key = f"{name}:{teller.channel}"
            if key in row.delivered:
                continue
            try:
                await teller.tell(told)
            except NoticeError as error:
                tried = {"at": now.isoformat(), "why": str(error)}
                row.undelivered = row.undelivered | {key: tried}
                continue
            row.delivered = row.delivered | {key: now.isoformat()}
            row.undelivered = {k: v for k, v in row.undelivered.items() if k != key}
