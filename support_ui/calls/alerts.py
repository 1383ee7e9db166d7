"""Alerts: what fires and fired, what is said of it, the rules and their runbooks."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from domain.alerts import AlertAction, RuleName
from domain.contracts import Page
from domain.contracts_alerts import AlertRuleView, AlertSummaryView, AlertView, RunbookView
from support_ui.calls.transport import Connection, Query, decode, segment

_ALERT = TypeAdapter(AlertView)
_ALERTS = TypeAdapter(Page[AlertView])
_SUMMARY = TypeAdapter(AlertSummaryView)
_RULE = TypeAdapter(AlertRuleView)
_RULES = TypeAdapter(list[AlertRuleView])
_RUNBOOK = TypeAdapter(RunbookView)


class AlertCalls(Connection):
    """What is asked of alerts."""

    def alerts(
        self,
        *,
        state: str | None,
        severity: str | None,
        rule: str | None,
        system: str | None,
        cursor: str | None,
        limit: int,
    ) -> Page[AlertView]:
        """A stretch of what fires and fired, firing first."""
        query: Query = {
            "state": state,
            "severity": severity,
            "rule": rule,
            "system": system,
            "cursor": cursor,
            "limit": limit,
        }
        return self.get("/v1/alerts", _ALERTS, query)

    def alert(self, alert_id: str) -> AlertView:
        """One alert."""
        return self.get(f"/v1/alerts/{segment(alert_id)}", _ALERT)

    def alert_summary(self) -> AlertSummaryView:
        """How much fires and is not silenced."""
        return self.get("/v1/alerts/summary", _SUMMARY)

    def act_on_alert(
        self, alert_id: str, action: AlertAction, body: Mapping[str, Any]
    ) -> AlertView:
        """Take it, silence it, or end the silence."""
        path = f"/v1/alerts/{segment(alert_id)}/actions/{action}"
        return decode(self.send("POST", path, json=dict(body)), _ALERT)

    def alert_rules(self) -> list[AlertRuleView]:
        """Every rule with the threshold that counts now."""
        return self.get("/v1/alert-rules", _RULES)

    def runbook(self, rule: RuleName) -> RunbookView:
        """What to do when a rule fires."""
        return self.get(f"/v1/alert-rules/{rule}/runbook", _RUNBOOK)

    def set_threshold(self, rule: RuleName, body: Mapping[str, Any]) -> AlertRuleView:
        """Set the threshold that counts; the same again is harmless."""
        return decode(self.send("PUT", f"/v1/alert-rules/{rule}", json=dict(body)), _RULE)
