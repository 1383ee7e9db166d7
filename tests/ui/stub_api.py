"""An HTTP API of the contract's shapes over sample changes, for the console's own tests.

Every key opens a world of its own: what its holder may see, what fails, and what was asked.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

import uvicorn
from fastapi import FastAPI, Header, Request, UploadFile
from fastapi.responses import JSONResponse, Response

from domain.contracts import (
    AnswersView,
    DocumentAccepted,
    FieldOwnershipView,
    Me,
    Page,
    Problem,
    ServiceChangeView,
    TimelineEntry,
)
from domain.contracts_alerts import AlertView
from domain.contracts_desk import (
    OutlookView,
    ReplayView,
    SecondApprovalView,
)
from domain.contracts_drift import DriftItemSummary
from domain.contracts_evidence import Personal
from domain.contracts_operations import PauseView
from domain.contracts_views import SavedViewView
from domain.permissions import needs_second_person
from domain.rights import rights_of
from domain.service_change import (
    READS_EVERYTHING,
    TRANSITIONS,
    Action,
    ChangeStatus,
    DocumentState,
    Role,
)
from tests.ui import (
    samples_alerts,
    samples_desk,
    samples_drift,
    samples_evidence,
    samples_history,
    stub_alerts,
    stub_approvals,
    stub_credentials,
    stub_desk,
    stub_drift,
    stub_evidence,
    stub_finding,
    stub_messages,
    stub_operations,
    stub_reconciliation,
    stub_reports,
)
from tests.ui.samples import CHANGES, PNG, sha
from tests.ui.samples_reconciliation import Reconciled
from tests.ui.stub_problems import ProblemError, problem

__all__ = ["Asked", "ProblemError", "StubApi", "World", "problem", "serving"]

AFTER = {
    Action.APPROVE: ChangeStatus.APPLYING,
    Action.REJECT: ChangeStatus.REJECTED,
    Action.CANCEL: ChangeStatus.CANCELLED,
    Action.RETRY: ChangeStatus.CHECKING,
    Action.SKIP: ChangeStatus.APPLYING,
    Action.CORRECT: ChangeStatus.CHECKING,
    Action.APPLY_REVISION: ChangeStatus.APPLYING,
}
"""Where a change goes at once; discarding a revision moves nothing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that changes something, as it arrived."""

    path: str
    idempotency_key: str | None
    body: dict[str, Any]


@dataclass(slots=True)
class World:
    """What one key's holder sees. `failing` maps a path's ending to the problem it answers."""

    me: Me
    changes: dict[str, ServiceChangeView]
    failing: dict[str, Problem] = field(default_factory=dict)
    unsettled: set[str] = field(default_factory=set)
    """Changes whose next action is answered 503, once."""
    asked: list[Asked] = field(default_factory=list)
    answered: dict[str, ServiceChangeView] = field(default_factory=dict)
    """First answers by idempotency key."""
    notes: list[TimelineEntry] = field(default_factory=list)
    replays: list[ReplayView] = field(default_factory=list)
    pauses: list[PauseView] = field(default_factory=list)
    alerts: list[AlertView] = field(default_factory=samples_alerts.alerts)
    released: set[str] = field(default_factory=set)
    """Events that were quarantined and are queued again."""

    def told(self, path: str, body: dict[str, Any]) -> None:
        """Note a request that needs no idempotency key."""
        self.asked.append(Asked(path, None, body))

    views: dict[str, SavedViewView] = field(default_factory=dict)
    lists: list[dict[str, str]] = field(default_factory=list)
    """The queries of the lists that were read."""
    reconciled: Reconciled = field(default_factory=Reconciled)
    drift: Sequence[DriftItemSummary] = samples_drift.INBOX

    def move(self, change_id: str, **values: object) -> ServiceChangeView:
        """Let a change become another one behind the console's back."""
        self.changes[change_id] = self.changes[change_id].model_copy(update=values)
        return self.changes[change_id]


@dataclass(slots=True)
class StubApi:
    """The server's address and its worlds by key."""

    url: str = ""
    worlds: dict[str, World] = field(default_factory=dict)

    def open_world(
        self,
        role: Role = Role.OPERATOR,
        changes: Sequence[ServiceChangeView] = CHANGES,
        failing: dict[str, Problem] | None = None,
        principal: str | None = None,
    ) -> tuple[str, World]:
        """A fresh key and what its holder will see."""
        key = f"key-{role}-{len(self.worlds)}"
        me = Me(principal=principal or role, role=role, rights=rights_of(role))
        self.worlds[key] = World(me, {item.id: item for item in changes}, failing or {})
        return key, self.worlds[key]


