"""Routes about accounts: read, page, entitlements, and services set under an order."""

import sqlite3
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from sandbox._base.ledger import Entry
from sandbox._base.refusals import Refusal
from sandbox._base.vendor import Sandbox, SandboxDep
from sandbox.crm import accounts, orders
from sandbox.crm.accounts import Account
from sandbox.crm.orders import Order
from sandbox.crm.services import (
    CAMEL,
    NEEDS,
    ContractTerm,
    InternetService,
    ServiceChanges,
    objection,
)
from sandbox.crm.tokens import TokenRequired

router = APIRouter(prefix="/accounts", tags=["accounts"], dependencies=[TokenRequired])

CLOSED = "closed"


class ServiceUpdate(BaseModel):
    """Body of a service update: under which order, and what to set."""

    model_config = CAMEL

    order_id: str
    services: ServiceChanges = ServiceChanges()
    contract_term: ContractTerm | None = None


def known_account(db: sqlite3.Connection, account_id: str) -> Account:
    """The account. Raises the 404 every route gives for one the CRM does not have."""
    account = accounts.by_id(db, account_id)
    if account is None:
        raise Refusal(
            404, "ACCOUNT_NOT_FOUND", f"There is no account {account_id}. Check the number."
        )
    return account


@router.get("")
async def list_accounts(
    sandbox: SandboxDep, cursor: str = "", limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> Response:
    """Accounts in the order of their ids; `nextCursor` is null on the last page."""
    with sandbox.store.read() as db:
        found = accounts.page(db, cursor, limit + 1)
    page = found[:limit]
    next_cursor = page[-1].account_id if len(found) > limit else None
    told = [{**account.as_json(), "etag": account.etag} for account in page]
    return JSONResponse({"accounts": told, "nextCursor": next_cursor})


@router.get("/{account_id}")
async def read_account(account_id: str, sandbox: SandboxDep) -> Response:
    """One account; its ETag is what a service update must show."""
    with sandbox.store.read() as db:
        account = known_account(db, account_id)
    return _answer(account, account.as_json())


@router.get("/{account_id}/entitlements")
async def read_entitlements(account_id: str, sandbox: SandboxDep) -> Response:
    """What the account holds, and for everything else whether it could be ordered now."""
    with sandbox.store.read() as db:
        account = known_account(db, account_id)
    return _answer(
        account,
        {
            "accountId": account.account_id,
            "lifecycle": account.lifecycle,
            "held": sorted(account.services.held),
            "orderable": _orderable(account),
            "contract": account.contract.as_json(),
            "fiberAvailable": account.fiber_available,
        },
    )


@router.patch("/{account_id}/services")
async def update_services(
    account_id: str,
    update: ServiceUpdate,
    sandbox: SandboxDep,
    if_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Sets services and contract term under an open order, if nobody changed the account since."""
    with sandbox.store.write() as db:
        account = known_account(db, account_id)
        _require_match(account, if_match)
        order = _open_order(db, account, update.order_id)
        after = _updated(account, update, sandbox)
        if after != account:
            after = accounts.save(db, after)
            _put_on_record(db, sandbox, order, account, after)
    return _answer(after, after.as_json())


def _answer(account: Account, body: dict[str, Any]) -> Response:
    return JSONResponse(body, headers={"ETag": account.etag})


def _orderable(account: Account) -> list[dict[str, Any]]:
    """Each service not held, alone: whether it could be added, and the sentence why not."""
    candidates = [
        *(ServiceChanges(internet_service=s) for s in InternetService if s != InternetService.NONE),
        *(ServiceChanges.model_validate({name: True}) for name in ("phone", *NEEDS)),
    ]
    told = []
    for changes in candidates:
        after = changes.applied_to(account.services)
        added = sorted(after.held - account.services.held)
        if added:
            reason = _standing_objection(account) or objection(
                after, fiber_available=account.fiber_available
            )
            told.append({"service": added[0], "orderable": reason is None, "reason": reason})
    return told


def _standing_objection(account: Account) -> str | None:
    return None if account.lifecycle == "open" else f"The account is {account.lifecycle}."


def _require_match(account: Account, if_match: str | None) -> None:
    if if_match is None:
        raise Refusal(
            428,
            "PRECONDITION_REQUIRED",
            "Send If-Match with the ETag of the account as you read it.",
        )
    if if_match != account.etag:
        raise Refusal(
            412,
            "PRECONDITION_FAILED",
            "The account has changed since you read it. Read it again, then repeat.",
        )


def _open_order(db: sqlite3.Connection, account: Account, order_id: str) -> Order:
    order = orders.by_id(db, order_id)
    if order is None or order.account_id != account.account_id:
        message = f"There is no order {order_id} for account {account.account_id}. Open one first."
        raise Refusal(422, "ORDER_UNKNOWN", message)
    if not order.is_open:
        raise Refusal(422, "ORDER_CLOSED", f"Order {order_id} is closed. Open another one.")
    return order


def _updated(account: Account, update: ServiceUpdate, sandbox: Sandbox) -> Account:
    if account.lifecycle == CLOSED:
        raise Refusal(422, "ACCOUNT_CLOSED", f"Account {account.account_id} is closed.")
    services = update.services.applied_to(account.services)
    reason = objection(services, fiber_available=account.fiber_available)
    if reason is not None:
        raise Refusal(422, "SERVICE_COMBINATION", reason)
    after = replace(account, services=services)
    if update.contract_term is None:
        return after
    return after.with_term(update.contract_term, sandbox.clock().date())


def _put_on_record(
    db: sqlite3.Connection, sandbox: Sandbox, order: Order, before: Account, after: Account
) -> None:
    """On the order what changed since it was opened, on the ledger each effect."""
    earlier = order.change or {
        "heldBefore": sorted(before.services.held),
        "contractTermBefore": before.contract.term,
    }
    held_before, held = set(earlier["heldBefore"]), after.services.held
    orders.note_change(
        db,
        order,
        {
            **earlier,
            "added": sorted(held - held_before),
            "removed": sorted(held_before - held),
            "contractTermAfter": after.contract.term,
        },
    )
    for what, detail in _effects(before, after):
        sandbox.record(
            db,
            Entry(
                account_id=after.account_id,
                what=what,
                detail=detail,
                client_reference=order.client_reference,
                vendor_reference=order.order_id,
            ),
        )


def _effects(before: Account, after: Account) -> list[tuple[str, str]]:
    effects = [
        *(("service_removed", name) for name in sorted(before.services.held - after.services.held)),
        *(("service_added", name) for name in sorted(after.services.held - before.services.held)),
    ]
    if after.contract != before.contract:
        effects.append(("contract_changed", f"{before.contract.term} -> {after.contract.term}"))
    return effects
