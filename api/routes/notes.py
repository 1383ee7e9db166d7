"""Notes that staff leave on a change; a note moves nothing."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from adapters.postgres.answers import NOTE, audit_entry_told
from adapters.postgres.audit import audit_entry
from api.dependencies import Caller, System_, require_role, visible_change
from api.idempotency import repeatable
from api.routes.service_changes import IdempotencyKey
from domain.contracts import TimelineEntry
from domain.service_change import READS_EVERYTHING
from domain.submission import STORABLE

router = APIRouter(
    prefix="/v1/service-changes/{change_id}", tags=["actions"], max_body_size=16 * 1024
)
NoteText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000), STORABLE
]


class NoteRequest(BaseModel):
    """What is to be kept with the change. The submitter can read it."""

    model_config = ConfigDict(extra="forbid")

    text: NoteText


@router.post("/notes", status_code=HTTPStatus.CREATED, response_model=TimelineEntry)
async def add_note(
    change_id: str,
    body: NoteRequest,
    request: Request,
    caller: Caller,
    parts: System_,
    key: IdempotencyKey,
) -> Response:
    """Keep a note on the change's audit trail; it stands in the timeline. For staff.

    Repeating under the same key gives the same answer.
    """
    require_role(caller, *READS_EVERYTHING)
    same = repeatable(request, caller, key, body.model_dump())
    async with parts.sessions.begin() as session:
        replay = await same.replay(session)
        if replay is not None:
            return replay
        change = await visible_change(session, change_id, caller)
        entry = audit_entry(
            at=parts.clock(),
            actor=caller.name,
            actor_kind="person",
            action=NOTE,
            change=change,
            reason=body.text,
        )
        session.add(entry)
        await session.flush()
        # The same click, twice: the note stands once.
        return await same.keep(
            session, audit_entry_told(entry), parts.clock(), HTTPStatus.CREATED, change_id=change_id
        )
