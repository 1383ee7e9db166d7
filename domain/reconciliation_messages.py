"""What crosses the engine for reconciliation: ids, page numbers and paces. Nothing personal.

As in `messages.py`, a model may gain fields with defaults; none may lose or rename one. A vendor's
cursor stays on record: the number of a page finds it.
"""

from collections.abc import Mapping
from typing import Final

from domain.identifiers import System
from domain.messages import Message

VENDOR_RATE: Final = 10.0
"""Requests a second that a vendor grants unless a setting says otherwise."""

SHARE: Final = 0.25
"""The part of a vendor's rate that reconciliation takes at most; the rest is for changes."""


class ReadingPace(Message):
    """Requests a second each vendor grants, and the share of it that may be used."""

    rate: float = VENDOR_RATE
    share: float = SHARE
    rates: Mapping[System, float] = {}

    def rate_of(self, system: System) -> float:
        """Requests a second the system grants to all of ours."""
        return self.rates.get(system, self.rate)

    def seconds_between(self, system: System) -> float:
        """How long to wait from one page to the next; our own record needs no pause."""
        if system is System.THROUGHLINE:
            return 0.0
        return 1 / (self.rate_of(system) * self.share)


class ReconcileInput(Message):
    """Run a reconciliation, or go on with it.

    `places`: the next page of each system that is not read whole. `ended`: those that are, or
    that could not be, with why.
    """

    run_id: str
    pace: ReadingPace = ReadingPace()
    places: Mapping[System, int] = {}
    ended: Mapping[System, str] = {}
    most_pages: int = 400
    """After so many pages a further run goes on: each leaves five events in a history."""


class PageInput(Message):
    """Read one page of one system."""

    run_id: str
    system: System
    number: int


class PageResult(Message):
    """What came of it."""

    items: int
    last: bool


class CompareInput(Message):
    """Compare what was read; `failed` names systems that could not be read whole, and why."""

    run_id: str
    failed: Mapping[System, str] = {}


class CompareResult(Message):
    """How many differences stand, and how many of them are explained."""

    standing: int
    explained: int


class RepairInput(Message):
    """Bring the owner's value to the system that has another; at that system's pace."""

    difference_id: str
    system: System = System.THROUGHLINE


class RepairResult(Message):
    """What the difference has become."""

    state: str


class RepairFailure(Message):
    """A repair that could not be made, for the record."""

    difference_id: str
    words: str


class ReconciliationName:
    """The engine's names of workflows and of the schedule, written out once."""

    WORKFLOW = "ReconciliationWorkflow"
    NIGHTLY = "NightlyReconciliationWorkflow"
    REPAIR = "RepairDifferenceWorkflow"
    SCHEDULE = "reconciliation/nightly"


def reconciliation_workflow_id(run_id: str) -> str:
    """The id of the workflow that carries a run out."""
    return f"reconciliation/{run_id}"


def repair_workflow_id(difference_id: str) -> str:
    """The id of the workflow that repairs a difference."""
    return f"repair/{difference_id}"
