"""Reconciliation: the systems compared each night, on demand, and for one account."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from adapters.postgres.reconciliation_reading import (
    field_counts,
    last_full_run,
    list_runs,
    run_views,
)
from adapters.postgres.reconciliation_runs import begin_run, run_under_way
from adapters.postgres.tables_reconciliation import ReconciliationRunRow
from api.dependencies import Caller, CorrelationId, System_, require_role
from api.errors import ApiError
from api.idempotency import repeatable
from api.refusals import require_role_on_record
from api.routes.service_changes import IdempotencyKey, Limit
from domain.contracts import Page
from domain.contracts_reconciliation import ReconciliationRunView, ReconciliationSummaryView
from domain.identifiers import new_run_id
from domain.reconciliation import Freshness, freshness
from domain.reconciliation_decisions import MAY_START, RunState
from domain.service_change import READS_EVERYTHING
from domain.submission import STORABLE

router = APIRouter(prefix="/v1/reconciliation", tags=["reconciliation"], max_body_size=16 * 1024)

_START = "start_reconciliation"
_SENTENCES = {
    Freshness.NOT_RUN: "The systems have never been compared.",
    Freshness.STALE: "The last comparison of all accounts is too old to go by.",
    Freshness.INCOMPLETE: "The last comparison left out a system that could not be read.",
    Freshness.FRESH: "All systems were compared within the last day.",
}
_NEXT = {
    Freshness.NOT_RUN: "Run it now, or wait for the night.",
    Freshness.STALE: "See whether the worker and the schedule run; run it now.",
    Freshness.INCOMPLETE: "See the system's health, then run it again.",
    Freshness.FRESH: None,
}


class RunRequest(BaseModel):
    """What to compare: everything, or one account."""

    model_config = ConfigDict(extra="forbid")

    account_id: Annotated[str, StringConstraints(min_length=1, max_length=100), STORABLE] | None = (
        None
    )
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000), STORABLE] = (
        Field(default="")
    )


@router.get("/summary")
async def read_summary(caller: Caller, parts: System_) -> ReconciliationSummaryView:
    """What the last reading of all accounts is worth now, and what stands by field. For staff."""
    require_role(caller, *READS_EVERYTHING)
    async with parts.sessions() as session:
        last = await last_full_run(session)
        running = await run_under_way(session)
        current = await session.get(ReconciliationRunRow, running) if running else None
        rows = [row for row in (last, current) if row is not None]
        views = {view.id: view for view in await run_views(session, rows)} if rows else {}
        now = parts.clock()
        fresh = freshness(
            last.finished_at if last else None,
            complete=last is not None and last.state == RunState.DONE,
            now=now,
        )
        return ReconciliationSummaryView(
            freshness=fresh,
            sentence=_SENTENCES[fresh],
            next_action=_NEXT[fresh],
            last_full_run=views[last.id] if last else None,
            under_way=views[current.id] if current else None,
            fields=await field_counts(session),
        )


@router.get("/runs")
async def read_runs(
    caller: Caller, parts: System_, cursor: str | None = None, limit: Limit = 50
) -> Page[ReconciliationRunView]:
    """Every comparison, newest first. For staff."""
    require_role(caller, *READS_EVERYTHING)
    async with parts.sessions() as session:
        return await list_runs(session, cursor=cursor, limit=limit)


@router.get("/runs/{run_id}")
async def read_run(run_id: str, caller: Caller, parts: System_) -> ReconciliationRunView:
    """One comparison: how each system was read, and what came of it. For staff."""
    require_role(caller, *READS_EVERYTHING)
    async with parts.sessions() as session:
        row = await session.get(ReconciliationRunRow, run_id)
        if row is None:
            raise ApiError("not_found", f"There is no reconciliation run {run_id}.")
        return (await run_views(session, [row]))[0]


@router.post(
    "/runs",
    status_code=HTTPStatus.ACCEPTED,
    response_model=ReconciliationRunView,
    responses={HTTPStatus.ACCEPTED: {"headers": {"Location": {"schema": {"type": "string"}}}}},
)
async def start_run(
    request: Request,
    caller: Caller,
    parts: System_,
    correlation_id: CorrelationId,
    key: IdempotencyKey,
    body: RunRequest | None = None,
) -> Response:
    """Compare all accounts now, or one. Nothing is written at any system.

    One run at a time: 409 while another is under way. Support, operators and admins. Repeating
    under the same key gives the same answer.
    """
    wanted = body or RunRequest()
    await require_role_on_record(parts, caller, MAY_START, _START, correlation_id)
    same = repeatable(request, caller, key, wanted.model_dump())
    id_ = new_run_id(parts.random_bytes)
    async with parts.sessions.begin() as session:
        kept = await same.replay(session)
        if kept is not None:
            return _located(kept)
        begun = await begin_run(
            session,
            id_,
            account_id=wanted.account_id,
            actor=caller.name,
            actor_kind="person",
            correlation_id=correlation_id,
            at=parts.clock(),
            reason=wanted.reason,
        )
        if not begun:
            other = await run_under_way(session)
            raise ApiError(
                "not_applicable", f"Run {other} is under way; a further one begins after it."
            )
        row = await session.get_one(ReconciliationRunRow, id_)
        view = (await run_views(session, [row]))[0]
        return _located(await same.keep(session, view, parts.clock(), HTTPStatus.ACCEPTED))


def _located(answer: Response) -> Response:
    run = ReconciliationRunView.model_validate_json(bytes(answer.body))
    answer.headers["Location"] = f"{router.prefix}/runs/{run.id}"
    return answer
