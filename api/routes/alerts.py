"""Alerts: what fires and fired, what people say of it, the rules and their runbooks. For staff."""

from datetime import datetime
from pathlib import Path as FilePath
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from adapters.postgres.alerts_reading import (
    AlertFilter,
    alert_row,
    alert_view,
    list_alerts,
    list_rules,
    record_said,
    refusal,
    say,
    set_threshold,
    summary,
)
from api.dependencies import Caller, CorrelationId, System_, require_role
from api.errors import ApiError
from api.lists import Stretch
from api.refusals import require_role_on_record
from domain.alerts import (
    HANDLES_ALERTS,
    LONGEST_SILENCE,
    READS_ALERTS,
    RULE,
    SETS_THRESHOLDS,
    AlertAction,
    AlertState,
    RuleName,
    Severity,
)
from domain.contracts import Page
from domain.contracts_alerts import AlertRuleView, AlertSummaryView, AlertView, RunbookView
from domain.errors import FieldProblem, InvalidChangeError
from domain.identifiers import System
from domain.submission import STORABLE

router = APIRouter(tags=["alerts"], max_body_size=16 * 1024)
RUNBOOKS: Final = FilePath(__file__).resolve().parents[2] / "docs" / "runbooks"
AlertId = Annotated[str, Path(max_length=64)]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000), STORABLE
]


class AlertList(Stretch):
    """Alerts that fit; firing first, by severity."""

    state: AlertState | None = None
    rule: RuleName | None = None
    system: System | None = None
    severity: Severity | None = None


class AlertActionRequest(BaseModel):
    """Why, for whoever reads it later; `until` for a silence alone, which needs it."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason
    until: AwareDatetime | None = None


class ThresholdRequest(BaseModel):
    """The threshold that is to count, in the rule's unit, and why."""

    model_config = ConfigDict(extra="forbid")

    threshold: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    reason: Reason


@router.get("/v1/alerts")
async def read_alerts(
    caller: Caller, parts: System_, wanted: Annotated[AlertList, Query()]
) -> Page[AlertView]:
    """What fires and fired: firing first, by severity, the newest first. For staff."""
    require_role(caller, *READS_ALERTS)
    async with parts.sessions() as session:
        return await list_alerts(
            session,
            AlertFilter(wanted.state, wanted.rule, wanted.system, wanted.severity),
            role=caller.role,
            now=parts.clock(),
            cursor=wanted.cursor,
            limit=wanted.limit,
        )


@router.get("/v1/alerts/summary")
async def read_alert_summary(caller: Caller, parts: System_) -> AlertSummaryView:
    """How much fires and is not silenced. For staff."""
    require_role(caller, *READS_ALERTS)
    async with parts.sessions() as session:
        return await summary(session, parts.clock())


@router.get("/v1/alerts/{alert_id}")
async def read_alert(alert_id: AlertId, caller: Caller, parts: System_) -> AlertView:
    """One alert. For staff."""
    require_role(caller, *READS_ALERTS)
    async with parts.sessions() as session:
        row = await alert_row(session, alert_id)
        if row is None:
            raise ApiError("not_found", f"There is no alert {alert_id}.")
        return alert_view(row, caller.role, parts.clock())


@router.post("/v1/alerts/{alert_id}/actions/{action}")
async def act_on_alert(
    alert_id: AlertId,
    action: AlertAction,
    body: AlertActionRequest,
    caller: Caller,
    parts: System_,
    correlation_id: CorrelationId,
) -> AlertView:
    """Take an alert, silence it until a time, or end the silence. For operators and admins.

    A silence holds for the same rule and subject if it fires anew before its time. What was
    refused is on record, too.
    """
    require_role(caller, *READS_ALERTS)
    at = parts.clock()
    if caller.role in HANDLES_ALERTS:
        _require_until(action, body.until, at)
    async with parts.sessions.begin() as session:
        row = await alert_row(session, alert_id, locked=True)
        if row is None:
            raise ApiError("not_found", f"There is no alert {alert_id}.")
        refused = refusal(action, row, caller.role, at)
        if refused is None:
            say(row, action, actor=caller.name, reason=body.reason, until=body.until, at=at)
        record_said(
            session,
            row,
            action,
            actor=caller.name,
            reason=body.reason,
            correlation_id=correlation_id,
            at=at,
            until=body.until,
            refused=refused,
        )
        told = alert_view(row, caller.role, at)
    if refused:
        forbidden = caller.role not in HANDLES_ALERTS
        raise ApiError("forbidden" if forbidden else "not_applicable", refused)
    return told


def _require_until(action: AlertAction, until: datetime | None, now: datetime) -> None:
    if action is not AlertAction.SILENCE:
        if until is not None:
            raise InvalidChangeError([FieldProblem("until", "only a silence has an end")])
        return
    if until is None or not now < until <= now + LONGEST_SILENCE:
        days = LONGEST_SILENCE.days
        raise InvalidChangeError(
            [FieldProblem("until", f"name a time to come, at most {days} days ahead")]
        )


@router.get("/v1/alert-rules")
async def read_alert_rules(caller: Caller, parts: System_) -> list[AlertRuleView]:
    """Every rule with the threshold that counts now. For staff."""
    require_role(caller, *READS_ALERTS)
    async with parts.sessions() as session:
        return await list_rules(session, caller.role)


@router.get("/v1/alert-rules/{name}/runbook")
async def read_runbook(name: RuleName, caller: Caller) -> RunbookView:
    """What to do when the rule fires, as Markdown. For staff."""
    require_role(caller, *READS_ALERTS)
    path = RULE[name].runbook
    return RunbookView(
        path=f"docs/runbooks/{path}", markdown=(RUNBOOKS / path).read_text(encoding="utf-8")
    )


@router.put("/v1/alert-rules/{name}")
async def change_alert_rule(
    name: RuleName,
    body: ThresholdRequest,
    caller: Caller,
    parts: System_,
    correlation_id: CorrelationId,
) -> AlertRuleView:
    """Set the threshold that counts from the next round on. For admins; the rest is the table's."""
    at = parts.clock()
    require_role(caller, *READS_ALERTS)
    facts = {"rule": str(name), "after": body.threshold}
    await require_role_on_record(
        parts, caller, (SETS_THRESHOLDS,), "set_alert_threshold", correlation_id, facts=facts
    )
    async with parts.sessions.begin() as session:
        return await set_threshold(
            session,
            name,
            body.threshold,
            actor=caller.name,
            reason=body.reason,
            correlation_id=correlation_id,
            at=at,
        )
