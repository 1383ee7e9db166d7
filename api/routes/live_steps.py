"""Steps under way in the engine: when each is tried next, and trying it now or differently."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from adapters.postgres.audit import audit_entry
from adapters.postgres.tables import ServiceChangeRow
from adapters.temporal.live_steps import LiveStep
from adapters.temporal.words import engine_words
from api.dependencies import Caller, Parts, Principal, System_, require_role, visible_change
from api.errors import ApiError
from api.idempotency import repeatable
from api.routes.actions import Reason
from api.routes.service_changes import IdempotencyKey
from domain.contracts_live_steps import LiveAction, LiveState, LiveStepsView
from domain.errors import FieldProblem, InvalidChangeError, NoWorkflowError
from domain.service_change import READS_EVERYTHING, Role

router = APIRouter(
    prefix="/v1/service-changes/{change_id}/live-steps",
    tags=["actions"],
    max_body_size=4 * 1024,  # a reason and two numbers
)


_MAY = {
    LiveAction.TRY_NOW: frozenset({Role.SUPPORT, Role.OPERATOR, Role.ADMIN}),
    LiveAction.CHANGE_TRIES: frozenset({Role.OPERATOR, Role.ADMIN}),
}


class LiveActionRequest(BaseModel):
    """Why; and for `change_tries` how many tries may still come, or the longest wait between."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason
    attempts_left: Annotated[int | None, Field(ge=1, le=1000)] = None
    longest_interval_seconds: Annotated[int | None, Field(ge=1, le=3600)] = None

    def limits_something(self) -> bool:
        """Whether there is anything to change."""
        return (self.attempts_left, self.longest_interval_seconds) != (None, None)


@router.get("")
async def read_live_steps(change_id: str, caller: Caller, parts: System_) -> LiveStepsView:
    """The steps the engine has under way: tries so far and left, and when each is tried next."""
    require_role(caller, *READS_EVERYTHING)
    async with parts.sessions() as session:
        await visible_change(session, change_id, caller)
    return await _view(parts, change_id, caller)


@router.post("/{step}/actions/{action}", response_model=LiveStepsView)
async def act_on_live_step(
    change_id: str,
    step: str,
    action: LiveAction,
    body: LiveActionRequest,
    request: Request,
    caller: Caller,
    parts: System_,
    key: IdempotencyKey,
) -> Response:
    """Try a step that is backing off at once, or limit its further tries.

    A vendor that asked us to wait is not called before: the step is tried, finds the gate closed
    and waits again. Repeating under the same key gives the same answer.
    """
    require_role(caller, *_MAY[action])
    if action is LiveAction.CHANGE_TRIES and not body.limits_something():
        raise InvalidChangeError(
            [FieldProblem("attempts_left", "or longest_interval_seconds has to be given")]
        )
    same = repeatable(request, caller, key, body.model_dump())
    async with parts.sessions() as session:
        replay = await same.replay(session)
        if replay is not None:
            return replay
        await visible_change(session, change_id, caller)
    found = await _backing_off(parts, change_id, step, action)
    async with engine_words():
        if action is LiveAction.TRY_NOW:
            await parts.engine.live_steps.try_now(change_id, found, caller.name)
        else:
            await parts.engine.live_steps.change_tries(
                change_id,
                found,
                caller.name,
                attempts_left=body.attempts_left,
                longest_interval=None
                if body.longest_interval_seconds is None
                else timedelta(seconds=body.longest_interval_seconds),
            )
    view = await _view(parts, change_id, caller)
    async with parts.sessions.begin() as session:
        row = await session.get_one(ServiceChangeRow, change_id)
        session.add(
            audit_entry(
                at=parts.clock(),
                actor=caller.name,
                actor_kind="person",
                action=str(action),
                change=row,
                reason=body.reason,
                facts={"step": step, **body.model_dump(exclude={"reason"}, exclude_none=True)},
            )
        )
        return await same.keep(session, view, parts.clock(), change_id=change_id)


async def _view(parts: Parts, change_id: str, caller: Principal) -> LiveStepsView:
    try:
        async with engine_words():
            found = await parts.engine.live_steps.of(change_id)
    except NoWorkflowError:
        found = []
    return LiveStepsView(
        change_id=change_id,
        may=[action for action in LiveAction if caller.role in _MAY[action]],
        steps=[step.view for step in found],
    )


async def _backing_off(parts: Parts, change_id: str, step: str, action: LiveAction) -> LiveStep:
    """The step as the engine has it. Raises not_applicable where the action would do nothing."""
    try:
        async with engine_words():
            steps = await parts.engine.live_steps.of(change_id)
    except NoWorkflowError:
        steps = []
    for found in steps:
        if found.view.step == step:
            if action is LiveAction.TRY_NOW and found.view.state is not LiveState.BACKING_OFF:
                raise ApiError("not_applicable", f"{step} is being tried this very moment.")
            return found
    raise ApiError("not_applicable", f"{step} is not under way for this change.")
