"""Has every activity show that its worker lives, and sees calls under way to their end."""

import asyncio
from typing import Any, Final

from temporalio import activity
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
)

EVERY_SECONDS: Final = 1.5
"""Well below the heartbeat time-out of `workflows/policies.py`, so that two may be lost."""


class Heartbeats(Interceptor):
    """An activity that lasts longer than a moment beats until it ends.

    By its beats it would also hear that it was cancelled, and break off in the middle of a vendor
    call with nothing on record. It is seen to its end instead: the evidence is written, and the
    engine, which asked for no more, retries no further. Only a worker that has to end breaks off.
    """

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the engine's own name
        """Put beats around what is next."""
        return _Beating(next)


class _Beating(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002, ANN401 - the engine's own signature
        work = asyncio.ensure_future(self.next.execute_activity(input))
        while not work.done():
            try:
                await asyncio.wait({work}, timeout=EVERY_SECONDS)
            except asyncio.CancelledError:
                if activity.is_worker_shutdown():
                    work.cancel()
            if not work.done():
                activity.heartbeat()
        return work.result()
