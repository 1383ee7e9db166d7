"""Which calls came in and what each was told: the vendor's own witness of how it is called.

In memory, the latest ones only: a restart begins anew, as with faults.
"""

import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

KEPT: Final = 200_000


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One call. `status` is None where the connection ended without an answer."""

    call_id: int
    at: str
    method: str
    path: str
    status: int | None
    retry_after: str | None
    fault: str | None
    correlation_id: str | None


class CallLog:
    """The calls since the start of the process, in the order in which they ended.

    `at` is when a call came in, `retry_after` what its answer asked for.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.log_id = uuid4().hex
        """Another one after a restart, when counting begins anew."""
        self._calls: deque[LoggedCall] = deque(maxlen=KEPT)
        self._ids = itertools.count(1)

    def add(
        self,
        *,
        at: datetime,
        method: str,
        path: str,
        status: int | None,
        retry_after: str | None,
        fault: str | None,
        correlation_id: str | None,
    ) -> None:
        """Note a call that has ended."""
        self._calls.append(
            LoggedCall(
                next(self._ids),
                at.isoformat(),
                method,
                path,
                status,
                retry_after,
                fault,
                correlation_id,
            )
        )

    def page(self, after: int, limit: int) -> list[dict[str, Any]]:
        """Calls from the one after `after` on, oldest first."""
        first = self._calls[0].call_id if self._calls else 1
        start = max(0, after + 1 - first)
        return [asdict(call) for call in itertools.islice(self._calls, start, start + limit)]
