"""Routes about price changes: post, look up, reverse."""

import sqlite3
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from sandbox._base.ledger import Entry
from sandbox._base.refusals import Refusal
from sandbox._base.vendor import Sandbox, SandboxDep
from sandbox.billing import invoice_lines
from sandbox.billing.account_routes import known_account, listed
from sandbox.billing.accounts import CURRENCY, PaymentMethod
from sandbox.billing.authentication import ApiKeyRequired
from sandbox.billing.idempotency import KeyHeader, fingerprint_of, once
from sandbox.billing.invoice_lines import InvoiceLine

router = APIRouter(prefix="/v1", tags=["price changes"], dependencies=[ApiKeyRequired])

_FORBID = ConfigDict(extra="forbid")
ClientReference = Annotated[str, Field(min_length=1, max_length=255)]


class PriceLine(BaseModel):
    """A product that comes or goes, at its list price."""

    model_config = _FORBID

    product: str
    quantity: Literal[1, -1]
    amount_minor: int


class BillingAddress(BaseModel):
    """Where invoices go."""

    model_config = _FORBID

    line1: Annotated[str, Field(min_length=1)]
    line2: str = ""
    city: Annotated[str, Field(min_length=1)]
    postal_code: Annotated[str, Field(min_length=1)]
    country: Annotated[str, Field(min_length=1)]


class PriceChange(BaseModel):
    """What to charge from now on. `lines` may be empty where only method or address change."""

    model_config = _FORBID

    client_reference: ClientReference
    lines: list[PriceLine]
    payment_method: PaymentMethod | None = None
    billing_address: BillingAddress | None = None
    metadata: dict[str, str | int] = {}


class Reversal(BaseModel):
    """Why a price change is undone."""

    model_config = _FORBID

    client_reference: ClientReference
    reason: str


@router.post("/accounts/{account_id}/price_changes")
async def post_price_change(
    account_id: str,
    change: PriceChange,
    request: Request,
    sandbox: SandboxDep,
    idempotency_key: KeyHeader = None,
) -> Response:
    """Posts an invoice line. 422 `price_mismatch`, `account_closed`; a past-due account may."""
    fingerprint = await fingerprint_of(request)
    with sandbox.store.write() as db:
        return once(
            db, idempotency_key, fingerprint, lambda: _post(db, sandbox, account_id, change)
        )


@router.get("/price_changes")
async def find_price_changes(client_reference: str, sandbox: SandboxDep) -> Response:
    """Price changes under the caller's reference, oldest first."""
    with sandbox.store.read() as db:
        found = invoice_lines.by_client_reference(db, client_reference)
        return listed([invoice_lines.told(db, line) for line in found])


@router.get("/price_changes/{line_id}")
async def read_price_change(line_id: str, sandbox: SandboxDep) -> Response:
    """One price change; `reversed_by` tells whether it still stands."""
    with sandbox.store.read() as db:
        return JSONResponse(invoice_lines.told(db, _known_line(db, line_id)))


@router.get("/price_changes/{line_id}/reversals")
async def list_reversals(line_id: str, sandbox: SandboxDep) -> Response:
    """The reversal of a price change: a list of one, or of none."""
    with sandbox.store.read() as db:
        _known_line(db, line_id)
        reversal = invoice_lines.reversal_of(db, line_id)
        return listed([invoice_lines.told(db, reversal)] if reversal else [])


@router.post("/price_changes/{line_id}/reversals")
async def reverse_price_change(
    line_id: str,
    reversal: Reversal,
    request: Request,
    sandbox: SandboxDep,
    idempotency_key: KeyHeader = None,
) -> Response:
    """Posts the line that undoes another. 409 `already_reversed` with the one that already does."""
    fingerprint = await fingerprint_of(request)
    with sandbox.store.write() as db:
        return once(
            db, idempotency_key, fingerprint, lambda: _reverse(db, sandbox, line_id, reversal)
        )


def _known_line(db: sqlite3.Connection, line_id: str) -> InvoiceLine:
    line = invoice_lines.by_id(db, line_id)
    if line is None:
        message = f"No such price change: {line_id}. Check the id."
        raise Refusal(404, "resource_missing", message, details={"param": "id"})
    return line


def _post(
    db: sqlite3.Connection, sandbox: Sandbox, account_id: str, change: PriceChange
) -> dict[str, Any]:
    account = known_account(db, account_id)
    if account.closed:
        raise Refusal(422, "account_closed", f"Account {account_id} is closed to new charges.")
    lines = [invoice_lines.PriceLine(**line.model_dump()) for line in change.lines]
    wrong = invoice_lines.wrong_price(lines)
    if wrong is not None:
        raise Refusal(422, "price_mismatch", wrong, details={"param": "lines"})
    address = change.billing_address
    posted = invoice_lines.post(
        db,
        account,
        client_reference=change.client_reference,
        lines=lines,
        payment_method=change.payment_method,
        billing_address=address.model_dump() if address else None,
        metadata=change.metadata,
        at=sandbox.clock(),
    )
    return _put_on_record(db, sandbox, posted, "price_change_posted", "invoice.line_posted")


def _reverse(
    db: sqlite3.Connection, sandbox: Sandbox, line_id: str, wanted: Reversal
) -> dict[str, Any]:
    line = _known_line(db, line_id)
    if line.reverses is not None:
        message = f"{line_id} is itself a reversal. Post a new price change instead."
        raise Refusal(422, "not_reversible", message)
    existing = invoice_lines.reversal_of(db, line_id)
    if existing is not None:
        message = f"{line_id} is already reversed by {existing.line_id}. Nothing is left to do."
        told = invoice_lines.told(db, existing)
        raise Refusal(409, "already_reversed", message, details={"reversal": told})
    reversal = invoice_lines.reverse(
        db,
        known_account(db, line.account_id),
        line,
        client_reference=wanted.client_reference,
        reason=wanted.reason,
        at=sandbox.clock(),
    )
    return _put_on_record(db, sandbox, reversal, "price_change_reversed", "invoice.line_reversed")


def _put_on_record(
    db: sqlite3.Connection, sandbox: Sandbox, line: InvoiceLine, what: str, event_type: str
) -> dict[str, Any]:
    """Ledger and event of a line; returns it as billing tells it."""
    products = ", ".join(f"{each['product']} {each['quantity']:+d}" for each in line.lines)
    method = f"{line.method_before} -> {line.method_after}" if line.method_after else None
    effects = [
        (what, products or None, line.amount_minor, CURRENCY),
        *([("payment_method_changed", method, None, None)] if method else []),
        *(
            [("billing_address_changed", None, None, None)]
            if line.address_before != line.address_after
            else []
        ),
    ]
    for name, detail, amount, currency in effects:
        sandbox.record(
            db,
            Entry(
                account_id=line.account_id,
                what=name,
                detail=detail,
                amount_minor=amount,
                currency=currency,
                client_reference=line.client_reference,
                vendor_reference=line.line_id,
                reverses=line.reverses,
            ),
        )
    told = invoice_lines.told(db, line)
    sandbox.emit(db, event_type, {"account": line.account_id, "invoice_line": told})
    return told
