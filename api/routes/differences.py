"""Differences that reconciliation found: read, reviewed, repaired, dismissed."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.reconciliation_deciding import (
    DifferenceDecision,
    decide,
    difference_note,
    expire,
    locked_difference,
)
from adapters.postgres.reconciliation_reading import (
    DifferenceFilter,
    Looker,
    facts_of,
    list_differences,
    read_difference,
    seen_sha256,
)
from adapters.postgres.tables_reconciliation import DifferenceRow
from api.dependencies import Caller, CorrelationId, Parts, Principal, System_, require_role
from api.errors import ApiError
from api.idempotency import Repeatable, repeatable
from api.routes.actions import Reason, Sha256
from api.routes.service_changes import IdempotencyKey, Limit
from domain.contracts import Page
from domain.contracts_reconciliation import DifferenceView
from domain.identifiers import System
from domain.reconciliation import Field
from domain.reconciliation_decisions import DifferenceAction, DifferenceState, may_decide
from domain.service_change import READS_EVERYTHING

router = APIRouter(
    prefix="/v1/reconciliation/differences", tags=["reconciliation"], max_body_size=16 * 1024
)


class DifferenceRequest(BaseModel):
    """Why, and the hash of what was looked at: the decision is about nothing else."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason
    seen_sha256: Sha256


@router.get("")
async def read_differences(
    caller: Caller,
    parts: System_,
    run: str | None = None,
    system: System | None = None,
    field: Field | None = None,
    state: Annotated[list[DifferenceState] | None, Query()] = None,
    explained: bool | None = None,
    account_id: str | None = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[DifferenceView]:
    """Differences, the oldest first; what is given narrows it. For staff.

    `system` is the one that has not the owner's value; `run` the one that saw it last.
    """
    require_role(caller, *READS_EVERYTHING)
    wanted = DifferenceFilter(run, system, field, tuple(state or ()), explained, account_id)
    async with parts.sessions() as session:
        return await list_differences(session, wanted, _looker(caller), cursor=cursor, limit=limit)


@router.get("/{difference_id}")
async def read_one_difference(difference_id: str, caller: Caller, parts: System_) -> DifferenceView:
    """One difference: both values, what accounts for it, and every repair of it. For staff."""
    require_role(caller, *READS_EVERYTHING)
    async with parts.sessions() as session:
        row = await session.get(DifferenceRow, difference_id)
        if row is None:
            raise _unknown(difference_id)
        return await read_difference(session, row, _looker(caller))


@router.post("/{difference_id}/actions/{action}", response_model=DifferenceView)
async def decide_difference(
    difference_id: str,
    action: DifferenceAction,
    body: DifferenceRequest,
    request: Request,
    caller: Caller,
    parts: System_,
    correlation_id: CorrelationId,
    key: IdempotencyKey,
) -> Response:
    """Review a difference, have it repaired, dismiss it; confirm or decline a colleague's repair.

    A repair brings the owner's value to the other system, by an effect of its own; the owner is
    never written to. Where money is concerned it waits for a second person. Repeating under the
    same key gives the same answer.
    """
    same = repeatable(request, caller, key, body.model_dump())
    new = DifferenceDecision(action, caller.name, body.reason, correlation_id, parts.clock())
    async with parts.sessions.begin() as session:
        row = await locked_difference(session, difference_id)
        if row is None:
            raise _unknown(difference_id)
        kept = await same.replay(session)
        if kept is not None:
            return kept
        refusal = _objection(row, new, caller, body.seen_sha256)
        if refusal is None:
            await decide(session, row, new)
            await session.flush()
            return await _answer(session, parts, row, caller, same)
        session.add(difference_note(row, new, outcome="refused", why=str(refusal)))
    raise refusal


def _objection(
    row: DifferenceRow, new: DifferenceDecision, caller: Principal, seen: str
) -> ApiError | None:
    stale = seen_sha256(row) != seen
    expire(row, new.at)
    may = may_decide(new.action, facts_of(row), role=caller.role, principal=caller.name)
    if not may.allowed:
        return ApiError("forbidden" if may.rights else "not_applicable", may.reason or "")
    if stale:
        return ApiError("stale_approval", "The difference has moved on since you looked at it.")
    return None


def _looker(caller: Principal) -> Looker:
    return Looker(caller.name, caller.role)


def _unknown(difference_id: str) -> ApiError:
    return ApiError("not_found", f"There is no difference {difference_id}.")


async def _answer(
    session: AsyncSession, parts: Parts, row: DifferenceRow, caller: Principal, same: Repeatable
) -> Response:
    """The difference as it is now, kept as the answer under the caller's key."""
    view = await read_difference(session, row, _looker(caller))
    return await same.keep(session, view, parts.clock())
