"""Operations are told by every channel, once each, whatever one of them does."""

import pytest

from activities.notification import NotificationActivities
from domain.errors import NoticeError
from domain.messages import NoticeKind, NotifyInput
from domain.records import OperationsNotice
from tests.support.factories import CHANGE, change
from tests.support.memory_records import MemoryRecords

NOTIFY = NotifyInput(change_id=CHANGE, kind=NoticeKind.NEEDS_ATTENTION, sequence=2)
NOTICE = f"{CHANGE}:needs_attention:2"


class Channel:
    """A way to operations that can be cut."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.cut = False
        self.delivered: list[str] = []

    async def announce(self, notice: OperationsNotice) -> None:
        """Deliver, unless cut."""
        if self.cut:
            raise NoticeError("no answer")
        self.delivered.append(notice.id)


@pytest.fixture
def records() -> MemoryRecords:
    return MemoryRecords(change())


async def test_a_notice_goes_out_by_every_channel_under_one_id(records: MemoryRecords) -> None:
    mail, webhook = Channel("mail"), Channel("webhook")

    await NotificationActivities(records, [mail, webhook]).notify_operations(NOTIFY)

    assert mail.delivered == webhook.delivered == [NOTICE]
    assert records.memory.notices == {NOTICE: {"mail", "webhook"}}


async def test_a_cut_channel_keeps_no_other_from_being_used_and_is_tried_again_alone(
    records: MemoryRecords,
) -> None:
    mail, webhook = Channel("mail"), Channel("webhook")
    notification = NotificationActivities(records, [mail, webhook])
    mail.cut = True

    with pytest.raises(NoticeError, match="mail: no answer"):
        await notification.notify_operations(NOTIFY)
    assert records.memory.undelivered == {(NOTICE, "mail"): "no answer"}
    mail.cut = False
    await notification.notify_operations(NOTIFY)
    assert records.memory.undelivered == {}

    assert mail.delivered == webhook.delivered == [NOTICE]


async def test_without_a_channel_the_queue_still_holds_the_notice(records: MemoryRecords) -> None:
    await NotificationActivities(records, []).notify_operations(NOTIFY)

    assert records.memory.notices == {NOTICE: set()}
