"""One try of a read or an effect, from what is about to be done to what goes on record."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from activities.look_ups import Find
from activities.records import RecordTransaction
from domain.errors import (
    FailureCode,
    UnrecognisedPayloadError,
    VendorError,
    VendorThrottledError,
)
from domain.identifiers import System
from domain.records import Attempt, ChangeRecord, EffectIntent
from domain.steps import Step
from domain.vendor_values import EffectEvidence, VendorCall

_READS: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class AppliedEffect:
    """An effect that stands at a vendor."""

    key: str
    step: Step
    vendor_reference: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect ready to be carried out. `apply` does it, `find` looks whether it is done."""

    intent: EffectIntent
    apply: Callable[[VendorCall], Awaitable[EffectEvidence]]
    find: Find
    then: Callable[[RecordTransaction, EffectEvidence], Awaitable[None]] | None = None
    """What else is recorded, in the transaction that records the evidence."""


Prepare = Callable[[RecordTransaction, ChangeRecord], Awaitable[Effect]]


@dataclass(frozen=True, slots=True)
class Try:
    """One try under way."""

    change: ChangeRecord
    system: System
    step: str
    started_at: datetime
    call: VendorCall

    @property
    def has_written(self) -> bool:
        """Whether the vendor has carried out a part of it, by its own answers."""
        return any(
            each.method not in _READS and each.http_status is not None and each.http_status < 300  # noqa: PLR2004 - HTTP's own class of success
            for each in self.call.exchanges
        )

    def ended(
        self, at: datetime, error: VendorError | None = None, code: FailureCode | None = None
    ) -> Attempt:
        """The try as it goes on record; `code` is what a failure means, where that is more."""
        retry_at = (
            at + timedelta(seconds=error.retry_after)
            if isinstance(error, VendorThrottledError)
            else None
        )
        return Attempt(
            change_id=self.change.id,
            system=self.system,
            step=self.step,
            started_at=self.started_at,
            finished_at=at,
            effect_key=self.call.idempotency_key,
            code=code or (error.code if error else None),
            reason=error.reason if error else "",
            words=error.words if error else "",
            http_status=error.http_status if error else None,
            retry_at=retry_at,
            exchanges=self.call.exchanges,
            sighting=error.sighting if isinstance(error, UnrecognisedPayloadError) else None,
        )
