"""A drift inbox as the API would answer it."""

from datetime import timedelta

from domain.contracts_drift import (
    DriftChangeView,
    DriftDifferenceView,
    DriftItemSummary,
    DriftItemView,
    DriftPermissionView,
    DriftReplayView,
    MappingView,
    PendingMappingView,
)
from domain.drift import NOTED, DriftAction, DriftKind, DriftState
from domain.drift_rights import DriftSituation, drift_permission, objection_to_second
from domain.drift_words import next_action, sentence
from domain.identifiers import System
from domain.mappings import MAPPED_AS, MappingKind, MappingState
from domain.service_change import Role
from tests.ui.samples import CHANGES, NOW

CHOICES = {
    DriftKind.UNKNOWN_VALUE: ["closed", "current", "past_due"],
    DriftKind.RENAMED: ["lifecycleV2"],
}


def summary(
    number: int,
    kind: DriftKind = DriftKind.UNKNOWN_VALUE,
    *,
    came: str = "frozen",
    path: str = "standing",
    system: System = System.BILLING,
    state: DriftState = DriftState.OPEN,
    pending: bool = False,
) -> DriftItemSummary:
    """One row."""
    expected = "one of closed, current, past_due"
    return DriftItemSummary(
        id=f"drf_{number:016x}",
        kind=kind,
        system=system,
        operation="read_standing",
        path=path,
        subject=path,
        came=came,
        expected=expected,
        sentence=sentence(kind, system, path, came, expected),
        parks=kind not in NOTED,
        state=state,
        count=412,
        first_seen_at=NOW - timedelta(hours=number + 1),
        last_seen_at=NOW - timedelta(minutes=2),
        parked=0 if kind in NOTED or state is not DriftState.OPEN else 37,
        held=0,
        pending=pending,
        next_action=next_action(kind, state, pending=pending, mappable=kind in CHOICES),
    )


UNKNOWN = summary(1)
RENAMED = summary(
    2, DriftKind.RENAMED, came="lifecycleV2", path="lifecycle", system=System.CRM, pending=True
)
UNREADABLE = summary(3, DriftKind.UNREADABLE, came="", path=".", system=System.SCHEDULING)
NEW = summary(4, DriftKind.NEW_FIELD, came="", path="open_invoices[].tier")
MAPPED = summary(5, came="dormant", state=DriftState.MAPPED)
INBOX = (UNKNOWN, RENAMED, UNREADABLE, NEW, MAPPED)


def mapping(item: DriftItemSummary, state: MappingState) -> MappingView:
    """What was said of it."""
    field = item.kind is DriftKind.RENAMED
    answered = state is MappingState.ACTIVE
    return MappingView(
        id=f"map_{item.id[-4:]}",
        item_id=item.id,
        system=item.system,
        kind=MappingKind.FIELD if field else MappingKind.VALUE,
        subject=item.subject,
        raw=item.came,
        known="entitlements.lifecycle" if field else "past_due",
        version=1,
        state=state,
        proposed_by="operator",
        reason="The vendor's release notes say so.",
        proposed_at=NOW - timedelta(minutes=5),
        expires_at=NOW + timedelta(hours=23),
        confirmed_by="admin" if answered else None,
        confirm_reason="Read them, too." if answered else None,
        confirmed_at=NOW - timedelta(minutes=3) if answered else None,
        retired_by=None,
        retire_reason=None,
        retired_at=None,
    )


def item(row: DriftItemSummary, *, role: Role, principal: str) -> DriftItemView:
    """One whole, as this caller sees it."""
    choices = CHOICES.get(row.kind, [])
    now = DriftSituation(row.kind, row.state, bool(choices), row.pending)
    may = [drift_permission(action, role=role, now=now) for action in DriftAction]
    mapped = row.state is DriftState.MAPPED
    state = MappingState.ACTIVE if mapped else MappingState.PROPOSED
    said = mapping(row, state) if row.pending or mapped else None
    refusal = objection_to_second(
        role=role, principal=principal, proposed_by="operator", proposer=Role.OPERATOR
    )
    return DriftItemView(
        **row.model_dump(),
        sample={"id": "[masked]", "standing": "frozen", "open_invoices": [], "currency": "usd"},
        diff=[
            DriftDifferenceView(path="lifecycle", before=["string"], after=[]),
            DriftDifferenceView(path="lifecycleV2", before=[], after=["string"]),
        ]
        if row.kind is DriftKind.RENAMED
        else [],
        mapping_kind=MAPPED_AS.get(row.kind),
        choices=choices,
        proposal=PendingMappingView(**said.model_dump(), sha256="a" * 64, refusal=refusal)
        if said and row.pending
        else None,
        mappings=[said] if said else [],
        replays=[
            DriftReplayView(
                id="rpl_abcdefgh",
                state="running",
                sentence="12 of 37 have gone on.",
                items=37,
                created_at=NOW - timedelta(minutes=3),
                finished_at=None,
            )
        ]
        if mapped
        else [],
        may_act=[
            DriftPermissionView(action=each.action, allowed=each.allowed, reason=each.reason)
            for each in may
        ],
        decided_by="admin" if mapped else None,
        decided_at=NOW - timedelta(minutes=3) if mapped else None,
        reason="Read them, too." if mapped else "",
    )


def changes(row: DriftItemSummary) -> list[DriftChangeView]:
    """Whom it parked."""
    return [
        DriftChangeView(
            change_id=change.id,
            account_id=change.account_id,
            seen_at=NOW - timedelta(minutes=number),
            parked=bool(row.parked),
            step="check_standing" if row.parked else None,
            opened_at=NOW - timedelta(minutes=number) if row.parked else None,
        )
        for number, change in enumerate(CHANGES[:3])
    ]
