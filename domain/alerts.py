"""What a person has to be told of by itself: the one table of alert rules. Pure.

Record, console, mail, webhook, Prometheus and the runbooks go by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from domain.failure_policy import TEAMS
from domain.identifiers import System
from domain.service_change import READS_EVERYTHING, Role

READS_ALERTS: Final = READS_EVERYTHING
HANDLES_ALERTS: Final = frozenset({Role.OPERATOR, Role.ADMIN})
SETS_THRESHOLDS: Final = Role.ADMIN

QUIET: Final = timedelta(minutes=2)
"""What fired counts as resolved once it has been well for so long: nobody is told of a flicker."""

TOLD_AGAIN_AFTER: Final = timedelta(hours=4)
"""What goes on firing and nobody has taken is told again after this, and not before."""

THRESHOLD_METRIC: Final = "throughline_alert_threshold"
"""The threshold in force of each rule, as a metric: a rule for machines compares with it."""

FIRING_METRIC: Final = "throughline_alerts_firing"

LONGEST_SILENCE: Final = timedelta(days=30)


class Severity(StrEnum):
    """How soon somebody has to look, the most urgent first."""

    CRITICAL = "critical"
    """Changes do not go on until somebody does something."""
    WARNING = "warning"
    """Within the working day."""
    INFO = "info"
    """Worth knowing; it usually mends itself."""


class Unit(StrEnum):
    """What a reading counts."""

    COUNT = "count"
    SECONDS = "seconds"


class AlertState(StrEnum):
    """Where an alert stands; `pending`: over its threshold, and not yet for long enough."""

    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


class AlertAction(StrEnum):
    """What a person does with an alert."""

    ACKNOWLEDGE = "acknowledge"
    SILENCE = "silence"
    UNSILENCE = "unsilence"


class RuleName(StrEnum):
    """Every rule there is."""

    DEAD_LETTER_DEPTH = "dead_letter_depth"
    DEAD_LETTER_AGE = "dead_letter_age"
    DRIFT = "drift"
    THROTTLED = "throttled"
    BREAKER_OPEN = "breaker_open"
    CREDENTIAL_EXPIRY = "credential_expiry"
    CREDENTIAL_REFUSED = "credential_refused"
    VENDOR_SILENT = "vendor_silent"
    DIFFERENCES = "reconciliation_differences"
    REPORT_STALE = "report_stale"
    RELAY_LAG = "relay_lag"
    INBOX_AGE = "inbox_age"
    QUEUE_AGE = "queue_age"
    WORKERS = "workers"


@dataclass(frozen=True, slots=True)
class AlertRule:
    """When somebody is told of what, how urgently, and who has to do what then.

    `below`: it fires under its threshold rather than over it. `held_back`: what has to be over
    before it fires, so that nobody is called while automatic attempts remain. `owner` None: the
    team of the system. `runbook` is a file in `docs/runbooks`.
    """

    name: RuleName
    title: str
    measures: str
    metric: str
    unit: Unit
    threshold: float
    holds: timedelta
    severity: Severity
    runbook: str
    held_back: str
    owner: str | None = None
    below: bool = False

    def crossed(self, value: float, threshold: float) -> bool:
        """Whether a reading is on the wrong side."""
        return value < threshold if self.below else value > threshold

    def owner_for(self, system: System) -> str:
        """The team whose work it is."""
        return self.owner or TEAMS[system]


_MINUTE: Final = 60.0
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_OPERATIONS: Final = "operations"
_ENGINEERS: Final = TEAMS[System.THROUGHLINE]
_MACHINERY: Final = "machinery.md"


def _minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


RULES: Final[tuple[AlertRule, ...]] = (
    AlertRule(
        RuleName.DEAD_LETTER_DEPTH,
        "Many changes stand still",
        "Open dead letters of a system that no retry is about to take.",
        "throughline_dead_letters_open",
        Unit.COUNT,
        10,
        _minutes(1),
        Severity.CRITICAL,
        "dead-letters.md",
        "A dead letter is opened once automatic attempts have ended; those in a running retry do "
        "not count.",
    ),
    AlertRule(
        RuleName.DEAD_LETTER_AGE,
        "A change has stood still for long",
        "Age of the oldest open dead letter of a system that no retry is about to take.",
        "throughline_dead_letter_oldest_seconds",
        Unit.SECONDS,
        24 * _HOUR,
        _minutes(0),
        Severity.WARNING,
        "dead-letters.md",
        "A dead letter is opened once automatic attempts have ended; those in a running retry do "
        "not count.",
    ),
    AlertRule(
        RuleName.DRIFT,
        "A vendor answers in a new shape",
        "Differences in a vendor's payloads that nobody has decided, by operation.",
        "throughline_drift_open",
        Unit.COUNT,
        0,
        _minutes(0),
        Severity.WARNING,
        "drift.md",
        "A difference is noted at once and by nothing but a person decided.",
        owner=_ENGINEERS,
    ),
    AlertRule(
        RuleName.THROTTLED,
        "A vendor throttles us",
        "How long a vendor has been asking us to wait, over one closure or several in a row.",
        "throughline_vendor_throttled_seconds",
        Unit.SECONDS,
        15 * _MINUTE,
        _minutes(0),
        Severity.INFO,
        "vendor-down.md",
        "Calls go on by themselves at the time the vendor names; only a long stretch is told.",
    ),
    AlertRule(
        RuleName.BREAKER_OPEN,
        "A vendor does not answer",
        "How long a vendor's gate has been closed because it did not answer.",
        "throughline_vendor_breaker_open_seconds",
        Unit.SECONDS,
        5 * _MINUTE,
        _minutes(0),
        Severity.CRITICAL,
        "vendor-down.md",
        "One call probes every minute; five minutes of probes have to fail first.",
    ),
    AlertRule(
        RuleName.CREDENTIAL_EXPIRY,
        "A credential is about to expire",
        "Time until a system stops accepting the credential in use.",
        "throughline_credential_expires_seconds",
        Unit.SECONDS,
        7 * _DAY,
        _minutes(0),
        Severity.WARNING,
        "credentials.md",
        "Tokens are renewed by themselves and do not count; a secret is replaced by a person.",
        owner=_ENGINEERS,
        below=True,
    ),
    AlertRule(
        RuleName.CREDENTIAL_REFUSED,
        "A credential is refused",
        "How long a system has been refusing the credential in use.",
        "throughline_credential_refused_seconds",
        Unit.SECONDS,
        _MINUTE,
        _minutes(0),
        Severity.CRITICAL,
        "credentials.md",
        "A fresh token is asked for first, and the previous secret is tried while it is good.",
        owner=_ENGINEERS,
    ),
    AlertRule(
        RuleName.VENDOR_SILENT,
        "A vendor has gone silent",
        "Events that usually come from a vendor in a time as long as it has now been silent.",
        "throughline_vendor_events_missing",
        Unit.COUNT,
        5,
        _minutes(5),
        Severity.WARNING,
        "webhooks.md",
        "What was lost on its way is fetched by polling; an event found so ends the silence.",
    ),
    AlertRule(
        RuleName.DIFFERENCES,
        "Systems disagree and nobody has looked",
        "Unexplained differences between systems of record that nobody has decided, by field.",
        "throughline_reconciliation_differences_open",
        Unit.COUNT,
        0,
        _minutes(0),
        Severity.WARNING,
        "disagreements.md",
        "Differences that a change under way explains do not count.",
        owner=_OPERATIONS,
    ),
    AlertRule(
        RuleName.REPORT_STALE,
        "A daily report is missing",
        "Time since all systems were last compared whole, and since the cut of the last morning "
        "report; since the first change if there has been none.",
        "throughline_report_age_seconds",
        Unit.SECONDS,
        26 * _HOUR,
        _minutes(0),
        Severity.WARNING,
        "morning-report.md",
        "Both are made up for by themselves once engine and worker run; a day and two hours have "
        "to pass.",
        owner=_OPERATIONS,
    ),
    AlertRule(
        RuleName.RELAY_LAG,
        "Accepted work does not reach the engine",
        "How long the oldest message to the engine has been due.",
        "throughline_relay_lag_seconds",
        Unit.SECONDS,
        60,
        _minutes(1),
        Severity.CRITICAL,
        _MACHINERY,
        "A message the engine did not take is tried again after a second, then at longer pauses.",
        owner=_ENGINEERS,
    ),
    AlertRule(
        RuleName.INBOX_AGE,
        "Events of a vendor wait too long",
        "How long the oldest event of a vendor waits in the inbox.",
        "throughline_inbox_age_seconds",
        Unit.SECONDS,
        120,
        _minutes(1),
        Severity.WARNING,
        _MACHINERY,
        "Events are worked off by themselves; an inbox that is long and moves on does not count.",
        owner=_ENGINEERS,
    ),
    AlertRule(
        RuleName.QUEUE_AGE,
        "Work waits too long for a worker",
        "How long the oldest task at the engine waits for a worker: of workflows and our own "
        "record, and of each vendor's steps.",
        "throughline_queue_age_seconds",
        Unit.SECONDS,
        120,
        _minutes(1),
        Severity.WARNING,
        _MACHINERY,
        "Tasks are taken up by themselves; a queue that is long and moves on does not count.",
        owner=_ENGINEERS,
    ),
    AlertRule(
        RuleName.WORKERS,
        "No worker is at work",
        "Workers that have shown a sign of life in the last minute.",
        "throughline_workers_alive",
        Unit.COUNT,
        1,
        _minutes(1),
        Severity.CRITICAL,
        _MACHINERY,
        "The supervisor starts a worker again within seconds.",
        owner=_ENGINEERS,
        below=True,
    ),
)

RULE: Final[Mapping[RuleName, AlertRule]] = {rule.name: rule for rule in RULES}

SEVERITIES: Final = tuple(Severity)
LAST_RANK: Final = len(SEVERITIES)


def rank(rule: RuleName, state: AlertState) -> int:
    """Where an alert stands in a list: what fires first, the most urgent on top."""
    if state is AlertState.RESOLVED:
        return LAST_RANK
    return SEVERITIES.index(RULE[rule].severity)


def spoken(value: float, unit: Unit) -> str:
    """A reading as a sentence says it: `12`, `90 s`, `26 h`, `7 d`."""
    if unit is Unit.COUNT:
        return f"{value:,.0f}"
    for size, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if value >= 2 * size:
            return f"{value / size:,.0f} {name}"
    return f"{value:,.0f} s"


def limit(rule: AlertRule, threshold: float) -> str:
    """The threshold in words: `more than 10`, `less than 7 d`."""
    return f"{'less' if rule.below else 'more'} than {spoken(threshold, rule.unit)}"
