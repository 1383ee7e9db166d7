"""What activities read from and write to the record of reconciliation, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain.identifiers import EffectKey, System
from domain.reconciliation import Observation, compared
from domain.reconciliation_messages import PageResult
from domain.service_change import EffectStatus
from domain.steps import Step

PAUSE_SCOPE: Final = "reconciliation"
"""What a pause of reconciliation alone is called."""


@dataclass(frozen=True, slots=True)
class ReadingPlace:
    """Where a page begins. `read`: it was read before, and this is what came of it."""

    correlation_id: str
    account_id: str | None = None
    cursor: str | None = None
    read: PageResult | None = None


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page as it was read: so many things, of which these observations are compared."""

    observations: Sequence[Observation]
    next_cursor: str | None
    items: int
    calls: int
    read_at: datetime
    duration_ms: int


@dataclass(frozen=True, slots=True)
class RepairWork:
    """A repair that was decided: what the two systems said then, and how far it has come.

    `tries` were begun before; `in_doubt`, of so many nobody knows what became.
    """

    difference_id: str
    account_id: str
    field: str
    subject: str
    system: System
    owner_value: str
    value: str
    correlation_id: str
    group: int = 1
    tries: int = 0
    in_doubt: int = 0

    @property
    def owner(self) -> System:
        """Whose value is brought."""
        return compared(self.field, self.system).owner

    @property
    def step(self) -> str:
        """What is done, by the name of the step it is like."""
        return str(Step.POST_BILLING_CHANGE) if self.system is System.BILLING else "take_over"

    @property
    def key(self) -> str:
        """The idempotency key; another decision about the same difference has another."""
        return str(EffectKey(self.difference_id, self.step, 0, self.group))


@dataclass(frozen=True, slots=True)
class RepairTry:
    """What came of one try of a repair, with what was said both ways."""

    status: EffectStatus
    in_doubt: bool = False
    reference: str | None = None
    facts: Mapping[str, Any] | None = None
    words: str = ""
