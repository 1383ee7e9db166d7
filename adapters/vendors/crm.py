"""The CRM over HTTP: accounts and entitlements read, services set through an order of ours."""

from collections.abc import Collection, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from adapters.vendors.answers import Answer
from adapters.vendors.client_credentials import ClientCredentials
from adapters.vendors.dialect import Dialect, Refusal
from adapters.vendors.keys import required_key
from adapters.vendors.reading import Payload, Reading
from adapters.vendors.secrets import SecretSource, source_of
from adapters.vendors.transport import Clock, VendorTransport, http_options, utc_now
from adapters.vendors.watching import Watch
from domain.catalogue import INTERNET, SELLABLE_SERVICES, ContractTerm, Product
from domain.entitlement import AccountFacts, Lifecycle
from domain.errors import VendorRejectedError, VendorUnavailableError
from domain.identifiers import System
from domain.listings import Listing
from domain.steps import Step
from domain.vendor_values import EffectEvidence, ServiceUpdate, VendorCall
from domain.verdicts import Repeatability

_ACCOUNT_NOT_FOUND: Final = "ACCOUNT_NOT_FOUND"
_DUPLICATE_REFERENCE: Final = "DUPLICATE_CLIENT_REFERENCE"
_CHANGED_MEANWHILE: Final = "PRECONDITION_FAILED"
_NOBODY: Final = "0000-NOBODY"
"""An account that is not: asking for it shows who we are and changes nothing."""

_WRITES: Final = 3
"""How often a conditional write is tried; each time the account is read again first."""


class _Service(StrEnum):
    """A service in the CRM's words; each has the name of our product."""

    PHONE = "phone"
    MULTIPLE_LINES = "multipleLines"
    DSL = "dsl"
    FIBER_OPTIC = "fiberOptic"
    ONLINE_SECURITY = "onlineSecurity"
    ONLINE_BACKUP = "onlineBackup"
    DEVICE_PROTECTION = "deviceProtection"
    TECH_SUPPORT = "techSupport"
    STREAMING_TV = "streamingTv"
    STREAMING_MOVIES = "streamingMovies"


class _Term(StrEnum):
    """A contract term in the CRM's words; each has the name of ours."""

    MONTH_TO_MONTH = "monthToMonth"
    ONE_YEAR = "oneYear"
    TWO_YEAR = "twoYear"


class _Internet(StrEnum):
    """What an account's one internet service may be."""

    NONE = "none"
    DSL = "dsl"
    FIBER_OPTIC = "fiberOptic"


_OF_INTERNET: Final[Mapping[_Internet, frozenset[Product]]] = {
    _Internet.NONE: frozenset(),
    _Internet.DSL: frozenset({Product.DSL}),
    _Internet.FIBER_OPTIC: frozenset({Product.FIBER_OPTIC}),
}


