"""Runs and differences as the API tells them, to vary in tests of the page."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from domain.contracts_reconciliation import (
    DifferencePermissionView,
    DifferenceView,
    ExplanationView,
    FieldCountView,
    ReconciliationRunView,
    ReconciliationSummaryView,
    SideView,
    SystemReadView,
)
from domain.identifiers import System
from domain.reconciliation import COMPARED, READ_FROM, Field, Freshness, Reason, compared
from domain.reconciliation_decisions import (
    RULES,
    DifferenceFacts,
    DifferenceState,
    RunState,
    may_decide,
    needs_second_person,
)
from domain.service_change import Role
from tests.ui.samples import NOW, sha


def run(**values: Any) -> ReconciliationRunView:  # noqa: ANN401 - fields of the view
    """A night's run over all accounts, whole."""
    fields: dict[str, Any] = {
        "id": "rec_night",
        "account_id": None,
        "state": RunState.DONE,
        "sentence": "Every system was read whole and compared.",
        "started_by": "schedule",
        "started_by_kind": "schedule",
        "correlation_id": "rec_night",
        "workflow_id": "reconciliation/rec_night",
        "started_at": NOW - timedelta(hours=6),
        "finished_at": NOW - timedelta(hours=6) + timedelta(seconds=9),
        "systems": [
            SystemReadView(
                system=system,
                pages=15,
                items=7043,
                calls=15,
                seconds=6.2,
                vendor_rate=None if system is System.THROUGHLINE else 10.0,
                share_used=None if system is System.THROUGHLINE else 0.242,
                whole=True,
                why_not=None,
            )
            for system in READ_FROM
        ],
        "counts": {"accounts": 7043, "standing": 2, "new": 1, "explained": 1, "agree_again": 0},
    }
    return ReconciliationRunView(**{**fields, **values})


def difference(
    id_: str = "dif_services",
    *,
    name: Field = Field.SERVICES_HELD,
    system: System = System.BILLING,
    values: tuple[str, str] = ("dsl, phone, tech_support", "dsl, phone"),
    **others: Any,  # noqa: ANN401 - fields of the view
) -> DifferenceView:
    """Sold at the CRM, not charged at billing; open since two nights."""
    what = compared(name, system)
    fields: dict[str, Any] = {
        "id": id_,
        "account_id": "7590-VHVEG",
        "field": name,
        "subject": "",
        "owner": SideView(
            system=what.owner, value=values[0], changed_at=None, read_at=NOW - timedelta(hours=6)
        ),
        "other": SideView(
            system=system, value=values[1], changed_at=None, read_at=NOW - timedelta(hours=6)
        ),
        "money": what.money,
        "repair": what.repair,
        "state": DifferenceState.OPEN,
        "explanation": None,
        "first_seen_at": NOW - timedelta(days=2),
        "last_seen_at": NOW - timedelta(hours=6),
        "last_run_id": "rec_night",
        "seen_in_runs": 3,
        "decision": None,
        "failure": None,
        "closed_at": None,
        "sha256": sha(id_),
    }
    return DifferenceView(**{**fields, **others})


EXPLAINED = difference(
    "dif_explained",
    account_id="5575-GNVDE",
    state=DifferenceState.EXPLAINED,
    explanation=ExplanationView(
        reason=Reason.CHANGE_IN_FLIGHT,
        change_id="chg_flight",
        sentence="A change of this field is under way; it agrees again once that ends.",
    ),
)


@dataclass
class Reconciled:
    """What a world's systems disagree about."""

    differences: list[DifferenceView] = field(default_factory=lambda: [difference(), EXPLAINED])
    freshness: Freshness = Freshness.FRESH
    last: ReconciliationRunView | None = field(default_factory=run)
    under_way: ReconciliationRunView | None = None

    def summary(self) -> ReconciliationSummaryView:
        """As the API tells it."""
        return ReconciliationSummaryView(
            freshness=self.freshness,
            sentence=f"The comparison is {self.freshness}.",
            next_action=None if self.freshness is Freshness.FRESH else "Run it now.",
            last_full_run=self.last,
            under_way=self.under_way,
            fields=[
                FieldCountView(
                    field=each.field,
                    owner=each.owner,
                    system=each.system,
                    counts=_counts(self.differences, each.field, each.system),
                )
                for each in COMPARED
            ],
        )


def _counts(
    differences: list[DifferenceView], name: Field, system: System
) -> dict[DifferenceState, int]:
    states = [
        each.state for each in differences if (each.field, each.other.system) == (name, system)
    ]
    return {state: states.count(state) for state in set(states)}


def as_seen(found: DifferenceView, role: Role, principal: str) -> DifferenceView:
    """With what this caller may do, by the rules the API goes by."""
    facts = DifferenceFacts(
        found.field,
        found.other.system,
        found.state,
        proposed_by=found.decision.actor if found.decision else None,
    )
    permissions = []
    for action in RULES:
        may = may_decide(action, facts, role=role, principal=principal)
        permissions.append(
            DifferencePermissionView(
                action=action,
                allowed=may.allowed,
                reason=may.reason,
                second_person=needs_second_person(action, facts),
            )
        )
    return found.model_copy(update={"may_act": permissions})
