"""Valid values to vary in tests: one change, one account, one plan. Nothing here does anything."""

import dataclasses
from datetime import date
from typing import Any

from domain.catalogue import ContractTerm, InternetService, Product, Wish
from domain.entitlement import AccountFacts, Lifecycle
from domain.errors import VendorError, VendorThrottledError
from domain.identifiers import System
from domain.plan import Plan, build_plan
from domain.records import ChangeRecord, DocumentRecord
from domain.service_change import ChangeKind, ChangeStatus
from domain.submission import details_from

ACCOUNT = "7590-VHVEG"
CHANGE = "chg_aaaaaaaaaaaaaaaa"
PORTAL = "portal"
REQUESTED = date(2026, 12, 1)
FIBER: dict[str, Any] = {"internet_service": "Fiber optic"}
SHA256 = "5f" * 32


def document(**values: Any) -> DocumentRecord:  # noqa: ANN401 - fields of the record
    """A first version, readable under the key `order-form`."""
    return dataclasses.replace(DocumentRecord(1, SHA256, "order-form", "application/pdf"), **values)


def change(
    kind: ChangeKind = ChangeKind.CHANGE_INTERNET_SERVICE,
    stored_details: dict[str, Any] | None = None,
    **values: Any,  # noqa: ANN401 - fields of the record
) -> ChangeRecord:
    """A change from DSL to fiber with its document; `values` replace fields."""
    stored = FIBER if stored_details is None else stored_details
    return dataclasses.replace(
        ChangeRecord(
            id=CHANGE,
            account_id=ACCOUNT,
            kind=kind,
            status=ChangeStatus.CHECKING,
            details=details_from(kind, stored),
            stored_details=stored,
            requested_date=REQUESTED,
            correlation_id="correlation-1",
            submitted_by=PORTAL,
            duplicate_of=None,
            document=document(),
            plan=None,
            open_ticket=None,
        ),
        **values,
    )


def account(**values: Any) -> AccountFacts:  # noqa: ANN401 - fields of the facts
    """An open account with phone and DSL, no term running, fiber at its address."""
    return dataclasses.replace(
        AccountFacts(
            account_id=ACCOUNT,
            lifecycle=Lifecycle.OPEN,
            products=frozenset({Product.PHONE, Product.DSL}),
            contract=ContractTerm.MONTH_TO_MONTH,
            contract_ends_on=None,
            fiber_available=True,
            version='"1"',
        ),
        **values,
    )


def plan(**values: Any) -> Plan:  # noqa: ANN401 - arguments of build_plan
    """From phone and DSL to phone and fiber."""
    arguments: dict[str, Any] = {
        "wish": Wish(
            ChangeKind.CHANGE_INTERNET_SERVICE, internet_service=InternetService.FIBER_OPTIC
        ),
        "details": FIBER,
        "requested_date": REQUESTED,
        "document_version": 1,
        "document_sha256": SHA256,
        "held": frozenset({Product.PHONE, Product.DSL}),
        "recurring_minor": 4520,
        "ticket": None,
    }
    return build_plan(**arguments | values)


def away(system: System = System.CRM, *, for_seconds: float) -> VendorError:
    """A vendor that asks to be left alone for a while."""
    return VendorThrottledError(system, "Try later.", retry_after=for_seconds, http_status=429)
