"""The approval queue of the stub API; for staff, as the real one."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request

from domain.contracts import Page
from domain.contracts_approvals import ApprovalView
from domain.contracts_assignments import AssignmentView, PersonView
from tests.ui import samples_approvals


def add_routes(
    app: FastAPI,
    staff: Callable[[Request], Any],
    missing: Callable[[str], Exception],
) -> None:
    """`staff` is the world of a caller who reads everything; `missing` refuses an id."""

    @app.get("/v1/approvals")
    def approvals(
        request: Request,
        *,
        put_off: bool = False,
        assignee: str | None = None,
        cursor: int = 0,
        limit: int = 50,
    ) -> Page[ApprovalView]:
        found = staff(request)
        waiting = [
            each
            for each in samples_approvals.queue(found.changes.values(), found.me)
            if samples_approvals.belongs(each, put_off=put_off, assignee=assignee)
        ]
        more = len(waiting) > cursor + limit
        return Page(
            items=waiting[cursor : cursor + limit],
            next_cursor=str(cursor + limit) if more else None,
        )

    @app.get("/v1/people")
    def people(request: Request) -> list[PersonView]:
        staff(request)
        return samples_approvals.PEOPLE

    @app.put("/v1/assignments/{subject}")
    def assign(request: Request, subject: str, body: dict[str, Any]) -> AssignmentView:
        found = staff(request)
        return samples_approvals.assign(subject, body, found.me)

    @app.get("/v1/approvals/{change_id}")
    def approval(request: Request, change_id: str) -> ApprovalView:
        found = staff(request)
        for each in samples_approvals.queue(found.changes.values(), found.me):
            if each.change.id == change_id:
                return each
        raise missing(f"{change_id} does not wait for an approval.")