def _app(stub: StubApi) -> FastAPI:  # noqa: C901, PLR0915 - a route each; the stub is one table
    app = FastAPI()

    def world(request: Request) -> World:
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if key not in stub.worlds:
            raise ProblemError(
                problem(401, "unauthenticated", "Sign-in needed", "This key is not known.", "")
            )
        found = stub.worlds[key]
        for ending, told in found.failing.items():
            if request.url.path.endswith(ending):
                raise ProblemError(told)
        return found

    def one(found: World, change_id: str) -> ServiceChangeView:
        if change_id not in found.changes:
            raise ProblemError(
                problem(404, "not_found", "Not found", f"There is no change {change_id}.",
                        "Check the id, or search for another identifier.")
            )  # fmt: skip
        return found.changes[change_id]

    @app.exception_handler(ProblemError)
    async def refuse(_: Request, error: ProblemError) -> JSONResponse:
        headers = {"Retry-After": "7"} if error.told.status == 503 else {}
        return JSONResponse(error.told.model_dump(), error.told.status, headers)

    @app.get("/v1/me")
    def me(request: Request) -> Me:
        return world(request).me

    stub_finding.add_routes(app, world, Asked)  # before a change, whose id may be any word

    @app.get("/v1/service-changes/counts")
    def counts(request: Request) -> dict[str, int]:
        held = [item.status for item in world(request).changes.values()]
        return {status: held.count(status) for status in ChangeStatus}

    @app.get("/v1/service-changes/{change_id}")
    def whole(
        request: Request, change_id: str, personal: Personal = Personal.MASK
    ) -> ServiceChangeView:
        found = world(request)
        change = samples_evidence.seen(one(found, change_id), found.me, personal)
        if personal is Personal.SHOW and not change.may_show_personal:
            raise ProblemError(
                problem(403, "forbidden", "Not allowed", "Personal fields are shown to operators "
                        "and admins alone.", "")
            )  # fmt: skip
        return change

    @app.get("/v1/service-changes/{change_id}/answers")
    def answered(request: Request, change_id: str) -> AnswersView:
        found = world(request)
        change = one(found, change_id)
        answers = samples_history.answers(change, found.me)
        safe = samples_evidence.safe_to_retry(change)
        return answers.model_copy(update={"safe_to_retry": safe})

    @app.get("/v1/service-changes/{change_id}/timeline")
    def told(request: Request, change_id: str) -> Page[TimelineEntry]:
        found = world(request)
        return Page(items=[*samples_history.timeline(one(found, change_id)), *found.notes])

    @app.get("/v1/service-changes/{change_id}/documents/{version}")
    def document(request: Request, change_id: str, version: int) -> Response:
        held = one(world(request), change_id).document_versions[version - 1]
        return Response(PNG, media_type=held.media_type)

    @app.post("/v1/service-changes/{change_id}/documents", status_code=201)
    def upload(request: Request, change_id: str, document: UploadFile) -> DocumentAccepted:
        found = world(request)
        change = one(found, change_id)
        content = document.file.read().decode("latin-1")
        found.asked.append(
            Asked(request.url.path, None, {"name": document.filename, "content": content})
        )
        return DocumentAccepted(
            version=len(change.document_versions) + 1,
            sha256=sha(content),
            state=DocumentState.CURRENT,
        )

    @app.post("/v1/service-changes/{change_id}/actions/{action}")
    def act(
        request: Request,
        change_id: str,
        action: Action,
        body: dict[str, Any],
        idempotency_key: Annotated[str, Header()],
    ) -> ServiceChangeView:
        found = world(request)
        change = one(found, change_id)
        found.asked.append(Asked(request.url.path, idempotency_key, body))
        if idempotency_key in found.answered:
            return found.answered[idempotency_key]
        if change_id in found.unsettled:
            found.unsettled.discard(change_id)
            raise ProblemError(
                problem(503, "engine_unavailable", "The workflow engine does not answer",
                        "The workflow engine does not answer.", "Send the same request again.")
            )  # fmt: skip
        if body.get("plan_sha256") and change.plan and body["plan_sha256"] != change.plan.sha256:
            raise ProblemError(
                problem(409, "stale_approval", "Something changed since you looked",
                        "What you saw is no longer what would be done.",
                        "Read the change again and decide anew.")
            )  # fmt: skip
        after = AFTER.get(action, change.status)
        if after not in TRANSITIONS[change.status] | {change.status}:
            raise ProblemError(
                problem(409, "not_applicable", "Not possible now",
                        f"{action} is not possible while the change is {change.status}.", "")
            )  # fmt: skip
        values: dict[str, object] = {"status": after}
        if needs_second_person(action, samples_desk.situation(change)):
            pending = samples_desk.proposal(action, by=found.me.principal, reason=body["reason"])
            values = {"pending_decisions": [pending]}
        found.answered[idempotency_key] = found.move(change_id, **values)
        return found.answered[idempotency_key]

    @app.post("/v1/service-changes/{change_id}/second-approvals/{decision_id}")
    def second(
        request: Request,
        change_id: str,
        decision_id: str,
        body: dict[str, Any],
        idempotency_key: Annotated[str, Header()],
    ) -> ServiceChangeView:
        found = world(request)
        change = one(found, change_id)
        found.asked.append(Asked(request.url.path, idempotency_key, body))
        (pending,) = (each for each in change.pending_decisions if each.id == decision_id)
        if body["seen_sha256"] != pending.sha256:
            raise ProblemError(
                problem(409, "stale_approval", "Something changed since you looked",
                        "The change has moved on since you looked at it.",
                        "Read the change again and decide anew.")
            )  # fmt: skip
        confirmed = body["verdict"] == "confirm"
        after = AFTER.get(pending.action, change.status) if confirmed else change.status
        return found.move(change_id, status=after, pending_decisions=[])

    @app.get("/v1/service-changes/{change_id}/outlook")
    def outlook(request: Request, change_id: str, action: Action) -> OutlookView:
        found = world(request)
        return samples_desk.outlook_of(one(found, change_id), action, found.me)

    @app.get("/v1/field-ownership")
    def ownership(request: Request) -> list[FieldOwnershipView]:
        return samples_history.OWNERSHIP if world(request).changes else []

    _desk(app, world)
    stub_evidence.add_routes(app, world, one, Asked)
    return app


