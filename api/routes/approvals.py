"""The approval queue: what waits for a decision, most urgent first, and what it rests on."""

from typing import Annotated

from fastapi import APIRouter, Query

from adapters.postgres.approvals import ApprovalFilter, list_approvals, read_approval
from adapters.postgres.desk_reading import Reader
from api.dependencies import Caller, System_, require_role
from api.errors import ApiError
from api.routes.service_changes import Limit
from domain.contracts import Page
from domain.contracts_approvals import ApprovalView
from domain.service_change import READS_EVERYTHING

router = APIRouter(prefix="/v1/approvals", tags=["approvals"])


@router.get("")
async def read_approvals(
    caller: Caller,
    parts: System_,
    *,
    put_off: bool = False,
    assignee: Annotated[str | None, Query(max_length=200)] = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[ApprovalView]:
    """What waits for an approval: the soonest due first, then the longest waiting. For staff.

    What somebody has put off is left out; `put_off` asks for that part alone. `assignee` narrows it
    to what is somebody's work.

    To decide many, send `POST /v1/service-changes/{change_id}/actions/approve` (or `reject`) for
    each item whose `may_act` allows it, each with its own `Idempotency-Key`, its own
    `plan_sha256` and `document_sha256`, and the same `reason`. Each is decided for itself: what
    has changed since it was read is refused with `stale_approval` and holds up no other.
    """
    require_role(caller, *READS_EVERYTHING)
    reader = Reader(caller.name, caller.role)
    async with parts.sessions() as session:
        return await list_approvals(
            session,
            ApprovalFilter(put_off=put_off, assignee=assignee),
            parts.clock(),
            reader,
            cursor=cursor,
            limit=limit,
        )


@router.get("/{change_id}")
async def read_one_approval(change_id: str, caller: Caller, parts: System_) -> ApprovalView:
    """One change that waits for an approval. For staff."""
    require_role(caller, *READS_EVERYTHING)
    reader = Reader(caller.name, caller.role)
    async with parts.sessions() as session:
        found = await read_approval(session, change_id, parts.clock(), reader)
    if found is None:
        raise ApiError("not_found", f"{change_id} does not wait for an approval.")
    return found
