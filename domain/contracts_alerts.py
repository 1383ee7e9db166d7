"""What the API answers about alerts and their rules. Shapes only, no rules."""

from datetime import datetime

from domain.alerts import AlertAction, AlertState, RuleName, Severity, Unit
from domain.contracts_failures import View
from domain.identifiers import System


class SaidView(View):
    """What a person said of an alert; `until`: how long it holds, None where it has no end."""

    by: str
    at: datetime
    reason: str
    until: datetime | None = None


class AlertActionView(View):
    """Whether the caller may do it with this alert now, and if not, why."""

    action: AlertAction
    allowed: bool
    reason: str | None = None


class AlertView(View):
    """One time a reading was over its threshold.

    `subject` says what of the system it is about; empty: the whole. `value` is the last reading
    over the threshold, `told_at` when operations were last told that it fires.
    """

    id: str
    rule: RuleName
    title: str
    system: System
    subject: str
    state: AlertState
    severity: Severity
    value: float
    threshold: float
    unit: Unit
    below: bool
    sentence: str
    owner: str
    runbook: str
    opened_at: datetime
    fired_at: datetime
    last_seen_at: datetime
    resolved_at: datetime | None
    told_at: datetime | None
    silence: SaidView | None
    acknowledgement: SaidView | None
    may_act: list[AlertActionView]


class AlertSummaryView(View):
    """What fires and is not silenced now, by severity."""

    firing: int
    critical: int


class ThresholdView(View):
    """A threshold somebody has set in place of the table's."""

    threshold: float
    reason: str
    set_by: str
    set_at: datetime


class AlertRuleView(View):
    """A rule: what is measured, from where on it fires, whose work it is.

    `threshold` counts now; `default_threshold` is the table's. `below`: it fires under it.
    """

    name: RuleName
    title: str
    measures: str
    metric: str
    unit: Unit
    threshold: float
    default_threshold: float
    below: bool
    holds_seconds: float
    severity: Severity
    owner: str | None
    """None: the team of the system."""
    runbook: str
    held_back: str
    override: ThresholdView | None
    may_change: bool


class RunbookView(View):
    """What to do, as Markdown."""

    path: str
    markdown: str