def _desk(app: FastAPI, world: Callable[[Request], World]) -> None:
    """What stands still and what waits for a second person; for staff."""

    def staff(request: Request) -> World:
        found = world(request)
        if found.me.role not in READS_EVERYTHING:
            raise ProblemError(
                problem(403, "forbidden", "Not allowed",
                        "This needs one of the roles: admin, operator, support.", "")
            )  # fmt: skip
        return found

    @app.get("/v1/second-approvals")
    def second_approvals(
        request: Request, change_id: str | None = None, cursor: int = 0, limit: int = 50
    ) -> Page[SecondApprovalView]:
        found = staff(request)
        changes = [each for each in found.changes.values() if change_id in {None, each.id}]
        waiting = samples_desk.second_approvals(changes, found.me)
        more = len(waiting) > cursor + limit
        return Page(
            items=waiting[cursor : cursor + limit],
            next_cursor=str(cursor + limit) if more else None,
        )

    def missing(detail: str) -> ProblemError:
        return ProblemError(problem(404, "not_found", "Not found", detail, "Check the id."))

    stub_approvals.add_routes(app, staff, missing)
    stub_operations.add_routes(app, world, staff)
    stub_alerts.add_routes(app, staff)
    stub_messages.add_routes(app, staff, missing)
    stub_reports.add_routes(app, staff, Asked)
    stub_reconciliation.add_routes(app, staff, missing, Asked)
    stub_credentials.add_routes(app, staff, Asked)

    stub_desk.add_routes(app, staff, missing, Asked)

    def asked_by_staff(request: Request, body: dict[str, Any]) -> None:
        key = request.headers.get("Idempotency-Key")
        staff(request).asked.append(Asked(request.url.path, key, body))

    stub_drift.add_routes(app, staff, missing, asked_by_staff)


@contextmanager
def serving() -> Iterator[StubApi]:
    """A stub on an ephemeral loopback port, gone at the end."""
    stub = StubApi()
    config = uvicorn.Config(
        _app(stub),
        host="127.0.0.1",
        port=0,
        log_level="warning",
        ws="none",
        lifespan="off",
        access_log=False,
    )
    server = uvicorn.Server(config)
    sockets = [config.bind_socket()]
    stub.url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    thread = threading.Thread(target=server.run, kwargs={"sockets": sockets}, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        sockets[0].close()
