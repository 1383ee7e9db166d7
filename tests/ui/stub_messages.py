"""The inbox and the attempts of the stub API; for staff, as the real ones."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request

from domain.contracts import Page
from domain.contracts_inbox import InboxEventSummary, InboxEventView, InboxSummaryView
from domain.contracts_messages import OutgoingAttemptView
from domain.identifiers import System
from domain.vendor_events import InboxState
from tests.ui import samples_messages as samples


def add_routes(
    app: FastAPI, staff: Callable[[Request], Any], missing: Callable[[str], Exception]
) -> None:
    """`staff` is the world of a caller who reads everything; `missing` refuses an id."""

    def events(found: Any) -> list[InboxEventSummary]:  # noqa: ANN401 - a world
        return [
            each.model_copy(update={"state": InboxState.QUEUED})
            if each.event_id in found.released
            else each
            for each in (samples.EVENTS if found.changes else [])
        ]

    @app.get("/v1/webhooks/summary")
    def summary(request: Request) -> InboxSummaryView:
        return samples.SUMMARY if staff(request).changes else InboxSummaryView(systems=[])

    @app.get("/v1/webhooks/events")
    def listed(
        request: Request,
        system: System | None = None,
        state: Annotated[list[InboxState] | None, Query()] = None,
        cursor: int = 0,
        limit: int = 50,
    ) -> Page[InboxEventSummary]:
        found = [
            each
            for each in events(staff(request))
            if system in {None, each.system} and (not state or each.state in state)
        ]
        more = len(found) > cursor + limit
        return Page(
            items=found[cursor : cursor + limit],
            next_cursor=str(cursor + limit) if more else None,
        )

    @app.get("/v1/webhooks/events/{system}/{event_id:path}")
    def one(request: Request, system: System, event_id: str) -> InboxEventView:
        found = staff(request)
        for each in events(found):
            if (each.system, each.event_id) == (system, event_id):
                return samples.whole(each, found.me)
        raise missing(f"There is no event {event_id} of {system}.")

    @app.post("/v1/webhooks/events/{system}/{event_id:path}/actions/release")
    def release(
        request: Request, system: System, event_id: str, body: dict[str, Any]
    ) -> InboxEventView:
        found = staff(request)
        found.told(request.url.path, body)
        found.released.add(event_id)
        return one(request, system, event_id)

    @app.get("/v1/attempts")
    def attempts(
        request: Request,
        system: System | None = None,
        outcome: Annotated[list[str] | None, Query()] = None,
        change_id: str | None = None,
        step: str | None = None,
    ) -> Page[OutgoingAttemptView]:
        found = [
            each
            for each in (samples.ATTEMPTS if staff(request).changes else [])
            if system in {None, each.system}
            and (not outcome or each.outcome in outcome)
            and change_id in {None, each.change_id}
            and step in {None, each.step}
        ]
        return Page(items=found)
