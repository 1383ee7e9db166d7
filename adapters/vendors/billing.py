"""Billing over HTTP: standing read, a change's lines posted and reversed. Never a payment."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final, Literal
from urllib.parse import quote

from pydantic import Field

from adapters.vendors.answers import Answer
from adapters.vendors.credentials import FixedCredential
from adapters.vendors.dialect import Dialect, Refusal
from adapters.vendors.keys import required_key
from adapters.vendors.reading import Payload, Reading
from adapters.vendors.secrets import SecretSource, source_of
from adapters.vendors.transport import Clock, VendorTransport, utc_now
from adapters.vendors.watching import Watch
from domain.catalogue import PaymentMethod, Product
from domain.errors import VendorRejectedError
from domain.identifiers import System
from domain.listings import BilledAccount, Listing
from domain.steps import Step
from domain.vendor_values import (
    BillingAddress,
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


class _Address(Payload):
    line1: str
    line2: str
    city: str
    postal_code: str
    country: str


class _ListedAccount(Payload):
    noun = "account"
    id: str = Field(min_length=1)
    standing: Standing
    recurring_amount_minor: int
    currency: Literal["usd"]
    products: tuple[Product, ...]
    payment_method: PaymentMethod
    billing_address: _Address | None

    @property
    def billed(self) -> BilledAccount:
        address = self.billing_address
        return BilledAccount(
            account_id=self.id,
            standing=self.standing,
            recurring_minor=self.recurring_amount_minor,
            currency=self.currency,
            products=frozenset(self.products),
            payment_method=self.payment_method,
            billing_address=(
                BillingAddress(
                    address.line1,
                    address.line2,
                    address.city,
                    address.postal_code,
                    address.country,
                )
                if address
                else None
            ),
        )


class _Accounts(Payload):
    data: tuple[_ListedAccount, ...]
    has_more: bool


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


_STANDING: Final = Reading("read_standing", _Account)
_POSTED: Final = Reading("post_change", _InvoiceLine)
_POSTINGS: Final = Reading("find_posting", _InvoiceLines)
_REVERSED: Final = Reading("reverse_posting", _InvoiceLine)
_REVERSALS: Final = Reading("find_reversal", _InvoiceLines)
_LISTED: Final = Reading("list_events", _Events, opaque="data[].data")
_ACCOUNTS: Final = Reading("list_accounts", _Accounts)
READINGS: Final = (_STANDING, _POSTED, _POSTINGS, _REVERSED, _REVERSALS, _LISTED, _ACCOUNTS)
"""Every answer of billing that is acted on."""


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
        self,
        base_url: str,
        *,
        api_key: str | SecretSource,
        clock: Clock = utc_now,
        watch: Watch | None = None,
    ) -> None:
        credential = FixedCredential(
            System.BILLING, source_of(api_key), lambda secret: f"Bearer {secret.value}", clock
        )
        super().__init__(_DIALECT, base_url, credential, clock=clock, watch=watch)

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
        told = answer.read(_STANDING)
        return BillingStanding(
            account_id=told.id,
            standing=told.standing,
            recurring_minor=told.recurring_amount_minor,
            currency=told.currency,
            overdue_invoices=tuple(invoice.id for invoice in told.open_invoices),
        )

    async def list_accounts(
        self,
        call: VendorCall,
        *,
        cursor: str | None = None,
        limit: int = 500,
        account_id: str | None = None,
    ) -> Listing[BilledAccount]:
        """See the port. The cursor is the last account of the page before."""
        query = {"limit": str(limit)}
        query |= {"after": cursor} if cursor else {}
        query |= {"account": account_id} if account_id is not None else {}
        told = (await self.send(call, "GET", "/v1/accounts", query=query)).read(_ACCOUNTS)
        accounts = tuple(account.billed for account in told.data)
        return Listing(accounts, accounts[-1].account_id if told.has_more else None)

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
        return (await self._post(call, path, body)).read(_POSTED).evidence

    async def find_posting(self, call: VendorCall) -> EffectEvidence | None:
        """See the port."""
        query = {"client_reference": required_key(call)}
        found = await self.send(call, "GET", "/v1/price_changes", query=query)
        return _first(found, _POSTINGS)

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
        return answer.read(_REVERSED).evidence

    async def find_reversal(
        self, call: VendorCall, posting_reference: str
    ) -> EffectEvidence | None:
        """See the port."""
        found = await self.send(call, "GET", _reversals(posting_reference))
        return _first(found, _REVERSALS)

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
        told = answer.read(_LISTED)
        return EventPage(tuple(event.published for event in told.data), more=told.has_more)

    async def _post(self, call: VendorCall, path: str, body: dict[str, Any]) -> Answer:
        headers = {"Idempotency-Key": required_key(call)}
        return await self.send(call, "POST", path, body=body, headers=headers)


def _reversals(posting_reference: str) -> str:
    return f"/v1/price_changes/{quote(posting_reference, safe='')}/reversals"


def _first(found: Answer, reading: Reading[_InvoiceLines]) -> EffectEvidence | None:
    lines = found.read(reading).data
    return lines[0].evidence if lines else None
