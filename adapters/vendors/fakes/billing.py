"""Billing in memory: standings by account, lines by our key."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from adapters.vendors.fakes.failures import PlannedFailures
from adapters.vendors.fakes.pages import page_of
from domain.catalogue import PRICE_MINOR, PaymentMethod, Product
from domain.errors import VendorRejectedError
from domain.identifiers import System
from domain.listings import BilledAccount, Listing
from domain.steps import Step
from domain.vendor_values import (
    BillingPosting,
    BillingStanding,
    EffectEvidence,
    EventPage,
    PublishedEvent,
    Standing,
    VendorCall,
)
from domain.verdicts import Repeatability


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class FakeLine:
    """An invoice line; `reverses` is the reference of the one it undoes."""

    reference: str
    key: str | None
    posting: BillingPosting
    amount_minor: int
    recurring_before_minor: int
    recurring_after_minor: int
    reverses: str | None = None


class FakeBilling:
    """Satisfies `activities.ports.Billing`.

    Tests read `standings`, `lines` and `events`; a payment is a test's own assignment to
    `standings`. `charged` and `methods` are what stood before the first line.
    """

    def __init__(
        self, standings: Iterable[BillingStanding], clock: Callable[[], datetime] = _utc_now
    ) -> None:
        self.failures = PlannedFailures()
        self.repeatability: Mapping[Step, Repeatability] = dict.fromkeys(
            (Step.POST_BILLING_CHANGE, Step.REVERSE_BILLING_CHANGE), Repeatability.LOOK_UP
        )
        self.standings = {standing.account_id: standing for standing in standings}
        self.charged: dict[str, frozenset[Product]] = {}
        self.methods: dict[str, PaymentMethod] = {}
        self.lines: dict[str, FakeLine] = {}
        self.events: list[PublishedEvent] = []
        self._clock = clock

    async def read_standing(self, call: VendorCall, account_id: str) -> BillingStanding | None:
        """See the port."""
        del call
        self.failures.raise_before("read_standing")
        return self.standings.get(account_id)

    async def list_accounts(
        self,
        call: VendorCall,
        *,
        cursor: str | None = None,
        limit: int = 500,
        account_id: str | None = None,
    ) -> Listing[BilledAccount]:
        """See the port."""
        del call
        self.failures.raise_before("list_accounts")
        found = [
            self._billed(standing)
            for id_, standing in sorted(self.standings.items())
            if account_id is None or id_ == account_id
        ]
        return page_of(found, cursor, limit)

    async def list_events(
        self, call: VendorCall, *, after: str | None, limit: int
    ) -> EventPage | None:
        """See the port."""
        del call
        self.failures.raise_before("list_events")
        ids = [event.id for event in self.events]
        if after is not None and after not in ids:
            return None
        rest = self.events[ids.index(after) + 1 if after is not None else 0 :]
        return EventPage(tuple(rest[:limit]), more=len(rest) > limit)

    def tell(self, type_: str, data: Mapping[str, Any]) -> PublishedEvent:
        """Publish an event, as billing does with everything it does."""
        number, now = len(self.events) + 1, self._clock()
        told = {"id": f"evt_{number}", "type": type_, "created": int(now.timestamp()), "data": data}
        event = PublishedEvent(f"evt_{number}", now, told)
        self.events.append(event)
        return event

    async def post_change(self, call: VendorCall, posting: BillingPosting) -> EffectEvidence:
        """See the port."""
        self.failures.raise_before("post_change")
        line = self._under(call)
        if line is None:
            self._refuse_unless_postable(posting)
            amount = sum(each.quantity * each.amount_minor for each in posting.lines)
            line = self._write(call, posting, amount)
            self.failures.raise_after("post_change")
        return _evidence(line)

    async def find_posting(self, call: VendorCall) -> EffectEvidence | None:
        """See the port."""
        self.failures.raise_before("find_posting")
        line = self._under(call)
        return _evidence(line) if line else None

    async def reverse_posting(
        self, call: VendorCall, posting_reference: str, reason: str
    ) -> EffectEvidence:
        """See the port."""
        del reason
        self.failures.raise_before("reverse_posting")
        reversal = self._reversal_of(posting_reference)
        if reversal is None:
            line = self.lines.get(posting_reference)
            if line is None:
                raise VendorRejectedError(
                    System.BILLING,
                    f"No such price change: {posting_reference}.",
                    reason="resource_missing",
                )
            reversal = self._write(call, line.posting, -line.amount_minor, posting_reference)
            self.failures.raise_after("reverse_posting")
        return _evidence(reversal)

    async def find_reversal(
        self, call: VendorCall, posting_reference: str
    ) -> EffectEvidence | None:
        """See the port."""
        del call
        self.failures.raise_before("find_reversal")
        reversal = self._reversal_of(posting_reference)
        return _evidence(reversal) if reversal else None

    def _billed(self, standing: BillingStanding) -> BilledAccount:
        """The account with what its lines gave, took and set since the beginning."""
        charged = Counter(self.charged.get(standing.account_id, ()))
        method, address = self.methods.get(standing.account_id), None
        for line in self.lines.values():
            if line.posting.account_id != standing.account_id:
                continue
            for each in line.posting.lines:
                charged[each.product] += -each.quantity if line.reverses else each.quantity
            if line.reverses is None and not self._reversal_of(line.reference):
                method = line.posting.payment_method or method
                address = line.posting.billing_address or address
        return BilledAccount(
            account_id=standing.account_id,
            standing=standing.standing,
            recurring_minor=standing.recurring_minor,
            currency=standing.currency,
            products=frozenset(product for product, count in charged.items() if count > 0),
            payment_method=method,
            billing_address=address,
        )

    def _under(self, call: VendorCall) -> FakeLine | None:
        posted = (line for line in self.lines.values() if line.reverses is None)
        return next((line for line in posted if line.key == call.idempotency_key), None)

    def _reversal_of(self, reference: str) -> FakeLine | None:
        return next((line for line in self.lines.values() if line.reverses == reference), None)

    def _write(
        self,
        call: VendorCall,
        posting: BillingPosting,
        amount_minor: int,
        reverses: str | None = None,
    ) -> FakeLine:
        standing = self.standings[posting.account_id]
        after = standing.recurring_minor + amount_minor
        self.standings[posting.account_id] = replace(standing, recurring_minor=after)
        line = FakeLine(
            reference=f"il_{len(self.lines) + 1}",
            key=call.idempotency_key,
            posting=posting,
            amount_minor=amount_minor,
            recurring_before_minor=standing.recurring_minor,
            recurring_after_minor=after,
            reverses=reverses,
        )
        self.lines[line.reference] = line
        told = {"id": line.reference, "account": posting.account_id, "client_reference": line.key}
        kind = "invoice.line_reversed" if reverses else "invoice.line_posted"
        self.tell(kind, {"account": posting.account_id, "invoice_line": told})
        return line

    def _refuse_unless_postable(self, posting: BillingPosting) -> None:
        standing = self.standings.get(posting.account_id)
        if standing is None:
            raise VendorRejectedError(
                System.BILLING,
                f"No such account: {posting.account_id}.",
                reason="resource_missing",
            )
        if standing.standing is Standing.CLOSED:
            raise VendorRejectedError(
                System.BILLING, "The account is closed to new charges.", reason="account_closed"
            )
        for line in posting.lines:
            if line.amount_minor != PRICE_MINOR[line.product]:
                raise VendorRejectedError(
                    System.BILLING,
                    f"{line.product} costs {PRICE_MINOR[line.product]}.",
                    reason="price_mismatch",
                )


def _evidence(line: FakeLine) -> EffectEvidence:
    return EffectEvidence(
        line.reference,
        {
            "amount_minor": line.amount_minor,
            "recurring_before_minor": line.recurring_before_minor,
            "recurring_after_minor": line.recurring_after_minor,
            "invoice_id": f"in_{line.posting.account_id}",
        },
    )
