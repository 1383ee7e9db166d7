"""A board of credentials as the API answers it, for the console's own tests."""

from datetime import datetime, timedelta
from typing import Any

from domain.contracts_credentials import CredentialView, SecretActionView, SecretVersionView
from domain.credentials import (
    ALERTS,
    KIND_OF,
    CredentialFacts,
    SecretAction,
    SecretState,
    judge,
    may,
    next_rotation,
)
from domain.identifiers import VENDORS, System
from domain.service_change import Role
from tests.ui.samples import NOW

DAY = timedelta(days=1)


def version(
    number: int,
    state: SecretState,
    *,
    role: Role,
    principal: str,
    **values: Any,  # noqa: ANN401 - any field
) -> SecretVersionView:
    """One version, with what this reader may do."""
    fields: dict[str, Any] = dict.fromkeys(SecretVersionView.model_fields)
    fields |= {
        "version": number,
        "state": state,
        "fingerprint": f"0a1b-2c3d-4e5f-000{number}",
        "reason": "Yearly rotation.",
        "staged_by": "admin",
        "staged_at": NOW - number * DAY,
        "seen_sha256": f"{number:064d}",
        **values,
    }
    rules = [
        may(action, state, role=role, principal=principal, staged_by=fields["staged_by"])
        for action in SecretAction
    ]
    fields["actions"] = [
        SecretActionView(action=rule.action, allowed=rule.allowed, reason=rule.reason)
        for rule in rules
    ]
    return SecretVersionView(**fields)


def credential(
    system: System,
    versions: list[SecretVersionView],
    *,
    role: Role,
    expires_at: datetime | None = None,
    refused_since: datetime | None = None,
) -> CredentialView:
    """One system, judged as the API judges it."""
    states = {each.state: each for each in versions}
    current = states.get(SecretState.CURRENT)
    rotation = next_rotation(NOW - 30 * DAY, expires_at) if current else None
    waiting = states.get(SecretState.TRIED) or states.get(SecretState.STAGED)
    told = judge(
        CredentialFacts(
            NOW,
            kept=current is not None,
            refused_since=refused_since,
            expires_at=expires_at,
            rotation_at=rotation,
            candidate=waiting.state if waiting else None,
        )
    )
    may_stage = role is Role.ADMIN and waiting is None
    return CredentialView(
        system=system,
        kind=KIND_OF[system],
        state=told.state,
        alert=told.state in ALERTS,
        sentence=told.sentence,
        next_action=told.next_action,
        refused_since=refused_since,
        expires_at=expires_at,
        next_rotation_at=rotation,
        overlap_until=None,
        last_use_at=NOW - timedelta(minutes=3) if current else None,
        last_refresh_at=NOW - timedelta(minutes=4) if system is System.CRM else None,
        may_stage=may_stage,
        why_not_stage=None if may_stage else "To stage a secret needs the role admin.",
        versions=versions,
    )


def board(role: Role, principal: str) -> list[CredentialView]:
    """Four systems: one waits for a promotion, one expires, one is refused, one is good."""

    def made(number: int, state: SecretState, **values: Any) -> SecretVersionView:  # noqa: ANN401 - any field
        return version(number, state, role=role, principal=principal, **values)

    current = made(1, SecretState.CURRENT, promoted_at=NOW - 30 * DAY, promoted_by="second_admin")
    tried = made(
        2,
        SecretState.TRIED,
        tried_at=NOW - timedelta(hours=1),
        tried_by="admin",
        accepted=True,
        trial="Accepted version 2.",
    )
    values: dict[System, dict[str, Any]] = {
        System.BILLING: {"versions": [tried, current]},
        System.SCHEDULING: {"versions": [current], "expires_at": NOW + 2 * DAY},
        System.CRM: {"versions": [current]},
        System.TICKETING: {"versions": [current], "refused_since": NOW - timedelta(minutes=9)},
    }
    return [credential(system, role=role, **values[system]) for system in VENDORS]
