"""Service changes: submit, list, read, and the support answers of each."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from adapters.postgres.acceptance import NewChange, accept_change
from adapters.postgres.answers import answers, timeline
from adapters.postgres.change_filters import count_changes
from adapters.postgres.reading import (
    count_by_status,
    list_changes,
    read_change,
    read_history,
)
from adapters.postgres.situations import situation_of
from api.dependencies import Caller, CorrelationId, Parts, System_, require_role, visible_change
from api.idempotency import Repeatable, repeatable, required_key
from api.lists import COUNTED_TO, ChangeFilterQuery, ChangeListQuery, match_count
from api.personal import PersonalQuery, sight
from api.uploads import keep_document, submission_in
from domain.contracts import (
    AnswersView,
    MatchCount,
    Page,
    ServiceChangeSummary,
    ServiceChangeView,
    TimelineEntry,
)
from domain.contracts_evidence import Personal
from domain.identifiers import new_change_id
from domain.personal_data import masked
from domain.service_change import MAY_SUBMIT, READS_EVERYTHING
from domain.submission import check_submission

router = APIRouter(prefix="/v1/service-changes", tags=["service changes"])
IdempotencyKey = Annotated[str, Depends(required_key)]
Limit = Annotated[int, Query(ge=1, le=200)]

SUBMISSION_BODY: Final = {
    "required": True,
    "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/Submission"}},
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["change"],
                "properties": {
                    "change": {"$ref": "#/components/schemas/Submission"},
                    "document": {"type": "string", "format": "binary"},
                },
            }
        },
    },
}
"""How a submission is described; it is read off the wire by hand."""


@router.post(
    "",
    status_code=HTTPStatus.ACCEPTED,
    response_model=ServiceChangeView,
    openapi_extra={"requestBody": SUBMISSION_BODY},
)
async def submit(
    request: Request,
    caller: Caller,
    parts: System_,
    correlation_id: CorrelationId,
    key: IdempotencyKey,
) -> Response:
    """Submit a change, with a document or without. Repeating under the same key is harmless."""
    require_role(caller, *MAY_SUBMIT)
    async with submission_in(request, parts.document_max_bytes) as (raw, upload):
        submission = check_submission(raw)
        document = (
            await keep_document(parts.documents, upload, parts.document_max_bytes)
            if upload
            else None
        )
    same = repeatable(request, caller, key, raw, document.sha256 if document else None)
    new = NewChange(
        id=new_change_id(parts.random_bytes),
        submission=submission,
        document=document,
        caller=caller.name,
        role=caller.role,
        idempotency_key=key,
        fingerprint=same.fingerprint,
        correlation_id=correlation_id,
        at=parts.clock(),
    )
    return await _accept(parts, new, same)


async def _accept(parts: Parts, new: NewChange, same: Repeatable) -> Response:
    async with parts.sessions.begin() as session:
        accepted = await accept_change(session, new)
        # Whoever submitted it reads its personal fields as they are, now as later.
        view = accepted.model_copy(update={"may_show_personal": True})
        return _located(
            await same.keep(session, view, new.at, HTTPStatus.ACCEPTED, change_id=new.id)
        )


def _located(replay: Response) -> Response:
    change = ServiceChangeView.model_validate_json(bytes(replay.body))
    replay.headers["Location"] = f"/v1/service-changes/{change.id}"
    return replay


@router.get("")
async def list_service_changes(
    caller: Caller, parts: System_, wanted: ChangeListQuery
) -> Page[ServiceChangeSummary]:
    """Changes, newest first; portals and partners see their own.

    Several values of one filter are alternatives; different filters all have to hold. Times, days
    and numbers are compared: `submitted_at=gte:2026-11-01`, `due_at=lt:now`, `attempts=gte:3`,
    with `gte`, `gt`, `lte` or `lt`, and twice for a range. A time is ISO 8601 (UTC unless it says
    otherwise) or counted from now: `now`, `now-2d`, `now+8h`, in `m`, `h`, `d` or `w`.
    """
    async with parts.sessions() as session:
        return await list_changes(
            session,
            wanted,
            now=parts.clock(),
            submitted_by=caller.sees_only_own,
            cursor=wanted.cursor,
            limit=wanted.limit,
        )


@router.get("/total")
async def count_matching_service_changes(
    caller: Caller, parts: System_, wanted: ChangeFilterQuery
) -> MatchCount:
    """How many changes fit the filters of the list, counted up to a thousand."""
    async with parts.sessions() as session:
        found = await count_changes(
            session,
            wanted,
            now=parts.clock(),
            submitted_by=caller.sees_only_own,
            most=COUNTED_TO,
        )
    return match_count(found)


@router.get("/counts")
async def count_service_changes(caller: Caller, parts: System_) -> dict[str, int]:
    """How many changes stand in each status."""
    async with parts.sessions() as session:
        return await count_by_status(session, caller.sees_only_own)


@router.get("/{change_id}")
async def read_service_change(
    change_id: str, caller: Caller, parts: System_, personal: PersonalQuery = Personal.MASK
) -> ServiceChangeView:
    """One change, whole. Personal fields are masked for all but its submitter."""
    async with parts.sessions.begin() as session:
        row = await visible_change(session, change_id, caller)
        seen = sight(parts, caller, row, personal)
        return await seen.of_change(session, await read_change(session, row))


@router.get("/{change_id}/answers")
async def read_answers(change_id: str, caller: Caller, parts: System_) -> AnswersView:
    """What support is asked about a change, each answer with its evidence."""
    async with parts.sessions() as session:
        row = await visible_change(session, change_id, caller)
        history = await read_history(session, row)
        now = await situation_of(session, row, parts.clock())
    return answers(history, now, principal=caller.name, role=caller.role)


@router.get("/{change_id}/timeline")
async def read_timeline(change_id: str, caller: Caller, parts: System_) -> Page[TimelineEntry]:
    """Everything that happened, in order. What was said to vendors is for staff."""
    async with parts.sessions() as session:
        history = await read_history(session, await visible_change(session, change_id, caller))
    entries = timeline(history, with_exchanges=caller.role in READS_EVERYTHING)
    return Page(
        items=[entry.model_copy(update={"facts": masked(entry.facts)}) for entry in entries]
    )
