"""Whose work is whose: taken, handed over, put off. For staff."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

from adapters.postgres.assignments import assign, exists, list_assignments, list_people
from api.dependencies import Caller, CorrelationId, Parts, System_, require_role
from api.errors import ApiError
from api.routes.actions import Reason
from api.routes.service_changes import Limit
from domain.assignments import PUT_OFF_AT_MOST, subject_of
from domain.contracts import Page
from domain.contracts_assignments import AssignmentView, PersonView
from domain.errors import FieldProblem, InvalidChangeError
from domain.service_change import READS_EVERYTHING
from domain.submission import STORABLE

router = APIRouter(prefix="/v1", tags=["assignments"])
Name = Annotated[str, StringConstraints(min_length=1, max_length=200), STORABLE]
MOST_SUBJECTS = 200


class AssignmentRequest(BaseModel):
    """Whose work it is from now on; what is left out is taken away."""

    model_config = ConfigDict(extra="forbid")

    assignee: Name | None = None
    follow_up_at: AwareDatetime | None = None
    reason: Reason


@router.get("/people")
async def read_people(caller: Caller, parts: System_) -> list[PersonView]:
    """Everybody work can be handed to, by name."""
    require_role(caller, *READS_EVERYTHING)
    async with parts.sessions() as session:
        return await list_people(session)


@router.get("/assignments")
async def read_assignments(
    caller: Caller,
    parts: System_,
    subject: Annotated[list[str] | None, Query(max_length=MOST_SUBJECTS)] = None,
    assignee: Annotated[str | None, Query(max_length=200)] = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[AssignmentView]:
    """Whose work the subjects are, or what is somebody's; the longest standing first."""
    require_role(caller, *READS_EVERYTHING)
    async with parts.sessions() as session:
        return await list_assignments(
            session,
            parts.clock(),
            subjects=subject or (),
            assignee=assignee,
            cursor=cursor,
            limit=limit,
        )


@router.put("/assignments/{subject}")
async def put_assignment(
    subject: Annotated[str, Path(max_length=200)],
    body: AssignmentRequest,
    caller: Caller,
    parts: System_,
    correlation_id: CorrelationId,
) -> AssignmentView:
    """Take a change or a cause, hand it to somebody, or put it off. Repeating is harmless.

    `subject` is `change:<id>` or `cause:<fingerprint>`. What is put off comes back by itself at
    `follow_up_at`, and a cause at once when it stops a further change.
    """
    require_role(caller, *READS_EVERYTHING)
    about = subject_of(subject)
    async with parts.sessions.begin() as session:
        if about is None or not await exists(session, about):
            raise ApiError("not_found", f"There is neither a change nor a cause {subject}.")
        people = {person.principal for person in await list_people(session)}
        _require_sense(parts, body, people)
        return await assign(
            session,
            about,
            assignee=body.assignee,
            follow_up_at=body.follow_up_at,
            reason=body.reason,
            actor=caller.name,
            correlation_id=correlation_id,
            at=parts.clock(),
        )


def _require_sense(parts: Parts, body: AssignmentRequest, people: set[str]) -> None:
    problems = []
    if body.assignee is not None and body.assignee not in people:
        problems.append(FieldProblem("assignee", f"nobody here is called {body.assignee}"))
    if body.follow_up_at is not None:
        away = body.follow_up_at - parts.clock()
        if not timedelta(0) < away <= PUT_OFF_AT_MOST:
            problems.append(
                FieldProblem("follow_up_at", f"has to be within {PUT_OFF_AT_MOST.days} days")
            )
    if problems:
        raise InvalidChangeError(problems)
