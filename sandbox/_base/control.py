"""The `_control` routes every vendor has: faults, ledger, reset, health. No credentials, no faults.

Real vendors have nothing like it; it is how tests and demonstrations make things go wrong and find
out what was really done.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, status
from pydantic import BaseModel, Field
from starlette.responses import Response

from sandbox._base import events, ledger, secrets
from sandbox._base.deliveries import DeliveryPlan
from sandbox._base.faults import Fault
from sandbox._base.vendor import SandboxDep

router = APIRouter(prefix="/_control", tags=["control"])


@router.get("/health")
async def health(sandbox: SandboxDep) -> dict[str, Any]:
    """Answers once the accounts are loaded."""
    return {
        "vendor": sandbox.vendor.name,
        "status": "ok",
        "undelivered_events": events.undelivered(sandbox.store.read_now()),
    }


@router.post("/faults", status_code=status.HTTP_201_CREATED)
async def set_fault(fault: Fault, sandbox: SandboxDep) -> dict[str, Any]:
    """Sets a fault for the next calls that match. The oldest matching fault strikes first."""
    return sandbox.faults.add(fault).as_json()


@router.get("/faults")
async def list_faults(sandbox: SandboxDep) -> dict[str, Any]:
    """Every fault since the last clearing, with how often it struck."""
    return {"faults": [active.as_json() for active in sandbox.faults.active]}


@router.delete("/faults", status_code=status.HTTP_204_NO_CONTENT)
async def clear_faults(sandbox: SandboxDep) -> Response:
    """Sets no fault any more."""
    sandbox.faults.active.clear()
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post("/webhooks")
async def plan_deliveries(plan: DeliveryPlan, sandbox: SandboxDep) -> dict[str, Any]:
    """Sets how the next webhooks travel, in place of what was set before."""
    sandbox.deliveries.set(plan)
    if sandbox.sender is not None:
        sandbox.sender.wake()
    return sandbox.deliveries.as_json()


@router.get("/webhooks")
async def read_deliveries(sandbox: SandboxDep) -> dict[str, Any]:
    """What is set, and how often it struck."""
    return sandbox.deliveries.as_json()


@router.get("/ledger")
async def read_ledger(
    sandbox: SandboxDep,
    account_id: str | None = None,
    client_reference: str | None = None,
    cursor: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> dict[str, Any]:
    """Effects in order. `next_cursor` is null on the last page."""
    found = ledger.entries(
        sandbox.store.read_now(),
        account_id=account_id,
        client_reference=client_reference,
        after=cursor,
        limit=limit + 1,
    )
    page = found[:limit]
    return {
        "entries": page,
        "next_cursor": page[-1]["entry_id"] if len(found) > limit else None,
    }


@router.get("/calls")
async def read_calls(
    sandbox: SandboxDep,
    cursor: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> dict[str, Any]:
    """Calls since the start of the process, control apart. `next_cursor` is null on the last page.

    The cursor is the `call_id` of the last one read, so that a reader can come back for more.
    `log_id` changes with a restart, after which ids begin anew.
    """
    found = sandbox.calls.page(cursor, limit + 1)
    page = found[:limit]
    return {
        "log_id": sandbox.calls.log_id,
        "calls": page,
        "next_cursor": page[-1]["call_id"] if len(found) > limit else None,
    }


@router.get("/events")
async def read_events(
    sandbox: SandboxDep, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> dict[str, Any]:
    """The latest events told, oldest first, byte for byte as they were sent."""
    return {"events": events.latest(sandbox.store.read_now(), limit)}


class SecretWord(BaseModel):
    """A secret callers may show."""

    secret: Annotated[str, Field(min_length=1)]


class TokenLife(BaseModel):
    """How long tokens live."""

    seconds: Annotated[float, Field(gt=0)]


@router.post("/secrets", status_code=status.HTTP_204_NO_CONTENT)
async def add_secret(body: SecretWord, sandbox: SandboxDep) -> Response:
    """Accepts a further secret, beside those accepted already."""
    with sandbox.store.write() as db:
        secrets.accept(db, body.secret)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post("/secrets/retired", status_code=status.HTTP_204_NO_CONTENT)
async def retire_secret(body: SecretWord, sandbox: SandboxDep) -> Response:
    """Accepts a secret no longer; tokens that were had with it live on to their end."""
    with sandbox.store.write() as db:
        secrets.retire(db, body.secret)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.put("/token-life", status_code=status.HTTP_204_NO_CONTENT)
async def set_token_life(body: TokenLife, sandbox: SandboxDep) -> Response:
    """Gives out tokens that live so long from now on."""
    with sandbox.store.write() as db:
        secrets.set_token_life(db, body.seconds)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post("/reset")
async def reset(sandbox: SandboxDep) -> dict[str, Any]:
    """Back to the bundled data: every effect, event and fault of before is gone."""
    sandbox.store.reset()
    sandbox.faults.active.clear()
    sandbox.deliveries.clear()
    return {"vendor": sandbox.vendor.name, "status": "reset"}
