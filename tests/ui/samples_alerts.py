"""Alerts in every state, and the rules, as the API would answer them."""

from datetime import datetime, timedelta
from typing import Any

from domain.alerts import (
    HANDLES_ALERTS,
    RULE,
    RULES,
    SETS_THRESHOLDS,
    AlertAction,
    AlertRule,
    AlertState,
    RuleName,
)
from domain.contracts_alerts import (
    AlertActionView,
    AlertRuleView,
    AlertView,
    SaidView,
    ThresholdView,
)
from domain.identifiers import System
from domain.service_change import Role
from tests.ui.samples import NOW

HOUR = timedelta(hours=1)
RUNBOOK = "# A vendor is down\n\n**What you see.** It is *down*.\n\n1. Wait.\n"


def alert(
    alert_id: str,
    rule: RuleName,
    system: System,
    value: float,
    at: datetime = NOW - HOUR,
    **others: Any,  # noqa: ANN401 - fields of the view
) -> AlertView:
    """One that fires."""
    table = RULE[rule]
    values: dict[str, Any] = {
        "id": alert_id,
        "rule": rule,
        "title": table.title,
        "system": system,
        "subject": "",
        "state": AlertState.FIRING,
        "severity": table.severity,
        "value": value,
        "threshold": table.threshold,
        "unit": table.unit,
        "below": table.below,
        "sentence": "",
        "owner": table.owner_for(system),
        "runbook": table.runbook,
        "opened_at": at,
        "fired_at": at,
        "last_seen_at": NOW,
        "resolved_at": None,
        "told_at": at,
        "silence": None,
        "acknowledgement": None,
        "may_act": [],
    }
    return AlertView(**(values | others))


def alerts() -> list[AlertView]:
    """As the API orders them."""
    silence = SaidView(by="operator", at=NOW - HOUR, reason="They move *house*.", until=NOW + HOUR)
    return [
        alert("alert_away", RuleName.BREAKER_OPEN, System.SCHEDULING, 3600),
        alert(
            "alert_fields",
            RuleName.DIFFERENCES,
            System.BILLING,
            3,
            subject="services_held",
            acknowledgement=SaidView(by="admin", at=NOW - HOUR, reason="I look."),
        ),
        alert("alert_quiet", RuleName.THROTTLED, System.BILLING, 1200, silence=silence),
        alert(
            "alert_over",
            RuleName.WORKERS,
            System.THROUGHLINE,
            0,
            state=AlertState.RESOLVED,
            resolved_at=NOW - HOUR / 2,
        ),
    ]


LONG_AGO = alert(
    "alert_old", RuleName.RELAY_LAG, System.THROUGHLINE, 90,
    state=AlertState.RESOLVED, resolved_at=NOW - HOUR,
)  # fmt: skip
"""Far down in the list."""


def seen(found: AlertView, role: Role) -> AlertView:
    """As the API shows it to one role."""
    resolved = found.state is AlertState.RESOLVED
    refusals = {
        AlertAction.ACKNOWLEDGE: resolved or found.acknowledgement is not None,
        AlertAction.SILENCE: resolved,
        AlertAction.UNSILENCE: found.silence is None,
    }
    may = role in HANDLES_ALERTS
    why = None if may else "This needs one of the roles: admin, operator."
    offers = [
        AlertActionView(action=action, allowed=may and not no, reason=why)
        for action, no in refusals.items()
    ]
    return found.model_copy(update={"may_act": offers})


def rules(role: Role) -> list[AlertRuleView]:
    """The table, with one threshold somebody has set."""
    return [rule_view(rule, role) for rule in RULES]


def rule_view(rule: AlertRule, role: Role, threshold: float | None = None) -> AlertRuleView:
    """One rule as the API shows it."""
    if rule.name is RuleName.DRIFT:
        threshold = 2
    override = threshold and ThresholdView(
        threshold=threshold, reason="A known backlog.", set_by="admin", set_at=NOW - HOUR
    )
    return AlertRuleView(
        name=rule.name,
        title=rule.title,
        measures=rule.measures,
        metric=rule.metric,
        unit=rule.unit,
        threshold=threshold or rule.threshold,
        default_threshold=rule.threshold,
        below=rule.below,
        holds_seconds=rule.holds.total_seconds(),
        severity=rule.severity,
        owner=rule.owner,
        runbook=rule.runbook,
        held_back=rule.held_back,
        override=override or None,
        may_change=role is SETS_THRESHOLDS,
    )
