"""What people do to a change. The workflow decides; here are rights, keys and the record."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from adapters.postgres.acceptance import keep_answer
from adapters.postgres.audit import add_audit
from adapters.postgres.reading import read_change
from adapters.postgres.tables import ServiceChangeRow
from api.dependencies import Caller, Parts, Principal, System_, visible_change
from api.errors import ApiError
from api.idempotency import as_bytes, repeatable
from api.routes.service_changes import IdempotencyKey
from domain.contracts import ServiceChangeView
from domain.errors import DecisionRefusedError, NobodyAnswersError, NoWorkflowError
from domain.identifiers import fingerprint
from domain.messages import Decision
from domain.service_change import Action, ChangeStatus, permission

router = APIRouter(prefix="/v1/service-changes/{change_id}/actions", tags=["actions"])


class ActionRequest(BaseModel):
    """Why, and for an approval what was looked at (the plan's and document's hash)."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
    plan_sha256: str | None = None
    document_sha256: str | None = None


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
        decision = _decision(row, action, body, caller, key)
    await _require_permission(parts, row, decision)
    try:
        await parts.engine.decide(change_id, decision)
    except NoWorkflowError as error:
        # On record it is open, so its workflow is about to be started.
        raise NobodyAnswersError("the workflow of this change has not begun yet") from error
    except DecisionRefusedError as error:
        await _record_refusal(parts, change_id, decision, str(error))
        raise
    async with parts.sessions.begin() as session:
        fresh = await session.get_one(ServiceChangeRow, change_id)
        answer = as_bytes(await read_change(session, fresh))
        await keep_answer(
            session,
            caller=caller.name,
            key=key,
            fingerprint_=same.fingerprint,
            change_id=change_id,
            answer=(HTTPStatus.OK, answer),
            at=parts.clock(),
        )
    return Response(answer, media_type="application/json")


def _decision(
    row: ServiceChangeRow, action: Action, body: ActionRequest, caller: Principal, key: str
) -> Decision:
    """The decision as the workflow takes it; an approval names what stands on record now."""
    plan_document = (row.plan or {}).get("document_sha256")
    return Decision(
        id=fingerprint({"caller": caller.name, "key": key})[:32],
        action=action,
        actor=caller.name,
        role=caller.role,
        reason=body.reason,
        plan_sha256=body.plan_sha256 or row.plan_sha256,
        document_sha256=body.document_sha256 or plan_document,
    )


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


async def _record_refusal(parts: Parts, change_id: str, decision: Decision, why: str) -> None:
    async with parts.sessions.begin() as session:
        row = await session.get_one(ServiceChangeRow, change_id)
        add_audit(
            session,
            at=parts.clock(),
            actor=decision.actor,
            actor_kind="person",
            action=decision.action,
            outcome="refused",
            change=row,
            reason=why,
        )