class _OrderStatus(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class _CrmPayload(Payload):
    model_config = ConfigDict(alias_generator=to_camel)


class _Contract(_CrmPayload):
    term: _Term
    ends_on: date | None


class _Entitlements(_CrmPayload):
    account_id: str
    lifecycle: Lifecycle
    held: tuple[_Service, ...]
    contract: _Contract
    fiber_available: bool


class _Services(_CrmPayload):
    phone: bool
    multiple_lines: bool
    internet_service: _Internet
    online_security: bool
    online_backup: bool
    device_protection: bool
    tech_support: bool
    streaming_tv: bool
    streaming_movies: bool

    @property
    def held(self) -> frozenset[Product]:
        switched = {product for product in SELLABLE_SERVICES if getattr(self, product)}
        return frozenset(switched) | _OF_INTERNET[self.internet_service]


class _Account(_CrmPayload):
    account_id: str = Field(min_length=1)
    lifecycle: Lifecycle
    services: _Services
    contract: _Contract
    fiber_available: bool
    etag: str

    @property
    def facts(self) -> AccountFacts:
        return AccountFacts(
            account_id=self.account_id,
            lifecycle=self.lifecycle,
            products=self.services.held,
            contract=ContractTerm[self.contract.term.name],
            contract_ends_on=self.contract.ends_on,
            fiber_available=self.fiber_available,
            version=self.etag,
        )


class _Accounts(_CrmPayload):
    accounts: tuple[_Account, ...]
    next_cursor: str | None


class _Change(_CrmPayload):
    added: tuple[_Service, ...]
    removed: tuple[_Service, ...]
    contract_term_before: _Term
    contract_term_after: _Term


class _Order(_CrmPayload):
    order_id: str = Field(min_length=1)
    status: _OrderStatus
    change: _Change | None


class _Orders(_CrmPayload):
    orders: tuple[_Order, ...]


_ENTITLEMENTS: Final = Reading("read_account", _Entitlements)
_OPENED: Final = Reading("open_order", _Order)
_CLOSED: Final = Reading("close_order", _Order)
_FOUND: Final = Reading("find_order", _Orders)
_ACCOUNTS: Final = Reading("list_accounts", _Accounts)
READINGS: Final = (_ENTITLEMENTS, _OPENED, _CLOSED, _FOUND, _ACCOUNTS)
"""Every answer of the CRM that is acted on."""


def _read_refusal(body: Any) -> Refusal | None:  # noqa: ANN401 - JSON is any of six types
    """RFC 9457 with `errorCode`."""
    match body:
        case {"errorCode": str(reason), "detail": str(words)}:
            return Refusal(reason, words)
    return None


_DIALECT: Final = Dialect(System.CRM, _read_refusal)


_REPEATABILITY: Final = dict.fromkeys(
    (Step.UPDATE_SERVICES, Step.RESTORE_SERVICES), Repeatability.LOOK_UP
)
"""No idempotency key: orders are listed by our reference, and refused when it is used twice."""


class CrmClient(VendorTransport):
    """Satisfies `activities.ports.Crm`. An asynchronous context manager."""

    repeatability: Mapping[Step, Repeatability] = _REPEATABILITY

    def __init__(
        self,
        base_url: str,
        *,
        client_id: str,
        client_secret: str | SecretSource,
        clock: Clock = utc_now,
        watch: Watch | None = None,
    ) -> None:
        credential = ClientCredentials(
            System.CRM,
            "/oauth/token",
            source_of(client_secret),
            client_id=client_id,
            clock=clock,
            **http_options(base_url),
        )
        super().__init__(_DIALECT, base_url, credential, clock=clock, watch=watch)

    async def authenticate(self, call: VendorCall) -> None:
        """See the port."""
        await self.read_account(call, _NOBODY)

    async def read_account(self, call: VendorCall, account_id: str) -> AccountFacts | None:
        """See the port."""
        try:
            answer = await self._entitlements(call, account_id)
        except VendorRejectedError as error:
            if error.reason == _ACCOUNT_NOT_FOUND:
                return None
            raise
        told = answer.read(_ENTITLEMENTS)
        return AccountFacts(
            account_id=told.account_id,
            lifecycle=told.lifecycle,
            products=frozenset(Product[service.name] for service in told.held),
            contract=ContractTerm[told.contract.term.name],
            contract_ends_on=told.contract.ends_on,
            fiber_available=told.fiber_available,
            version=_etag(answer),
        )

    async def list_accounts(
        self,
        call: VendorCall,
        *,
        cursor: str | None = None,
        limit: int = 500,
        account_id: str | None = None,
    ) -> Listing[AccountFacts]:
        """See the port."""
        if account_id is not None:
            found = await self.read_account(call, account_id)
            return Listing((found,) if found else ())
        query = {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        told = (await self.send(call, "GET", "/accounts", query=query)).read(_ACCOUNTS)
        return Listing(tuple(account.facts for account in told.accounts), told.next_cursor)

    async def apply_service_update(self, call: VendorCall, update: ServiceUpdate) -> EffectEvidence:
        """See the port. The order is looked up when the CRM already has one under the key."""
        order = await self._open_order(call, update)
        untouched = order.status is _OrderStatus.OPEN and order.change is None
        if untouched and (update.add or update.remove or update.contract):
            await self._set_services(call, order.order_id, update)
        return _evidence(await self._closed(call, order))

    async def find_service_update(self, call: VendorCall) -> EffectEvidence | None:
        """See the port."""
        order = await self._find_order(call)
        if order is None or (order.status is _OrderStatus.OPEN and order.change is None):
            return None
        return _evidence(await self._closed(call, order))

    async def _closed(self, call: VendorCall, order: _Order) -> _Order:
        return order if order.status is _OrderStatus.CLOSED else await self._close(call, order)

    async def _close(self, call: VendorCall, order: _Order) -> _Order:
        path = f"/orders/{quote(order.order_id, safe='')}/close"
        return (await self.send(call, "POST", path)).read(_CLOSED)

    async def _entitlements(self, call: VendorCall, account_id: str) -> Answer:
        path = f"/accounts/{quote(account_id, safe='')}/entitlements"
        return await self.send(call, "GET", path)

    async def _open_order(self, call: VendorCall, update: ServiceUpdate) -> _Order:
        body = {
            "accountId": update.account_id,
            "clientReference": required_key(call),
            "summary": update.summary,
        }
        try:
            return (await self.send(call, "POST", "/orders", body=body)).read(_OPENED)
        except VendorRejectedError as error:
            if error.reason != _DUPLICATE_REFERENCE:
                raise
        order = await self._find_order(call)
        if order is None:
            raise VendorUnavailableError(
                System.CRM, "The CRM has an order under our reference but does not show it yet."
            )
        return order

    async def _find_order(self, call: VendorCall) -> _Order | None:
        query = {"clientReference": required_key(call)}
        found = await self.send(call, "GET", "/orders", query=query)
        return next(iter(found.read(_FOUND).orders), None)

    async def _set_services(self, call: VendorCall, order_id: str, update: ServiceUpdate) -> None:
        path = f"/accounts/{quote(update.account_id, safe='')}/services"
        body = {
            "orderId": order_id,
            "services": _services(update),
            "contractTerm": _Term[ContractTerm(update.contract).name] if update.contract else None,
        }
        for _ in range(_WRITES):
            etag = _etag(await self._entitlements(call, update.account_id))
            try:
                await self.send(call, "PATCH", path, body=body, headers={"If-Match": etag})
            except VendorRejectedError as error:
                if error.reason != _CHANGED_MEANWHILE:
                    raise
            else:
                return
        raise VendorUnavailableError(
            System.CRM, f"The account changed under our hands {_WRITES} times in a row."
        )


def _services(update: ServiceUpdate) -> dict[str, bool | str]:
    """What to set, in the CRM's words: internet is one field, everything else a switch."""
    services: dict[str, bool | str] = {}
    if (update.add | update.remove) & INTERNET:
        coming = next(iter(update.add & INTERNET), None)
        services["internetService"] = _Service[coming.name] if coming else "none"
    switches = [(product, True) for product in update.add - INTERNET]
    switches += [(product, False) for product in update.remove - INTERNET]
    return services | {_Service[product.name].value: held for product, held in switches}


def _etag(answer: Answer) -> str:
    etag = answer.headers.get("etag")
    if not etag:
        why = "There is no ETag, without which nothing can be changed safely"
        raise answer.unrecognised(why, _ENTITLEMENTS)
    return etag


def _evidence(order: _Order) -> EffectEvidence:
    change = order.change
    term_changed = change and change.contract_term_before is not change.contract_term_after
    return EffectEvidence(
        order.order_id,
        {
            "added": _products(change.added if change else ()),
            "removed": _products(change.removed if change else ()),
            "contract_before": (
                ContractTerm[change.contract_term_before.name] if change and term_changed else None
            ),
        },
    )


def _products(services: Collection[_Service]) -> list[Product]:
    return sorted(Product[service.name] for service in services)
