"""Events from vendors: the door takes them in, everything else about the inbox is for staff."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from adapters.postgres.inbox import VendorEvent, count_forged, take_event
from adapters.postgres.inbox_reading import (
    InboxFilter,
    Release,
    inbox_summary,
    list_events,
    read_inbox_event,
    release,
)
from adapters.webhooks import is_event_id
from api.dependencies import Caller, CorrelationId, System_, require_role
from api.errors import ApiError
from api.routes.service_changes import Limit
from domain.contracts import Page
from domain.contracts_inbox import InboxEventSummary, InboxEventView, InboxSummaryView
from domain.errors import FieldProblem
from domain.identifiers import System
from domain.service_change import READS_EVERYTHING, Role
from domain.submission import STORABLE
from domain.vendor_events import RELEASABLE, RELEASERS, InboxState

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])
_LARGEST_EVENT: Final = 256 * 1024
_KEPT_HEADERS: Final = ("webhook-id", "webhook-timestamp", "content-type", "x-correlation-id")
_LONGEST_HEADER: Final = 255
_NO_SUCH: Final = "There is no event {event_id} of {system}."


@router.post("/{system}", status_code=HTTPStatus.NO_CONTENT, response_class=Response)
async def receive(system: System, request: Request, parts: System_) -> Response:
    """Keep a genuine event and queue it. Repeating one is harmless: it is counted."""
    verifier = parts.verifiers.get(system)
    if verifier is None:
        raise ApiError("not_found", f"{system} sends no events here.")
    body = await _body(request)
    if not verifier.genuine(body, request.headers):
        async with parts.sessions.begin() as session:
            await count_forged(session, system, parts.clock())
        raise ApiError("webhook_forged", "The signature or its time does not fit.")
    event_id = request.headers["webhook-id"]
    if not is_event_id(event_id):
        words = "needs 1 to 255 printable characters"
        raise ApiError("invalid_request", f"webhook-id {words}.", [FieldProblem("id", words)])
    event = VendorEvent(
        system=system, id=event_id, body=body, headers=_kept(request), at=parts.clock()
    )
    async with parts.sessions.begin() as session:
        await take_event(session, event)
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _body(request: Request) -> bytes:
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > _LARGEST_EVENT:
            raise ApiError("body_too_large", "The event is larger than any vendor's.")
        pieces.append(piece)
    return b"".join(pieces)


def _kept(request: Request) -> dict[str, str]:
    return {
        name: request.headers[name][:_LONGEST_HEADER]
        for name in _KEPT_HEADERS
        if request.headers.get(name, "").isprintable() and name in request.headers
    }


@router.get("/summary")
async def read_summary(caller: Caller, parts: System_) -> InboxSummaryView:
    """What came, what is stuck, what was forged, and how far each vendor was asked."""
    require_role(caller, *READS_EVERYTHING)
    async with parts.sessions() as session:
        return await inbox_summary(session, parts.clock())


@router.get("/events")
async def read_events(
    caller: Caller,
    parts: System_,
    system: System | None = None,
    state: Annotated[list[InboxState] | None, Query()] = None,
    type: str | None = None,  # noqa: A002 - the name of the query parameter
    reference: str | None = None,
    account_id: str | None = None,
    change_id: str | None = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[InboxEventSummary]:
    """Events, newest first, with what came of each."""
    require_role(caller, *READS_EVERYTHING)
    wanted = InboxFilter(
        system=system,
        state=state or (),
        type=type,
        reference=reference,
        account_id=account_id,
        change_id=change_id,
    )
    async with parts.sessions() as session:
        return await list_events(session, wanted, cursor=cursor, limit=limit)


class ReleaseRequest(BaseModel):
    """Why the event may be processed now."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000), STORABLE
    ]


@router.post("/events/{system}/{event_id:path}/actions/release")
async def release_event(
    system: System,
    event_id: str,
    body: ReleaseRequest,
    caller: Caller,
    parts: System_,
    correlation_id: CorrelationId,
) -> InboxEventView:
    """Queue a quarantined or failed event again; 409 for one that waits for nobody."""
    require_role(caller, *RELEASERS)
    wanted = Release(system, event_id, caller.name, body.reason, correlation_id, parts.clock())
    async with parts.sessions.begin() as session:
        before = await release(session, wanted)
    if before is not None and before not in RELEASABLE:
        raise ApiError("not_applicable", f"The event is {before}; it waits for nobody.")
    return await _event(parts, system, event_id, caller.role)


@router.get("/events/{system}/{event_id:path}")
async def read_event(
    system: System, event_id: str, caller: Caller, parts: System_
) -> InboxEventView:
    """One event with its body, its further arrivals and what came of it."""
    require_role(caller, *READS_EVERYTHING)
    return await _event(parts, system, event_id, caller.role)


async def _event(parts: System_, system: System, event_id: str, role: Role) -> InboxEventView:
    async with parts.sessions() as session:
        found = await read_inbox_event(session, system, event_id, role)
    if found is None:
        raise ApiError("not_found", _NO_SUCH.format(event_id=event_id, system=system))
    return found
