"""Carries a schedule of faults out on a live stack, and counts what really happened."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import psutil

from crash_points import CrashPoint
from stack.errors import StackError
from tests.faults import database_troubles, webhooks
from tests.faults.catalogue import DatabaseTrouble, Family, Fault, WebhookTrick
from tests.faults.evidence import Kill
from tests.faults.people import People
from tests.faults.schedule import Planned, Schedule
from tests.faults.vendor_faults import VendorFaults
from tests.support.live import LiveStack

POLL_SECONDS: Final = 0.7
TRIES_SECONDS: Final = 15.0
"""So long a component that is just being restarted is waited for before it is killed."""

DIES_AT: Final[Mapping[CrashPoint, str]] = {
    CrashPoint.BEFORE_CALL: "worker",
    CrashPoint.AFTER_CALL_BEFORE_RECORD: "worker",
    CrashPoint.AFTER_RECORD_BEFORE_ACKNOWLEDGEMENT: "worker",
    CrashPoint.API_AFTER_COMMIT_BEFORE_ANSWER: "api",
    CrashPoint.RELAY_AFTER_START_BEFORE_COMMIT: "relay",
}
"""Whose process ends at each point."""


@dataclass(slots=True)
class Injector:
    """Faults of one run under way."""

    stack: LiveStack
    people: People
    vendors: VendorFaults
    kills: list[Kill] = field(default_factory=list)
    counted: dict[str, int] = field(default_factory=dict)
    """Hits by the fault's title, for families that are counted as they happen."""
    begun_ns: int = field(default_factory=time.time_ns)

    async def carry_out(self, schedule: Schedule) -> None:
        """Every fault at its time; returns when the last has been brought about."""
        polling = asyncio.create_task(self._keep_polling())
        try:
            async with asyncio.TaskGroup() as group:
                for planned in schedule.faults:
                    group.create_task(self._one(planned))
        finally:
            polling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await polling

    async def end(self) -> None:
        """No fault strikes any more; all counters are final."""
        self.stack.crash_points.disarm()
        await self._until_done(self.vendors.clear)
        for point, component in DIES_AT.items():
            for at in self._crashes(point):
                self.kills.append(Kill(datetime.fromtimestamp(at / 1e9, UTC), component))
        self.kills.sort(key=lambda kill: kill.at)

    def hits(self, fault: Fault) -> int:
        """How often a fault of the schedule has really happened."""
        if fault.family is Family.VENDOR:
            return self.vendors.hits(fault)
        if fault.family is Family.CRASH:
            return len(self._crashes(CrashPoint(fault.target)))
        return self.counted.get(fault.title, 0)

    def _crashes(self, point: CrashPoint) -> list[int]:
        return [at for at in self.stack.crash_points.hits(point) if at >= self.begun_ns]

    def _count(self, fault: Fault, hits: int) -> None:
        self.counted[fault.title] = self.counted.get(fault.title, 0) + hits

    async def _keep_polling(self) -> None:
        while True:
            await self.vendors.poll()
            await asyncio.sleep(POLL_SECONDS)

    async def _one(self, planned: Planned) -> None:
        await asyncio.sleep(planned.at)
        acts: Mapping[Family, Callable[[Fault], Awaitable[None]]] = {
            Family.KILL: self._kill,
            Family.STOP: self._stop,
            Family.CRASH: self._arm,
            Family.VENDOR: self._set,
            Family.WEBHOOK: self._deliver,
            Family.DATABASE: self._trouble,
        }
        await acts[planned.fault.family](planned.fault)

    async def _kill(self, fault: Fault) -> None:
        await self.vendors.poll()  # what a vendor has counted so far goes with it

        async def kill() -> None:
            process = await asyncio.to_thread(self.stack.process, fault.target)
            if process is None:
                raise StackError(f"{fault.target} is just being started")
            process.kill()
            with contextlib.suppress(psutil.NoSuchProcess):
                await asyncio.to_thread(process.wait, 10)

        await self._until_done(kill)
        self._count(fault, 1)
        self.kills.append(Kill(datetime.now(UTC), fault.target))

    async def _stop(self, fault: Fault) -> None:
        await self.vendors.poll()
        await asyncio.to_thread(self.stack.stop, fault.target)
        self._count(fault, 1)
        self.kills.append(Kill(datetime.now(UTC), fault.target))
        await asyncio.sleep(fault.value("seconds", 1.0))
        await asyncio.to_thread(self.stack.start, fault.target)

    async def _arm(self, fault: Fault) -> None:
        self.stack.crash_points.arm(CrashPoint(fault.target))

    async def _set(self, fault: Fault) -> None:
        async def set_it() -> None:
            if not await self.vendors.set(fault):
                raise StackError(f"{fault.target} is away")

        await self._until_done(set_it)

    async def _deliver(self, fault: Fault) -> None:
        hits = await webhooks.play(WebhookTrick(fault.target), self.stack, self.people)
        self._count(fault, hits)

    async def _trouble(self, fault: Fault) -> None:
        def last() -> int:
            with database_troubles.trouble(self.stack, DatabaseTrouble(fault.target)) as seen:
                time.sleep(fault.value("seconds", 5.0))
                return seen

        self._count(fault, await asyncio.to_thread(last))

    async def _until_done(self, act: Callable[[], Awaitable[None]]) -> None:
        """Do it; what is being restarted just now is waited for."""
        until = time.monotonic() + TRIES_SECONDS
        while True:
            try:
                await act()
            except Exception:
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(POLL_SECONDS / 2)
            else:
                return
