"""Failures a test plans for a fake: before the effect, or after it. No vendor behaviour."""

from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager

from domain.errors import VendorError


class PlannedFailures:
    """Errors to raise on the next calls of a port method, in the order they were planned.

    A failure planned `after` leaves the effect in place: that is what a lost answer is.
    """

    def __init__(self) -> None:
        self._before: defaultdict[str, deque[VendorError]] = defaultdict(deque)
        self._after: defaultdict[str, deque[VendorError]] = defaultdict(deque)
        self._lasting: dict[str, VendorError] = {}

    def plan_before(self, method: str, *errors: VendorError) -> None:
        """Have the next calls of `method` fail with nothing done."""
        self._before[method].extend(errors)

    def plan_after(self, method: str, *errors: VendorError) -> None:
        """Have the next calls of `method` fail although the effect stands."""
        self._after[method].extend(errors)

    @contextmanager
    def lasting(self, method: str, error: VendorError) -> Iterator[None]:
        """Have every call of `method` fail with nothing done, for the length of the block.

        Unlike a planned number of failures it holds however often the engine repeats a try.
        """
        self._lasting[method] = error
        try:
            yield
        finally:
            del self._lasting[method]

    def raise_before(self, method: str) -> None:
        """Called by a fake as it enters `method`."""
        if method in self._lasting:
            raise self._lasting[method]
        self._raise_next(self._before[method])

    def raise_after(self, method: str) -> None:
        """Called by a fake once the effect of `method` stands."""
        self._raise_next(self._after[method])

    @staticmethod
    def _raise_next(planned: deque[VendorError]) -> None:
        if planned:
            raise planned.popleft()
