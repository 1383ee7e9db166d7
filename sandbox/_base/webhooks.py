"""Sends events to one receiver, signed, again and again until it takes them. Decides no content."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import urllib3
from standardwebhooks.webhooks import Webhook

from sandbox._base import events
from sandbox._base.deliveries import DeliveryBoard
from sandbox._base.events import Delivery
from sandbox._base.store import Clock, Store

_log = logging.getLogger(__name__)

RETRY_DELAYS = (1, 2, 5, 15, 30, 60, 300, 900, 3600, 21600, 86400)
"""Seconds between attempts, about 32 hours in all. Svix, Stripe and others retry for one to three
days; the first steps are shorter so that a restarted receiver is served quickly."""

_TIMEOUT = urllib3.Timeout(connect=2.0, read=5.0)
_GONE = 410  # Standard Webhooks: the receiver wants no more of these
_LONGEST_WAIT = 3600.0  # a receiver's Retry-After is heeded up to here
_IDLE = 60.0


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where events go, and the `whsec_…` secret they are signed with."""

    url: str
    secret: str


class WebhookSender:
    """One background task; the queue is the `events` table, so a restart loses nothing."""

    def __init__(
        self, store: Store, receiver: Receiver, clock: Clock, board: DeliveryBoard
    ) -> None:
        self._store = store
        self._receiver = receiver
        self._signer = Webhook(receiver.secret)
        self._clock = clock
        self._board = board
        self._http = urllib3.PoolManager(retries=False, timeout=_TIMEOUT)
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """There may be something to send. Cheap; call it after a transaction that emitted."""
        self._wake.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send in the background until the block ends."""
        task = asyncio.create_task(self._run(), name="webhook-sender")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            plan = self._board.plan
            now = self._clock().timestamp()
            due = events.next_due(self._store.read_now(), now, newest_first=plan.newest_first)
            wait = _IDLE if due is None else due[0] - now
            if plan.paused:
                due, wait = None, _IDLE
            if due is not None and wait <= 0:
                await self._attempt(due[1])
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), min(wait, _IDLE))

    async def _attempt(self, delivery: Delivery) -> None:
        first = delivery.attempts == 0
        if first and self._board.withholds():
            with self._store.write() as db:
                events.failed(db, delivery, "withheld", None)
            return
        if first and self._board.repeats():
            await asyncio.to_thread(self._post, delivery)
        answer, status, retry_after = await asyncio.to_thread(self._post, delivery)
        now = self._clock()
        if status is not None and status // 100 == 2:  # noqa: PLR2004 - 2xx is success
            with self._store.write() as db:
                events.delivered(db, delivery, answer, now)
            return
        _log.warning(
            "webhook not taken",
            extra={"event_id": delivery.event_id, "attempt": delivery.attempts + 1, "why": answer},
        )
        with self._store.write() as db:
            events.failed(db, delivery, answer, _next(delivery, status, retry_after, now))

    def _post(self, delivery: Delivery) -> tuple[str, int | None, float]:
        """One attempt: what to note, the status if there was one, and seconds to wait at least."""
        at = self._clock().astimezone(UTC)
        try:
            answer = self._http.request(
                "POST",
                self._receiver.url,
                body=delivery.body.encode(),
                redirect=False,
                headers={
                    "content-type": "application/json",
                    "webhook-id": delivery.event_id,
                    "webhook-timestamp": str(int(at.timestamp())),
                    "webhook-signature": self._signer.sign(delivery.event_id, at, delivery.body),
                },
            )
        except urllib3.exceptions.HTTPError as error:
            return type(error).__name__, None, 0.0
        retry_after = answer.headers.get("retry-after", "")
        wait = float(retry_after) if retry_after.isdecimal() else 0.0
        return f"HTTP {answer.status}", answer.status, min(wait, _LONGEST_WAIT)


def _next(delivery: Delivery, status: int | None, at_least: float, now: datetime) -> float | None:
    if status == _GONE or delivery.attempts >= len(RETRY_DELAYS):
        return None
    return now.timestamp() + max(RETRY_DELAYS[delivery.attempts], at_least)
