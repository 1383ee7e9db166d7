"""Billing over HTTP: standing read, a change's lines posted and reversed. Never a payment."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final, Literal
from urllib.parse import quote

from pydantic import Field

from adapters.vendors.answers import Answer, Payload
from adapters.vendors.credentials import FixedCredential
from adapters.vendors.dialect import Dialect, Refusal
from adapters.vendors.keys import required_key
from adapters.vendors.secrets import SecretSource, source_of
from adapters.vendors.transport import Clock, VendorTransport, utc_now
from domain.errors import VendorRejectedError
from domain.identifiers import System
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

_MISSING: Final = "resource_missing"
_ALREADY_REVERSED: Final = "already_reversed"
_KEY_IN_USE: Final = "idempotency_key_in_use"


class _OpenInvoice(Payload):
    id: str


class _Account(Payload):
    id: str
    standing: Standing
    recurring_amount_minor: int
    currency: Literal["usd"]
    open_invoices: tuple[_OpenInvoice, ...]


class _InvoiceLine(Payload):
    id: str = Field(min_length=1)
    invoice_id: str
    amount_minor: int
    currency: Literal["usd"]
    recurring_before_minor: int
    recurring_after_minor: int

    @property
    def evidence(self) -> EffectEvidence:
        return EffectEvidence(
            self.id,
            {
                "amount_minor": self.amount_minor,
                "recurring_before_minor": self.recurring_before_minor,
                "recurring_after_minor": self.recurring_after_minor,
                "invoice_id": self.invoice_id,
            },
        )


class _InvoiceLines(Payload):
    data: tuple[_InvoiceLine, ...]


class _Event(Payload):
    id: str = Field(min_length=1)
    type: str
    created: int

    @property
    def published(self) -> PublishedEvent:
        return PublishedEvent(
            self.id, datetime.fromtimestamp(self.created, UTC), self.model_dump(mode="json")
        )


class _Events(Payload):
    data: tuple[_Event, ...]
    has_more: bool


def _read_refusal(body: Any) -> Refusal | None:  # noqa: ANN401 - JSON is any of six types
    """Stripe's shape: everything under `error`."""
    match body:
        case {"error": {"code": str(reason), "message": str(words)}}:
            return Refusal(reason, words)
    return None


_DIALECT: Final = Dialect(
    System.BILLING,
    _read_refusal,
    not_now=frozenset({_KEY_IN_USE}),
    personal=frozenset({"billing_address"}),
)


_REPEATABILITY: Final = dict.fromkeys(
    (Step.POST_BILLING_CHANGE, Step.REVERSE_BILLING_CHANGE), Repeatability.LOOK_UP
)
"""Idempotency keys are honoured, and what was done is listed by our reference, too."""


class BillingClient(VendorTransport):
    """Satisfies `activities.ports.Billing`. An asynchronous context manager."""

    repeatability: Mapping[Step, Repeatability] = _REPEATABILITY

    def __init__(
        self, base_url: str, *, api_key: str | SecretSource, clock: Clock = utc_now
    ) -> None:
        credential = FixedCredential(
            System.BILLING, source_of(api_key), lambda secret: f"Bearer {secret.value}", clock
        )
        super().__init__(_DIALECT, base_url, credential, clock=clock)

    async def authenticate(self, call: VendorCall) -> None:
        """See the port."""
        await self.list_events(call, after=None, limit=1)

    async def read_standing(self, call: VendorCall, account_id: str) -> BillingStanding | None:
        """See the port."""
        path = f"/v1/accounts/{quote(account_id, safe='')}"
        try:
            answer = await self.send(call, "GET", path)
        except VendorRejectedError as error:
            if error.reason == _MISSING:
                return None
            raise
        told = answer.read(_Account)
        return BillingStanding(
            account_id=told.id,
            standing=told.standing,
            recurring_minor=told.recurring_amount_minor,
            currency=told.currency,
            overdue_invoices=tuple(invoice.id for invoice in told.open_invoices),
        )

    async def post_change(self, call: VendorCall, posting: BillingPosting) -> EffectEvidence:
        """See the port. The vendor honours the key: a repeat gets the first answer."""
        path = f"/v1/accounts/{quote(posting.account_id, safe='')}/price_changes"
        body: dict[str, Any] = {
            "client_reference": required_key(call),
            "lines": [asdict(line) for line in posting.lines],
            "metadata": {
                "change_id": posting.change_id,
                "document_version": posting.document_version,
            },
        }
        if posting.payment_method is not None:
            body["payment_method"] = posting.payment_method
        if posting.billing_address is not None:
            body["billing_address"] = asdict(posting.billing_address)
        return (await self._post(call, path, body)).read(_InvoiceLine).evidence

    async def find_posting(self, call: VendorCall) -> EffectEvidence | None:
        """See the port."""
        query = {"client_reference": required_key(call)}
        found = await self.send(call, "GET", "/v1/price_changes", query=query)
        return _first(found)

    async def reverse_posting(
        self, call: VendorCall, posting_reference: str, reason: str
    ) -> EffectEvidence:
        """See the port. A posting that is reversed already is answered with that reversal."""
        body = {"client_reference": required_key(call), "reason": reason}
        try:
            answer = await self._post(call, _reversals(posting_reference), body)
        except VendorRejectedError as error:
            if error.reason != _ALREADY_REVERSED:
                raise
            existing = await self.find_reversal(call, posting_reference)
            if existing is None:
                raise
            return existing
        return answer.read(_InvoiceLine).evidence

    async def find_reversal(
        self, call: VendorCall, posting_reference: str
    ) -> EffectEvidence | None:
        """See the port."""
        return _first(await self.send(call, "GET", _reversals(posting_reference)))

    async def list_events(
        self, call: VendorCall, *, after: str | None, limit: int
    ) -> EventPage | None:
        """See the port."""
        query = {"limit": str(limit)} | ({"after": after} if after is not None else {})
        try:
            answer = await self.send(call, "GET", "/v1/events", query=query)
        except VendorRejectedError as error:
            if error.reason == _MISSING and after is not None:
                return None
            raise
        told = answer.read(_Events)
        return EventPage(tuple(event.published for event in told.data), more=told.has_more)

    async def _post(self, call: VendorCall, path: str, body: dict[str, Any]) -> Answer:
        headers = {"Idempotency-Key": required_key(call)}
        return await self.send(call, "POST", path, body=body, headers=headers)


def _reversals(posting_reference: str) -> str:
    return f"/v1/price_changes/{quote(posting_reference, safe='')}/reversals"


def _first(found: Answer) -> EffectEvidence | None:
    lines = found.read(_InvoiceLines).data
    return lines[0].evidence if lines else None
