"""What one may do that is no action on a change, and who may: a table for people and programs."""

from dataclasses import dataclass
from typing import Final

from domain.alerts import HANDLES_ALERTS, READS_ALERTS, SETS_THRESHOLDS
from domain.credentials import MANAGES_SECRETS, MAY_PREFLIGHT
from domain.drift_rights import MAY_DECIDE, MAY_RETIRE
from domain.morning_report import MAY_BUILD
from domain.pauses import MAY_PAUSE
from domain.permissions import ACTION_RULES, MAY_SHOW_PERSONAL, SECOND_PERSONS
from domain.reconciliation_decisions import MAY_START, RULES, DifferenceAction
from domain.service_change import MAY_SUBMIT, READS_EVERYTHING, Action, Role

PAUSE: Final = "pause"


@dataclass(frozen=True, slots=True)
class Right:
    """One of them; `only` says where it ends."""

    name: str
    roles: frozenset[Role]
    only: str = ""


_EVERYBODY: Final = frozenset(Role)

RIGHTS: Final = (
    Right("submit", MAY_SUBMIT),
    Right("read", _EVERYBODY, "Portals and partners what they submitted themselves."),
    Right("read_audit", READS_EVERYTHING),
    Right("read_dead_letters", READS_EVERYTHING),
    Right("export", _EVERYBODY, "What they may read; on record, and personal fields masked."),
    Right("show_personal", MAY_SHOW_PERSONAL, "On record, but for what they submitted themselves."),
    Right("note", READS_EVERYTHING),
    Right("assign", READS_EVERYTHING),
    Right("replay", ACTION_RULES[Action.RETRY].roles, "By cause; above a number a colleague."),
    Right(PAUSE, MAY_PAUSE, "A change, a kind, a system or everything; on record."),
    Right("compare_systems", MAY_START),
    Right(
        "repair_difference", RULES[DifferenceAction.REPAIR].roles, "At billing with a colleague."
    ),
    Right(
        "decide_drift", MAY_DECIDE, "A colleague confirms it. One of the two is an administrator."
    ),
    Right("retire_mapping", MAY_RETIRE, "On record."),
    Right("check_credentials", MAY_PREFLIGHT),
    Right("manage_credentials", frozenset({MANAGES_SECRETS}), "Another promotes."),
    Right("read_morning_report", READS_EVERYTHING),
    Right("build_morning_report", MAY_BUILD),
    Right("keep_views", READS_EVERYTHING, "Their own; administrators mend those of others."),
    Right("read_alerts", READS_ALERTS),
    Right("handle_alerts", HANDLES_ALERTS, "Take and silence them; on record."),
    Right("set_alert_thresholds", frozenset({SETS_THRESHOLDS}), "On record."),
    Right("confirm_second", SECOND_PERSONS, "Never what they proposed themselves."),
)
"""By the names the list of rights shows."""


def rights_of(role: Role) -> list[str]:
    """The names of the rights a role has."""
    return [right.name for right in RIGHTS if role in right.roles]
