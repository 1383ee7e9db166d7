"""Looks at saved views now and then, and tells operations when one holds more than it should."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.tables_views import SavedViewRow, ViewAlertRow
from adapters.postgres.view_alerts import TOLD_FOR, alerting_views, look_at, notices_of, untold
from domain.announcements import Teller
from domain.errors import InvalidChangeError
from worker.telling import tell

_LOG = logging.getLogger(__name__)


class ViewAlerts:
    """Opens and resolves alerts, and has them told. Several may run side by side."""

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        announcers: Sequence[Teller],
        clock: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._announcers = announcers
        self._clock = clock

    async def look(self) -> None:
        """Look at every view once and tell what is untold. Safe to repeat; raises database errors.

        A crash between delivery and note tells it again under the same notice id.
        """
        async with self._sessions() as session:
            views = await alerting_views(session)
        for view_id in views:
            try:
                async with self._sessions.begin() as session:
                    await look_at(session, view_id, self._clock())
            except InvalidChangeError:
                _LOG.warning("a view's filters are not understood", extra={"view_id": view_id})
        async with self._sessions() as session:
            alerts = await untold(session)
        for alert_id in alerts:
            async with self._sessions.begin() as session:
                await self._tell(session, alert_id)

    async def _tell(self, session: AsyncSession, alert_id: str) -> None:
        """Tell it by every channel that has not had it; the row is locked meanwhile."""
        alert = await session.get(ViewAlertRow, alert_id, with_for_update={"skip_locked": True})
        if alert is None or alert.told:
            return
        view = await session.get_one(SavedViewRow, alert.view_id)
        now = self._clock()
        notices = notices_of(alert, view)
        wanted = {str(notice.turn): notice.announcement for notice in notices}
        await tell(self._announcers, wanted, alert, now)
        alert.told = not alert.undelivered or now - alert.opened_at > TOLD_FOR
