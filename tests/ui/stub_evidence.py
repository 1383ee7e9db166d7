"""The stub API's routes about evidence: attempts, payloads, holdings, lineage, notes."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import FastAPI, Header, Request

from domain.contracts import Page, ServiceChangeView, TimelineEntry, TimelineKind
from domain.contracts_evidence import (
    AttemptDetailView,
    AttemptView,
    HoldingView,
    LineageEntryView,
    PayloadComparisonView,
    PayloadView,
    Personal,
    SyncedFieldView,
)
from domain.contracts_live_steps import LiveStepsView
from tests.ui import samples_evidence
from tests.ui.samples import NOW

if TYPE_CHECKING:
    from tests.ui.stub_api import World

ROUTE = "/v1/service-changes/{change_id}"


def add_routes(
    app: FastAPI,
    world_of: "Callable[[Request], World]",
    one: "Callable[[World, str], ServiceChangeView]",
    asked: Callable[..., Any],
) -> None:
    """Give the stub its routes about evidence; `asked` makes the record of a request."""

    def change(request: Request, change_id: str) -> ServiceChangeView:
        return one(world_of(request), change_id)

    _add_fields(app, change)

    @app.get(f"{ROUTE}/attempts")
    def attempts(request: Request, change_id: str, limit: int = 50) -> Page[AttemptView]:
        page = samples_evidence.attempts(change(request, change_id))
        return page.model_copy(update={"items": page.items[:limit]})

    @app.get(f"{ROUTE}/attempts/{{attempt_id}}")
    def attempt(request: Request, change_id: str, attempt_id: int) -> AttemptDetailView:
        items = samples_evidence.attempts(change(request, change_id)).items
        (found,) = (each for each in items if each.id == attempt_id)
        return samples_evidence.attempt(found)

    @app.get(f"{ROUTE}/payloads")
    def payloads(
        request: Request, change_id: str, personal: Personal = Personal.MASK
    ) -> Page[PayloadView]:
        return Page(items=samples_evidence.payloads(change(request, change_id), personal))

    @app.get(f"{ROUTE}/payloads/compare")
    def compare(
        request: Request,
        change_id: str,
        left: str,
        right: str,
        personal: Personal = Personal.MASK,
    ) -> PayloadComparisonView:
        return samples_evidence.comparison(change(request, change_id), left, right, personal)

    @app.get(f"{ROUTE}/holdings")
    def holdings(request: Request, change_id: str) -> list[HoldingView]:
        return samples_evidence.holdings(change(request, change_id))

    @app.get(f"{ROUTE}/lineage")
    def lineage(request: Request, change_id: str) -> Page[LineageEntryView]:
        return Page(items=samples_evidence.lineage(change(request, change_id)))

    @app.get(f"{ROUTE}/live-steps")
    def live_steps(request: Request, change_id: str) -> LiveStepsView:
        return samples_evidence.live_steps(change(request, change_id))

    @app.post(f"{ROUTE}/notes", status_code=201)
    def note(
        request: Request,
        change_id: str,
        body: dict[str, str],
        idempotency_key: Annotated[str, Header()],
    ) -> TimelineEntry:
        found = world_of(request)
        one(found, change_id)
        found.asked.append(asked(request.url.path, idempotency_key, body))
        entry = TimelineEntry(
            id=f"audit:{900 + len(found.notes)}",
            at=NOW,
            kind=TimelineKind.NOTE,
            title="Note",
            detail=body["text"],
            actor=found.me.principal,
            system=None,
            outcome="done",
            duration_ms=None,
            facts={},
        )
        found.notes.append(entry)
        return entry


def _add_fields(app: FastAPI, change: "Callable[[Request, str], ServiceChangeView]") -> None:
    @app.get(f"{ROUTE}/fields")
    def fields(request: Request, change_id: str) -> list[SyncedFieldView]:
        return samples_evidence.fields(change(request, change_id))
