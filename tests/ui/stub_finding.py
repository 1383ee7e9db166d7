"""The stub API's routes about finding: narrowed lists, counts, files, views and rights."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.responses import Response

from api.routes.permissions import read_permissions
from domain.contracts import AuditEntryView, MatchCount, Page, SearchHit, ServiceChangeSummary
from domain.contracts_views import RightView, SavedViewView
from domain.filters import ListPage
from domain.service_change import READS_EVERYTHING, ChangeKind, ChangeStatus
from tests.ui import samples_history
from tests.ui.samples import NOW
from tests.ui.stub_problems import ProblemError, problem

if TYPE_CHECKING:
    from tests.ui.stub_api import World

Statuses = Annotated[list[ChangeStatus] | None, Query()]
Kinds = Annotated[list[ChangeKind] | None, Query()]
FILE = b"\xef\xbb\xbfid\r\n"


def add_routes(  # noqa: C901 - a route each; the stub is one table
    app: FastAPI, world: "Callable[[Request], World]", asked: Callable[..., Any]
) -> None:
    """Give the stub its routes about finding; `asked` makes the record of a request."""

    def fitting(request: Request, statuses: Statuses, kinds: Kinds) -> list[ServiceChangeSummary]:
        return [
            item
            for item in world(request).changes.values()
            if (not statuses or item.status in statuses) and (not kinds or item.kind in kinds)
        ]

    def staff(request: Request) -> "World":
        found = world(request)
        if found.me.role not in READS_EVERYTHING:
            raise ProblemError(
                problem(403, "forbidden", "Not allowed",
                        "This needs one of the roles: admin, operator, support.", "")
            )  # fmt: skip
        return found

    @app.get("/v1/service-changes")
    def listed(
        request: Request,
        status: Statuses = None,
        kind: Kinds = None,
        cursor: int = 0,
        limit: int = 50,
    ) -> Page[ServiceChangeSummary]:
        world(request).lists.append(dict(request.query_params))
        found = fitting(request, status, kind)
        more = len(found) > cursor + limit
        return Page(
            items=found[cursor : cursor + limit], next_cursor=str(cursor + limit) if more else None
        )

    @app.get("/v1/service-changes/total")
    def total(request: Request, status: Statuses = None, kind: Kinds = None) -> MatchCount:
        found = len(fitting(request, status, kind))
        return MatchCount(count=min(found, 1000), more=found > 1000)

    @app.get("/v1/service-changes/export")
    def export(request: Request) -> Response:
        world(request).asked.append(asked(request.url.path, None, dict(request.query_params)))
        return Response(FILE, media_type="text/csv")

    @app.get("/v1/search")
    def search(request: Request, q: str) -> Page[SearchHit]:
        hits = [
            SearchHit(change=item, matched_kind="account_id", matched_value=item.account_id)
            for item in world(request).changes.values()
            if q.lower() in {item.id, item.account_id.lower(), item.correlation_id}
        ]
        return Page(items=hits)

    def entries(request: Request, change_id: str | None) -> list[AuditEntryView]:
        told = samples_history.audit(staff(request).changes.values())
        return [entry for entry in told if change_id in {None, entry.change_id}]

    @app.get("/v1/audit")
    def audited(request: Request, change_id: str | None = None) -> Page[AuditEntryView]:
        staff(request).lists.append(dict(request.query_params))
        return Page(items=entries(request, change_id))

    @app.get("/v1/audit/total")
    def audit_total(request: Request, change_id: str | None = None) -> MatchCount:
        return MatchCount(count=len(entries(request, change_id)), more=False)

    @app.get("/v1/views")
    def views(request: Request, page: ListPage) -> Page[SavedViewView]:
        return Page(items=[each for each in staff(request).views.values() if each.page is page])

    @app.post("/v1/views", status_code=201)
    def keep(request: Request, body: dict[str, Any]) -> SavedViewView:
        found = staff(request)
        found.asked.append(asked(request.url.path, None, body))
        view = view_of(f"view_{len(found.views)}", owner=found.me.principal, **body)
        found.views[view.id] = view
        return view

    @app.patch("/v1/views/{view_id}")
    def change(request: Request, view_id: str, body: dict[str, Any]) -> SavedViewView:
        found = staff(request)
        found.asked.append(asked(request.url.path, None, body))
        found.views[view_id] = found.views[view_id].model_copy(update=body)
        return found.views[view_id]

    @app.delete("/v1/views/{view_id}", status_code=204)
    def delete(request: Request, view_id: str) -> None:
        del staff(request).views[view_id]

    @app.get("/v1/permissions")
    def permissions(request: Request) -> list[RightView]:
        found = world(request)
        return asyncio.run(read_permissions(found.me)) if found.changes else []  # type: ignore[arg-type] # any caller is answered the same


def view_of(id_: str, **values: Any) -> SavedViewView:  # noqa: ANN401 - fields of a view
    """A view of the page of changes, somebody's own, without an alert."""
    fields: dict[str, Any] = {
        "id": id_,
        "page": ListPage.CHANGES,
        "name": "Just in",
        "owner": "operator",
        "shared": False,
        "filters": {},
        "alert_above": None,
        "held": None,
        "looked_at": None,
        "alert": None,
        "may_edit": True,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return SavedViewView(**fields | values)
