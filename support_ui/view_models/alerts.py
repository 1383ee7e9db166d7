"""Alerts and their rules as rows and sentences. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from domain.alerts import RULE, AlertAction, AlertState, RuleName, Severity, Unit, spoken
from domain.contracts_alerts import AlertActionView, AlertRuleView, AlertView, SaidView
from domain.identifiers import System
from domain.wording import upper_first
from support_ui.view_models import lists, places, text, words
from support_ui.view_models.places import Place
from support_ui.view_models.words import Look

SEVERITY: Final[Mapping[Severity, Look]] = {
    Severity.CRITICAL: Look("Critical", "red", "error"),
    Severity.WARNING: Look("Warning", "orange", "warning"),
    Severity.INFO: Look("Info", "blue", "info"),
}

FIRING: Final = Look("Firing", "red", "notifications_active")
SILENCED: Final = Look("Silenced", "gray", "notifications_off")
TAKEN: Final = Look("Taken", "blue", "person")
RESOLVED: Final = Look("Resolved", "green", "check_circle")
LOOKS: Final = (FIRING, TAKEN, SILENCED, RESOLVED)

STATES: Final[Mapping[AlertState, str]] = {
    AlertState.FIRING: "Firing",
    AlertState.RESOLVED: "Resolved",
}

SPOKEN: Final[Mapping[str, Mapping[str, str]]] = {
    "state": {str(state): label for state, label in STATES.items()},
    "severity": {str(severity): look.label for severity, look in SEVERITY.items()},
    "rule": {str(name): rule.title for name, rule in RULE.items()},
    "system": {str(system): name for system, name in words.SYSTEM.items()},
}
"""What each filter's values are called, by the filter and the API's own names."""

ACTION: Final[Mapping[AlertAction, Look]] = {
    AlertAction.ACKNOWLEDGE: Look("Take it", "blue", "person"),
    AlertAction.SILENCE: Look("Silence it", "gray", "notifications_off"),
    AlertAction.UNSILENCE: Look("End the silence", "gray", "notifications_active"),
}

SILENCES: Final[Mapping[str, int]] = {"1 hour": 1, "4 hours": 4, "1 day": 24, "7 days": 168}
"""How long a silence may be from the page, in hours; the API takes any time up to thirty days."""

_VENDOR: Final = places.vendor
_LEADS: Final[Mapping[RuleName, tuple[str, Callable[[System], Place]]]] = {
    RuleName.DEAD_LETTER_DEPTH: ("What stands still", lambda _: places.DEAD_LETTERS),
    RuleName.DEAD_LETTER_AGE: ("What stands still", lambda _: places.DEAD_LETTERS),
    RuleName.DRIFT: ("What came and is not known", lambda _: Place(places.DRIFT_PAGE)),
    RuleName.THROTTLED: ("How the vendor answers", _VENDOR),
    RuleName.BREAKER_OPEN: ("How the vendor answers", _VENDOR),
    RuleName.VENDOR_SILENT: ("What it told us last", places.events),
    RuleName.DIFFERENCES: ("The disagreements", lambda _: Place(places.DISAGREEMENTS_PAGE)),
    RuleName.REPORT_STALE: ("The reports and how jobs went", lambda _: Place(places.REPORT_PAGE)),
    RuleName.INBOX_AGE: ("What waits in the inbox", places.events),
    RuleName.CREDENTIAL_EXPIRY: ("The credentials", lambda _: Place(places.CREDENTIALS_PAGE)),
    RuleName.CREDENTIAL_REFUSED: ("The credentials", lambda _: Place(places.CREDENTIALS_PAGE)),
}
_MACHINERY: Final = ("Our own machinery", lambda _: Place(places.HEALTH_PAGE))


def leads_to(alert: AlertView) -> tuple[str, Place]:
    """What a link to what the alert is about says, and where it leads."""
    label, place = _LEADS.get(alert.rule, _MACHINERY)
    return label, place(alert.system)


def look(alert: AlertView) -> Look:
    """How an alert stands, as people say it."""
    if alert.state is AlertState.RESOLVED:
        return RESOLVED
    if alert.silence:
        return SILENCED
    return TAKEN if alert.acknowledgement else FIRING


def about(alert: AlertView) -> str:
    """The system, and what of it."""
    system = words.SYSTEM[alert.system]
    return f"{system}, {text.humanise(alert.subject).lower()}" if alert.subject else system


def row(alert: AlertView, now: datetime) -> lists.Row:
    """One alert of the list."""
    return {
        "Severity": [SEVERITY[alert.severity].label],
        "Alert": alert.title,
        "At": about(alert),
        "Reading": spoken(alert.value, alert.unit),
        "Limit": limit(alert.below, alert.threshold, alert.unit),
        "Since": text.age(alert.opened_at, now),
        "Owner": upper_first(alert.owner),
        "State": [look(alert).label],
    }


def limit(below: bool, threshold: float, unit: Unit) -> str:
    """On which side of what a reading fires."""
    return f"{'under' if below else 'over'} {spoken(threshold, unit)}"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing about an alert; lines are Markdown."""

    label: str
    icon: str
    lines: Sequence[str]


