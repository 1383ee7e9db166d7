"""Alerts, their rules and runbooks of the stub API; for staff."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request

from domain.alerts import RULE, AlertAction, AlertState, RuleName, rank
from domain.contracts import Page
from domain.contracts_alerts import (
    AlertRuleView,
    AlertSummaryView,
    AlertView,
    RunbookView,
    SaidView,
)
from tests.ui import samples_alerts as samples
from tests.ui.samples import NOW
from tests.ui.stub_problems import ProblemError, problem


def add_routes(app: FastAPI, staff: Callable[[Request], Any]) -> None:
    """`staff` is the world of one who reads everything."""

    @app.get("/v1/alerts")
    def alerts(request: Request) -> Page[AlertView]:
        found = staff(request)
        asked = request.query_params
        wanted = [
            samples.seen(each, found.me.role)
            for each in found.alerts
            if all(
                str(getattr(each, name)) == asked[name]
                for name in ("state", "severity", "rule", "system")
                if name in asked
            )
        ]
        return Page(items=wanted)

    @app.get("/v1/alerts/summary")
    def summary(request: Request) -> AlertSummaryView:
        fires = [
            each
            for each in staff(request).alerts
            if each.state is AlertState.FIRING and not each.silence
        ]
        critical = sum(rank(each.rule, each.state) == 0 for each in fires)
        return AlertSummaryView(firing=len(fires), critical=critical)

    @app.get("/v1/alerts/{alert_id}")
    def alert(request: Request, alert_id: str) -> AlertView:
        found = staff(request)
        for each in (*found.alerts, samples.LONG_AGO):
            if each.id == alert_id:
                return samples.seen(each, found.me.role)
        detail = f"There is no alert {alert_id}."
        raise ProblemError(problem(404, "not_found", "Not found", detail, "Check the id."))

    @app.post("/v1/alerts/{alert_id}/actions/{action}")
    def act(
        request: Request, alert_id: str, action: AlertAction, body: dict[str, Any]
    ) -> AlertView:
        found = staff(request)
        found.told(f"{alert_id}/{action}", body)
        place = [each.id for each in found.alerts].index(alert_id)
        said = SaidView(
            by=found.me.principal, at=NOW, reason=body["reason"], until=body.get("until")
        )
        changed = {
            AlertAction.ACKNOWLEDGE: {"acknowledgement": said},
            AlertAction.SILENCE: {"silence": said},
            AlertAction.UNSILENCE: {"silence": None},
        }[action]
        found.alerts[place] = found.alerts[place].model_copy(update=changed)
        return samples.seen(found.alerts[place], found.me.role)

    @app.get("/v1/alert-rules")
    def rules(request: Request) -> list[AlertRuleView]:
        return samples.rules(staff(request).me.role)

    @app.get("/v1/alert-rules/{name}/runbook")
    def runbook(request: Request, name: RuleName) -> RunbookView:
        staff(request)
        return RunbookView(path=f"docs/runbooks/{RULE[name].runbook}", markdown=samples.RUNBOOK)

    @app.put("/v1/alert-rules/{name}")
    def change(request: Request, name: RuleName, body: dict[str, Any]) -> AlertRuleView:
        found = staff(request)
        found.told(str(name), body)
        return samples.rule_view(RULE[name], found.me.role, body["threshold"])
