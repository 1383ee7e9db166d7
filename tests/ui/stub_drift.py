"""The drift inbox of the stub API; for staff, as the real one."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request

from domain.contracts import Page
from domain.contracts_drift import (
    DriftChangeView,
    DriftItemSummary,
    DriftItemView,
    MappingView,
)
from domain.drift import DriftState
from domain.mappings import MappingState
from tests.ui import samples_drift


def add_routes(  # noqa: C901 - a route each
    app: FastAPI,
    staff: Callable[[Request], Any],
    missing: Callable[[str], Exception],
    asked: Callable[[Request, dict[str, Any]], None],
) -> None:
    """`staff` is the world of a caller who reads everything; `asked` keeps a request."""

    def one(request: Request, item_id: str) -> DriftItemView:
        found = staff(request)
        for row in found.drift:
            if row.id == item_id:
                return samples_drift.item(row, role=found.me.role, principal=found.me.principal)
        raise missing(f"There is no drift {item_id}.")

    @app.get("/v1/drift")
    def inbox(
        request: Request,
        *,
        state: Annotated[list[DriftState] | None, Query()] = None,
        parks: bool | None = None,
        cursor: int = 0,
        limit: int = 50,
    ) -> Page[DriftItemSummary]:
        found = [
            row
            for row in staff(request).drift
            if (not state or row.state in state) and parks in {None, row.parks}
        ]
        more = len(found) > cursor + limit
        return Page(
            items=found[cursor : cursor + limit],
            next_cursor=str(cursor + limit) if more else None,
        )

    @app.get("/v1/drift/{item_id}")
    def item(request: Request, item_id: str) -> DriftItemView:
        return one(request, item_id)

    @app.get("/v1/drift/{item_id}/changes")
    def changes(request: Request, item_id: str) -> Page[DriftChangeView]:
        return Page(items=samples_drift.changes(one(request, item_id)), next_cursor=None)

    @app.post("/v1/drift/{item_id}/actions/{action}")
    def act(request: Request, item_id: str, action: str, body: dict[str, Any]) -> DriftItemView:
        del action
        asked(request, body)
        return one(request, item_id)

    @app.post("/v1/drift/{item_id}/second-approvals/{mapping_id}")
    def second(
        request: Request, item_id: str, mapping_id: str, body: dict[str, Any]
    ) -> DriftItemView:
        del mapping_id
        asked(request, body)
        return one(request, item_id)

    @app.get("/v1/mappings")
    def mappings(request: Request) -> Page[MappingView]:
        rows = [row for row in staff(request).drift if row.state is DriftState.MAPPED]
        return Page(
            items=[samples_drift.mapping(row, MappingState.ACTIVE) for row in rows],
            next_cursor=None,
        )

    @app.post("/v1/mappings/{mapping_id}/actions/retire")
    def retire(request: Request, mapping_id: str, body: dict[str, Any]) -> MappingView:
        del mapping_id
        asked(request, body)
        return samples_drift.mapping(samples_drift.MAPPED, MappingState.ACTIVE)