def facts(alert: AlertView, now: datetime) -> list[Fact]:
    """What a person asks of an alert, in that order."""
    reading = f"**{spoken(alert.value, alert.unit)}**"
    since = [text.hover(text.age(alert.opened_at, now), alert.opened_at)]
    if alert.resolved_at:
        since.append(f"Resolved {text.hover(text.age(alert.resolved_at, now), alert.resolved_at)}")
    told = (
        text.hover(text.age(alert.told_at, now), alert.told_at) if alert.told_at else "Nobody yet"
    )
    rule = RULE[alert.rule]
    return [
        Fact(
            "Reading",
            "speed",
            [reading, f"Fires when {limit(alert.below, alert.threshold, alert.unit)}"],
        ),
        Fact("Since", "schedule", since),
        Fact("Owner", "group", [text.plain(upper_first(alert.owner))]),
        Fact("Operations were told", "campaign", [told]),
        Fact("What is measured", "straighten", [text.plain(rule.measures)]),
        Fact("Held back", "hourglass_top", [text.plain(rule.held_back)]),
    ]


def said(alert: AlertView, now: datetime) -> list[str]:
    """What people said of it, as Markdown."""
    lines = []
    if alert.acknowledgement:
        lines.append(_said(f":material/{TAKEN.icon}: Taken", alert.acknowledgement, now))
    if alert.silence:
        until = text.moment(alert.silence.until, now)
        head = f":material/{SILENCED.icon}: Silenced until {until}"
        lines.append(_said(head, alert.silence, now))
    return lines


def _said(head: str, told: SaidView, now: datetime) -> str:
    when = text.hover(text.age(told.at, now), told.at)
    return f"{head} by **{text.plain(told.by)}** {when}: “{text.plain(told.reason)}”"


def offered(alert: AlertView) -> list[AlertActionView]:
    """What the caller may do now."""
    return [each for each in alert.may_act if each.allowed]


def refusal(alert: AlertView) -> str | None:
    """Why nothing is offered; None where something is."""
    if offered(alert) or alert.state is AlertState.RESOLVED:
        return None
    return next((each.reason for each in alert.may_act if each.reason), None)


def confirmation(action: AlertAction, after: AlertView, now: datetime) -> str:
    """What to tell whoever did it."""
    until = text.moment(after.silence.until if after.silence else None, now)
    told = {
        AlertAction.ACKNOWLEDGE: "It is yours: operations are not told of it again.",
        AlertAction.SILENCE: f"Silenced until {until}; it stays in the list.",
        AlertAction.UNSILENCE: "The silence has ended: operations are told in the next round.",
    }
    return told[action]


def silence_ends(hours: str, now: datetime) -> str:
    """The end of a silence that begins now, as the API takes it."""
    return (now + timedelta(hours=SILENCES[hours])).isoformat()


def rule_row(rule: AlertRuleView, now: datetime) -> dict[str, str]:
    """One rule as a row whose cells are Markdown."""
    holds = f", for {spoken(rule.holds_seconds, Unit.SECONDS)}" if rule.holds_seconds else ""
    where = limit(rule.below, rule.threshold, rule.unit)
    if rule.override:
        default = spoken(rule.default_threshold, rule.unit)
        where += (
            f"  \n:small[{text.plain(rule.override.set_by)} set it "
            f"{text.age(rule.override.set_at, now)}, else {default}: "
            f"“{text.plain(rule.override.reason)}”]"
        )
    return {
        "Severity": SEVERITY[rule.severity].badge,
        "Rule": f"**{text.plain(rule.title)}**  \n:small[{text.plain(rule.measures)}]",
        "Fires": where + holds,
        "Owner": text.plain(upper_first(rule.owner or "the system's team")),
        "Held back": f":small[{text.plain(rule.held_back)}]",
    }


def runbook(markdown: str) -> str:
    """A runbook as it stands inside a page: its own heading is smaller than the page's."""
    lines = markdown.splitlines()
    return "\n".join(f"####{line}" if line.startswith("#") else line for line in lines)
