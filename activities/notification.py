"""Tells operations by every channel configured. The queue in our record is always one."""

from collections.abc import Sequence

from temporalio import activity

from activities.records import Announcer, Records
from domain.errors import NoticeError
from domain.messages import NotifyInput
from domain.notices import notice_for


class NotificationActivities:
    """Mail and webhook to operations."""

    def __init__(self, records: Records, announcers: Sequence[Announcer]) -> None:
        self._records = records
        self._announcers = announcers

    @activity.defn(name="notify_operations")
    async def notify_operations(self, notify: NotifyInput) -> None:
        """Deliver one notice by every channel that has not had it. Safe to repeat.

        A crash between delivery and note sends it again under the same notice id.
        Raises NoticeError, after trying every channel, if one of them failed: that is on record by
        then, should this be the last try.
        """
        async with self._records.begin() as record:
            change = await record.load(notify.change_id)
            notice = notice_for(change, notify.kind, notify.sequence, None)
            delivered = await record.queue_notice(notice)
        failed: list[str] = []
        for announcer in self._announcers:
            if announcer.channel in delivered:
                continue
            try:
                await announcer.announce(notice)
            except NoticeError as error:
                failed.append(f"{announcer.channel}: {error}")
                async with self._records.begin() as record:
                    await record.mark_undelivered(notice, announcer.channel, str(error))
                continue
            async with self._records.begin() as record:
                await record.mark_delivered(notice, announcer.channel)
        if failed:
            raise NoticeError("; ".join(failed))
