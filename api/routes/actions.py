"""What people do to a change. The workflow decides; here are rights, keys and the record."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.acceptance import keep_answer
from adapters.postgres.answers import safe_to_retry
from adapters.postgres.audit import audit_entry
from adapters.postgres.reading import read_change, read_history
from adapters.postgres.tables import DecisionRow, DocumentVersionRow, ServiceChangeRow
from api.dependencies import Caller, Parts, Principal, System_, visible_change
from api.errors import ApiError
from api.idempotency import Repeatable, as_bytes, repeatable
from api.routes.service_changes import IdempotencyKey
from domain.contracts import ServiceChangeView
from domain.errors import DecisionRefusedError, NobodyAnswersError, NoWorkflowError
from domain.identifiers import fingerprint
from domain.messages import Decision
from domain.service_change import Action, ChangeStatus, DocumentState, Role, permission
from domain.submission import STORABLE

router = APIRouter(
    prefix="/v1/service-changes/{change_id}/actions",
    tags=["actions"],
    max_body_size=16 * 1024,  # a reason and two hashes
)
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class ActionRequest(BaseModel):
    """Why, and for an approval what was looked at (the plan's and document's hash)."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000), STORABLE
    ]
    plan_sha256: Sha256 | None = None
    document_sha256: Sha256 | None = None


@router.post("/{action}", response_model=ServiceChangeView)
async def act(
    change_id: str,
    action: Action,
    body: ActionRequest,
    request: Request,
    caller: Caller,
    parts: System_,
    key: IdempotencyKey,
) -> Response:
    """Approve, reject, cancel or retry. Repeating under the same key gives the same answer."""
    same = repeatable(request, caller, key, body.model_dump())
    async with parts.sessions() as session:
        replay = await same.replay(session)
        if replay is not None:
            return replay
        row = await visible_change(session, change_id, caller)
        decision = _decision(row, action, body, caller, same)
        # Taken before, by a request whose answer never got out: all that is left is to answer.
        taken = await session.get(DecisionRow, decision.id) is not None
        stale = action is Action.APPROVE and await _has_another_document(session, row)
    if not taken:
        await _require_permission(parts, row, decision)
        await _require_safe_retry(parts, row, decision)
        if stale:
            why = "A document came after what you looked at; look again."
            await _record_refusal(parts, change_id, decision, why)
            raise ApiError("stale_approval", why)
        await _have_decided(parts, change_id, decision)
    async with parts.sessions() as session:
        fresh = await session.get_one(ServiceChangeRow, change_id)
        answer = as_bytes(await read_change(session, fresh))
        first = await keep_answer(
            session,
            caller=caller.name,
            key=key,
            fingerprint_=same.fingerprint,
            change_id=change_id,
            answer=(HTTPStatus.OK, answer),
            at=parts.clock(),
        )
        await session.commit()
        replay = None if first else await same.replay(session)
    return replay or Response(answer, media_type="application/json")


def _decision(
    row: ServiceChangeRow, action: Action, body: ActionRequest, caller: Principal, same: Repeatable
) -> Decision:
    """The decision as the workflow takes it; an approval names what stands on record now."""
    plan_document = (row.plan or {}).get("document_sha256")
    return Decision(
        # The request is part of the id: another decision under the same key is another decision.
        id=fingerprint({"caller": caller.name, "key": same.key, "request": same.fingerprint})[:32],
        action=action,
        actor=caller.name,
        role=caller.role,
        reason=body.reason,
        plan_sha256=body.plan_sha256 or row.plan_sha256,
        document_sha256=body.document_sha256 or plan_document,
    )


async def _has_another_document(session: AsyncSession, row: ServiceChangeRow) -> bool:
    """Whether a document came after the plan; the workflow may not have heard of it yet."""
    current: int | None = await session.scalar(
        select(DocumentVersionRow.version).where(
            DocumentVersionRow.change_id == row.id,
            DocumentVersionRow.state == DocumentState.CURRENT,
        )
    )
    planned: int = (row.plan or {}).get("document_version", 0)
    return (current or 0) != planned


async def _have_decided(parts: Parts, change_id: str, decision: Decision) -> None:
    try:
        await parts.engine.decide(change_id, decision)
    except NoWorkflowError as error:
        async with parts.sessions() as session:
            row = await session.get_one(ServiceChangeRow, change_id)
        await _require_permission(parts, row, decision)  # it may have ended since we looked
        # On record it is open, so its workflow is about to be started.
        raise NobodyAnswersError("the workflow of this change has not begun yet") from error
    except DecisionRefusedError as error:
        await _record_refusal(parts, change_id, decision, str(error))
        raise


async def _require_permission(parts: Parts, row: ServiceChangeRow, decision: Decision) -> None:
    may = permission(
        decision.action,
        role=decision.role,
        principal=decision.actor,
        submitted_by=row.submitted_by,
        status=ChangeStatus(row.status),
    )
    if may.allowed:
        return
    reason = may.reason or ""
    await _record_refusal(parts, row.id, decision, reason)
    raise ApiError(str(may.refusal), reason)


async def _require_safe_retry(parts: Parts, row: ServiceChangeRow, decision: Decision) -> None:
    """Support retries what is safe; what nobody can look up is for an operator to find out."""
    if decision.action is not Action.RETRY or decision.role is not Role.SUPPORT:
        return
    async with parts.sessions() as session:
        history = await read_history(session, row)
    unsafe = [each for each in safe_to_retry(history.change, history.attempts) if not each.safe]
    if unsafe:
        why = f"{unsafe[0].step} at {unsafe[0].system}: {unsafe[0].sentence}"
        await _record_refusal(parts, row.id, decision, why)
        raise ApiError("forbidden", why)


async def _record_refusal(parts: Parts, change_id: str, decision: Decision, why: str) -> None:
    async with parts.sessions.begin() as session:
        row = await session.get_one(ServiceChangeRow, change_id)
        session.add(
            audit_entry(
                at=parts.clock(),
                actor=decision.actor,
                actor_kind="person",
                action=decision.action,
                outcome="refused",
                change=row,
                reason=why,
            )
        )
