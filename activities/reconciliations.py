"""What reconciliation needs of our record. Ports only; each call is one transaction."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from domain.reconciliation_decisions import DifferenceState
from domain.reconciliation_messages import CompareInput, CompareResult, PageInput, PageResult
from domain.reconciling import ReadingPlace, ReadPage, RepairTry, RepairWork
from domain.vendor_values import Exchange


class Reconciliations(Protocol):
    """Runs on record. Everything is safe to repeat."""

    async def begin_nightly(self) -> str | None:
        """Put a run over all accounts on record and have it started; None if one is under way."""
        ...

    async def place(self, page: PageInput) -> ReadingPlace:
        """Where the page begins, or what came of it. Raises KeyError for an unknown run."""
        ...

    async def keep_page(self, page: PageInput, read: ReadPage) -> PageResult:
        """Keep a page of a vendor's."""
        ...

    async def keep_own_page(self, page: PageInput) -> PageResult:
        """Read and keep a page of what our own record expects."""
        ...

    async def compare(self, what: CompareInput) -> CompareResult:
        """Compare all that was read, keep the differences and end the run."""
        ...


class Repairs(Protocol):
    """Repairs of differences on record. Everything is safe to repeat."""

    async def work(self, difference_id: str) -> RepairWork | None:
        """What was decided; None if there is nothing to repair any more."""
        ...

    async def intend(self, work: RepairWork, payload: Mapping[str, Any]) -> None:
        """Write the effect before the call, or count a further try of it."""
        ...

    async def close(
        self, work: RepairWork, came: RepairTry, exchanges: Sequence[Exchange]
    ) -> DifferenceState:
        """Complete the effect after the call; where it stands, the difference is repaired."""
        ...

    async def give_back(self, difference_id: str, why: str, *, agrees: bool) -> DifferenceState:
        """Nothing is written: the two agree again, or a person has to look at it once more."""
        ...
