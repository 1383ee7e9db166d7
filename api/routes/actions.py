"""What people do to a change, alone or by two, and what an action would mean beforehand."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from adapters.postgres.reading import read_change
from adapters.postgres.situations import done_step, situation_of, standing_effects
from adapters.postgres.tables import ServiceChangeRow
from api.deciding import Wish, decide
from api.dependencies import Caller, Parts, Principal, System_, visible_change
from api.idempotency import Repeatable, repeatable
from api.personal import sight
from api.routes.service_changes import IdempotencyKey
from api.seconding import SecondOpinion, Verdict, second
from domain.contracts import ServiceChangeView
from domain.contracts_desk import OutlookView, StepOutlookView
from domain.contracts_evidence import Personal
from domain.decisions import SkipEvidence
from domain.identifiers import fingerprint
from domain.permissions import needs_second_person, permission
from domain.service_change import Action
from domain.steps import SYSTEM_OF
from domain.submission import STORABLE
from domain.undoing import outlook

router = APIRouter(
    prefix="/v1/service-changes/{change_id}",
    tags=["actions"],
    max_body_size=16 * 1024,  # a reason, hashes and a change's own fields
)
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000), STORABLE
]


class ActionRequest(BaseModel):
    """Why, and what the action needs besides.

    An approval may name what was looked at (the plan's and document's hash), a decision about a
    revision the `document_version`; a correction names the fields in `changes`, skipping gives its
    `evidence`.
    """

    model_config = ConfigDict(extra="forbid")

    reason: Reason
    plan_sha256: Sha256 | None = None
    document_sha256: Sha256 | None = None
    document_version: Annotated[int | None, Field(ge=1, le=10_000)] = None
    changes: dict[str, Any] | None = None
    evidence: SkipEvidence | None = None


class SecondApprovalRequest(BaseModel):
    """A second person's verdict on a pending decision; `seen_sha256` is its `sha256` as shown."""

    model_config = ConfigDict(extra="forbid")

    verdict: Verdict
    reason: Reason
    seen_sha256: Sha256


@router.post("/actions/{action}", response_model=ServiceChangeView)
async def act(
    change_id: str,
    action: Action,
    body: ActionRequest,
    request: Request,
    caller: Caller,
    parts: System_,
    key: IdempotencyKey,
) -> Response:
    """Approve, reject, cancel, retry, skip, correct, apply or discard a revision.

    What needs a second person comes back under `pending_decisions`, and nothing has moved.
    Repeating under the same key gives the same answer.
    """
    same = repeatable(request, caller, key, body.model_dump())
    replay = await _replay(parts, change_id, caller, same)
    if replay is not None:
        return replay
    wish = Wish(
        # The request is part of the id: another decision under the same key is another decision.
        id=fingerprint({"caller": caller.name, "key": same.key, "request": same.fingerprint})[:32],
        action=action,
        reason=body.reason,
        plan_sha256=body.plan_sha256,
        document_sha256=body.document_sha256,
        document_version=body.document_version,
        changes=body.changes,
        evidence=body.evidence,
    )
    await decide(parts, change_id, caller, wish)
    return await _answer(parts, change_id, caller, same)


@router.post("/second-approvals/{decision_id}", response_model=ServiceChangeView)
async def second_approval(
    change_id: str,
    decision_id: str,
    body: SecondApprovalRequest,
    request: Request,
    caller: Caller,
    parts: System_,
    key: IdempotencyKey,
) -> Response:
    """Confirm or decline what a colleague proposed, having seen exactly what it would act on."""
    same = repeatable(request, caller, key, body.model_dump())
    replay = await _replay(parts, change_id, caller, same)
    if replay is not None:
        return replay
    says = SecondOpinion(body.verdict, body.reason, body.seen_sha256)
    await second(parts, change_id, decision_id, caller, says)
    return await _answer(parts, change_id, caller, same)


@router.get("/outlook")
async def read_outlook(
    change_id: str, action: Action, caller: Caller, parts: System_
) -> OutlookView:
    """What an action would mean now: who must agree, what is undone, what is past undoing."""
    async with parts.sessions() as session:
        row = await visible_change(session, change_id, caller)
        now = await situation_of(session, row, parts.clock())
        effects = await standing_effects(session, row.id)
    may = permission(action, role=caller.role, principal=caller.name, now=now)
    return OutlookView(
        action=action,
        possible=may.allowed,
        reason=may.reason,
        needs_second_person=needs_second_person(action, now),
        becomes_new_change=now.passed is not None,
        steps=[
            StepOutlookView(
                step=each.step,
                system=SYSTEM_OF[each.step],
                state=each.state,
                sentence=each.sentence,
            )
            for each in outlook(map(done_step, effects), parts.clock())
        ],
    )


async def _replay(
    parts: Parts, change_id: str, caller: Principal, same: Repeatable
) -> Response | None:
    async with parts.sessions() as session:
        replay = await same.replay(session)
        if replay is None:
            await visible_change(session, change_id, caller)
    return replay


async def _answer(parts: Parts, change_id: str, caller: Principal, same: Repeatable) -> Response:
    """The change as it is now, kept as the answer under the caller's key."""
    async with parts.sessions.begin() as session:
        fresh = await session.get_one(ServiceChangeRow, change_id)
        seen = sight(parts, caller, fresh, Personal.MASK)
        view = await seen.of_change(session, await read_change(session, fresh))
        return await same.keep(session, view, parts.clock(), change_id=change_id)
