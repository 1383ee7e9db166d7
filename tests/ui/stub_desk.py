"""The dead-letter desk of the stub API: causes, trend, replays, pauses; for staff."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import FastAPI, Header, Query, Request

from domain.contracts import Page
from domain.contracts_desk import (
    DeadLetterGroupView,
    DeadLetterView,
    ReplaySummaryView,
    ReplayView,
)
from domain.contracts_operations import PauseView
from domain.contracts_trend import TrendView
from domain.replays import ItemState, ReplayState, Steering
from domain.trend import TrendUnit
from tests.ui import samples_approvals, samples_desk, samples_replays

if TYPE_CHECKING:
    from tests.ui.stub_api import World


def add_routes(
    app: FastAPI,
    staff: "Callable[[Request], World]",
    missing: Callable[[str], Exception],
    asked: Callable[..., Any],
) -> None:
    """`staff` is the world of a caller who reads everything; `asked` records a request."""

    @app.get("/v1/dead-letters")
    def causes(
        request: Request,
        *,
        fingerprint: str | None = None,
        assignee: str | None = None,
        unassigned: bool = False,
        put_off: bool | None = None,
        cursor: int = 0,
        limit: int = 50,
    ) -> Page[DeadLetterGroupView]:
        world = staff(request)
        found = [
            each
            for each in samples_desk.causes([*world.changes.values()], samples_approvals.ASSIGNED)
            if fingerprint in {None, each.fingerprint}
            and samples_desk.belongs(each, assignee, unassigned=unassigned, put_off=put_off)
        ]
        more = len(found) > cursor + limit
        return Page(
            items=found[cursor : cursor + limit],
            next_cursor=str(cursor + limit) if more else None,
        )

    @app.get("/v1/dead-letters/trend")
    def trend(
        request: Request,
        unit: TrendUnit,
        zone: str,
        fingerprint: Annotated[list[str] | None, Query()] = None,
    ) -> TrendView:
        found = samples_desk.letters([*staff(request).changes.values()])
        return samples_replays.trend(found, unit, zone, fingerprint or [])

    _add_replays(app, staff, missing, asked)

    @app.get("/v1/dead-letters/{fingerprint}")
    def dead_letters(request: Request, fingerprint: str, limit: int = 50) -> Page[DeadLetterView]:
        found = [
            each
            for each in samples_desk.letters([*staff(request).changes.values()])
            if each.fingerprint == fingerprint
        ]
        return Page(items=found[:limit], next_cursor="more" if len(found) > limit else None)

    @app.get("/v1/pauses")
    def pauses(request: Request) -> list[PauseView]:
        return staff(request).pauses

    @app.put("/v1/pauses/{scope}")
    def pause(request: Request, scope: str, body: dict[str, str]) -> PauseView:
        world = staff(request)
        world.asked.append(asked(request.url.path, None, body))
        made = PauseView(
            scope=scope,
            actor="operator",
            reason=body["reason"],
            at=datetime.now(UTC),
            may_resume=True,
        )
        world.pauses.append(made)
        return made

    @app.delete("/v1/pauses/{scope}", status_code=204)
    def resume(request: Request, scope: str) -> None:
        world = staff(request)
        world.asked.append(asked(request.url.path, None, {}))
        world.pauses[:] = [each for each in world.pauses if each.scope != scope]


def _add_replays(
    app: FastAPI,
    staff: "Callable[[Request], World]",
    missing: Callable[[str], Exception],
    asked: Callable[..., Any],
) -> None:
    @app.get("/v1/dead-letters/replays")
    def replays(request: Request, fingerprint: str) -> Page[ReplaySummaryView]:
        mine = [
            each
            for each in reversed(staff(request).replays)
            if each.selection["fingerprint"] == fingerprint
            and each.state is not ReplayState.DRY_RUN
        ]
        return Page(items=[ReplaySummaryView.model_validate(each.model_dump()) for each in mine])

    def one(world: "World", replay_id: str) -> ReplayView:
        for each in world.replays:
            if each.id == replay_id:
                return each
        raise missing(f"There is no replay {replay_id}.")

    @app.get("/v1/dead-letters/replays/{replay_id}")
    def replay(
        request: Request,
        replay_id: str,
        state: Annotated[list[ItemState] | None, Query()] = None,
    ) -> ReplayView:
        found = one(staff(request), replay_id)
        items = [each for each in found.items if not state or each.state in state]
        return found.model_copy(update={"items": items})

    @app.post("/v1/dead-letters/replays", status_code=202)
    def begin(
        request: Request, body: dict[str, Any], idempotency_key: Annotated[str, Header()]
    ) -> ReplayView:
        world = staff(request)
        world.asked.append(asked(request.url.path, idempotency_key, body))
        name = f"rpl_{idempotency_key[:8]}"
        for each in world.replays:
            if each.id == name:
                return each
        letters = samples_desk.letters([*world.changes.values()])
        mine = [each for each in letters if each.fingerprint == body["fingerprint"]]
        state = ReplayState.DRY_RUN if body["dry_run"] else ReplayState.RUNNING
        made = samples_replays.replay(
            mine, state, name=name, by=world.me.principal, role=world.me.role
        )
        world.replays.append(made)
        return made

    @app.post("/v1/dead-letters/replays/{replay_id}/actions/{action}")
    def steer(
        request: Request,
        replay_id: str,
        action: Steering,
        body: dict[str, Any],
        idempotency_key: Annotated[str, Header()],
    ) -> ReplayView:
        world = staff(request)
        world.asked.append(asked(request.url.path, idempotency_key, body))
        found = one(world, replay_id)
        after = samples_replays.steered(found, action, world.me.role)
        world.replays[world.replays.index(found)] = after
        return after
