"""Routes about accounts and what they owe: read, invoices, payments; price list and events."""

import sqlite3
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from sandbox._base import events
from sandbox._base.ledger import Entry
from sandbox._base.refusals import Refusal
from sandbox._base.vendor import Sandbox, SandboxDep
from sandbox.billing import accounts
from sandbox.billing.accounts import CURRENCY, Account, InvoiceStatus, PaymentMethod
from sandbox.billing.authentication import ApiKeyRequired
from sandbox.billing.idempotency import KeyHeader, fingerprint_of, once
from sandbox.billing.invoice_lines import PRICES_MINOR, products_charged

router = APIRouter(prefix="/v1", dependencies=[ApiKeyRequired])


class Payment(BaseModel):
    """The customer pays."""

    model_config = ConfigDict(extra="forbid")

    amount_minor: Annotated[int, Field(gt=0)]
    method: PaymentMethod


def known_account(db: sqlite3.Connection, account_id: str) -> Account:
    """The account. Raises the 404 every route gives for one billing does not have."""
    account = accounts.by_id(db, account_id)
    if account is None:
        message = f"No such account: {account_id}. Check the number."
        raise Refusal(404, "resource_missing", message, details={"param": "account"})
    return account


def listed(data: list[dict[str, Any]], *, has_more: bool = False) -> Response:
    """A list as billing writes it."""
    return JSONResponse({"object": "list", "data": data, "has_more": has_more})


@router.get("/accounts", tags=["accounts"])
async def list_accounts(
    sandbox: SandboxDep,
    after: str = "",
    account: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Accounts in the order of their ids, from the one after `after` on, with what is charged."""
    with sandbox.store.read() as db:
        found = accounts.page(db, after, limit + 1, account)
        charged = products_charged(db, [each.account_id for each in found[:limit]])
        told = [
            accounts.as_json(db, each) | {"products": charged[each.account_id]}
            for each in found[:limit]
        ]
    return listed(told, has_more=len(found) > limit)


@router.get("/accounts/{account_id}", tags=["accounts"])
async def read_account(account_id: str, sandbox: SandboxDep) -> Response:
    """Standing, monthly charge, payment method, open invoices."""
    with sandbox.store.read() as db:
        return JSONResponse(accounts.as_json(db, known_account(db, account_id)))


@router.post("/accounts/{account_id}/payments", tags=["accounts"])
async def pay(
    account_id: str,
    payment: Payment,
    request: Request,
    sandbox: SandboxDep,
    idempotency_key: KeyHeader = None,
) -> Response:
    """Settles open invoices, oldest first; tells `account.standing_changed` when it did change."""
    fingerprint = await fingerprint_of(request)
    with sandbox.store.write() as db:
        return once(
            db, idempotency_key, fingerprint, lambda: _settle(db, sandbox, account_id, payment)
        )


@router.get("/invoices", tags=["invoices"])
async def list_invoices(
    sandbox: SandboxDep,
    account: str,
    status: InvoiceStatus | None = None,
) -> Response:
    """An account's invoices, oldest first."""
    with sandbox.store.read() as db:
        known_account(db, account)
        return listed(accounts.invoices(db, account, status))


@router.get("/prices", tags=["prices"])
async def list_prices() -> Response:
    """Monthly list prices."""
    prices = [
        {"object": "price", "product": product, "amount_minor": amount, "currency": CURRENCY}
        for product, amount in PRICES_MINOR.items()
    ]
    return listed(prices)


@router.get("/events", tags=["events"])
async def list_events(
    sandbox: SandboxDep,
    after: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Every event ever told, oldest first, from the one after `after` on."""
    found = events.bodies_after(sandbox.store.read_now(), after, limit + 1)
    if found is None:
        message = f"No such event: {after}. Leave `after` out to start from the first."
        raise Refusal(404, "resource_missing", message, details={"param": "after"})
    return listed(found[:limit], has_more=len(found) > limit)


def _settle(
    db: sqlite3.Connection, sandbox: Sandbox, account_id: str, payment: Payment
) -> dict[str, Any]:
    account = known_account(db, account_id)
    before = accounts.standing(db, account)
    left = accounts.settle(db, account, payment.amount_minor)
    account = accounts.save(db, account)
    after = accounts.standing(db, account)
    sandbox.record(
        db,
        Entry(
            account_id=account_id,
            what="payment_received",
            detail=payment.method,
            amount_minor=payment.amount_minor,
            currency=CURRENCY,
        ),
    )
    if after is not before:
        told = {"account": account_id, "standing": after, "version": account.version}
        sandbox.emit(db, "account.standing_changed", told)
    return {
        "object": "payment",
        "account": account_id,
        "amount_minor": payment.amount_minor,
        "unapplied_minor": left,
        "currency": CURRENCY,
        "standing": after,
    }
