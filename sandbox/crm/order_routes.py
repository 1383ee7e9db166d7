"""Routes about orders: open, look up, close."""

import sqlite3
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from sandbox._base.ledger import Entry
from sandbox._base.refusals import Refusal
from sandbox._base.vendor import Sandbox, SandboxDep
from sandbox.crm import orders
from sandbox.crm.account_routes import CLOSED, known_account
from sandbox.crm.orders import Order
from sandbox.crm.services import CAMEL
from sandbox.crm.tokens import TokenRequired

router = APIRouter(prefix="/orders", tags=["orders"], dependencies=[TokenRequired])


class NewOrder(BaseModel):
    """Body of a new order. `client_reference` is the caller's own and may be used once."""

    model_config = CAMEL

    account_id: str
    client_reference: Annotated[str, Field(min_length=1, max_length=255)]
    summary: Annotated[str, Field(max_length=500)] = ""


@router.post("", status_code=201)
async def open_order(new: NewOrder, sandbox: SandboxDep) -> Response:
    """Opens an order; 409 with the id of the one that already has the client reference."""
    with sandbox.store.write() as db:
        account = known_account(db, new.account_id)
        existing = orders.by_client_reference(db, new.client_reference)
        if existing is not None:
            raise Refusal(
                409,
                "DUPLICATE_CLIENT_REFERENCE",
                f"{existing.order_id} already has this clientReference. Carry on with that order.",
                details={"orderId": existing.order_id},
            )
        if account.lifecycle == CLOSED:
            raise Refusal(422, "ACCOUNT_CLOSED", f"Account {account.account_id} is closed.")
        order = orders.open_order(
            db, new.account_id, new.client_reference, new.summary, sandbox.clock()
        )
        _record(db, sandbox, "order_opened", order)
    return JSONResponse(order.as_json(), 201, headers={"Location": f"/orders/{order.order_id}"})


@router.get("")
async def find_orders(
    sandbox: SandboxDep, client_reference: Annotated[str, Query(alias="clientReference")]
) -> Response:
    """The order under a client reference: a list of one, or of none."""
    with sandbox.store.read() as db:
        order = orders.by_client_reference(db, client_reference)
    return JSONResponse({"orders": [order.as_json()] if order else []})


@router.get("/{order_id}")
async def read_order(order_id: str, sandbox: SandboxDep) -> Response:
    """One order."""
    with sandbox.store.read() as db:
        return JSONResponse(_known_order(db, order_id).as_json())


@router.post("/{order_id}/close")
async def close_order(order_id: str, sandbox: SandboxDep) -> Response:
    """Closes an order; closing a closed one changes nothing."""
    with sandbox.store.write() as db:
        order = _known_order(db, order_id)
        if order.is_open:
            order = orders.close(db, order, sandbox.clock())
            _record(db, sandbox, "order_closed", order)
    return JSONResponse(order.as_json())


def _known_order(db: sqlite3.Connection, order_id: str) -> Order:
    order = orders.by_id(db, order_id)
    if order is None:
        raise Refusal(404, "ORDER_NOT_FOUND", f"There is no order {order_id}. Check the number.")
    return order


def _record(db: sqlite3.Connection, sandbox: Sandbox, what: str, order: Order) -> None:
    sandbox.record(
        db,
        Entry(
            account_id=order.account_id,
            what=what,
            client_reference=order.client_reference,
            vendor_reference=order.order_id,
        ),
    )
