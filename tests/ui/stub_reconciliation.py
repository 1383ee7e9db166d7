"""Reconciliation of the stub API; for staff, as the real one."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import FastAPI, Header, Query, Request

from domain.contracts import Page
from domain.contracts_reconciliation import (
    DifferenceDecisionView,
    DifferenceView,
    ReconciliationRunView,
    ReconciliationSummaryView,
)
from domain.reconciliation_decisions import (
    DifferenceAction,
    DifferenceFacts,
    DifferenceState,
    RunState,
    becomes,
)
from tests.ui import samples_reconciliation
from tests.ui.samples import NOW


def add_routes(
    app: FastAPI,
    staff: Callable[[Request], Any],
    missing: Callable[[str], Exception],
    asked: Callable[..., Any],
) -> None:
    """`asked` makes the note of a request that changes something."""

    def seen(found: Any, each: DifferenceView) -> DifferenceView:  # noqa: ANN401 - a world
        return samples_reconciliation.as_seen(each, found.me.role, found.me.principal)

    @app.get("/v1/reconciliation/summary")
    def summary(request: Request) -> ReconciliationSummaryView:
        told: ReconciliationSummaryView = staff(request).reconciled.summary()
        return told

    @app.post("/v1/reconciliation/runs", status_code=202)
    def start(
        request: Request, body: dict[str, Any], idempotency_key: Annotated[str, Header()]
    ) -> ReconciliationRunView:
        found = staff(request)
        found.asked.append(asked(request.url.path, idempotency_key, body))
        found.reconciled.under_way = samples_reconciliation.run(
            id="rec_now",
            state=RunState.RUNNING,
            finished_at=None,
            started_by=found.me.principal,
            started_by_kind="person",
            account_id=body.get("account_id"),
        )
        run: ReconciliationRunView = found.reconciled.under_way
        return run

    @app.get("/v1/reconciliation/differences")
    def differences(
        request: Request,
        state: Annotated[list[DifferenceState] | None, Query()] = None,
        account_id: str | None = None,
        cursor: int = 0,
        limit: int = 50,
    ) -> Page[DifferenceView]:
        found = staff(request)
        listed = [
            seen(found, each)
            for each in found.reconciled.differences
            if (not state or each.state in state) and account_id in {None, each.account_id}
        ]
        more = len(listed) > cursor + limit
        return Page(
            items=listed[cursor : cursor + limit],
            next_cursor=str(cursor + limit) if more else None,
        )

    @app.get("/v1/reconciliation/differences/{difference_id}")
    def one(request: Request, difference_id: str) -> DifferenceView:
        found = staff(request)
        for each in found.reconciled.differences:
            if each.id == difference_id:
                return seen(found, each)
        raise missing(f"There is no difference {difference_id}.")

    @app.post("/v1/reconciliation/differences/{difference_id}/actions/{action}")
    def decide(
        request: Request,
        difference_id: str,
        action: DifferenceAction,
        body: dict[str, Any],
        idempotency_key: Annotated[str, Header()],
    ) -> DifferenceView:
        found = staff(request)
        found.asked.append(asked(request.url.path, idempotency_key, body))
        place, before = next(
            (place, each)
            for place, each in enumerate(found.reconciled.differences)
            if each.id == difference_id
        )
        facts = DifferenceFacts(before.field, before.other.system, before.state)
        made = DifferenceDecisionView(
            action=action,
            actor=found.me.principal,
            reason=body["reason"],
            at=NOW,
        )
        after = before.model_copy(update={"state": becomes(action, facts), "decision": made})
        found.reconciled.differences[place] = after
        return seen(found, after)
