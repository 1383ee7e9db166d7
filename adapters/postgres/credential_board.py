"""The board of credentials: how each system's secret is, and what is due. Opens no seal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.tables_credentials import VendorSecretRow
from adapters.postgres.tables_operations import VendorGateRow
from adapters.postgres.vendor_secrets import candidate_of, seen_sha256
from domain.contracts_credentials import CredentialView, SecretActionView, SecretVersionView
from domain.credentials import (
    ALERTS,
    KIND_OF,
    MANAGES_SECRETS,
    CredentialFacts,
    SecretAction,
    SecretState,
    judge,
    may,
    next_rotation,
)
from domain.errors import FailureCode
from domain.identifiers import VENDORS, System
from domain.service_change import Role

_RETIRED_SHOWN: Final = 5
"""Of each system, the newest; the audit trail has all."""

_S = SecretState


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks at the board."""

    name: str
    role: Role


async def read_board(
    session: AsyncSession, reader: Reader, now: datetime, systems: Sequence[System] = VENDORS
) -> list[CredentialView]:
    """One credential for each system, in two statements."""
    place = (
        func.row_number()
        .over(
            partition_by=(VendorSecretRow.system, VendorSecretRow.state),
            order_by=VendorSecretRow.version.desc(),
        )
        .label("place")
    )
    ranked = (
        select(VendorSecretRow.system, VendorSecretRow.version, place)
        .where(VendorSecretRow.system.in_(systems))
        .subquery()
    )
    rows = await session.scalars(
        select(VendorSecretRow)
        .join(
            ranked,
            (ranked.c.system == VendorSecretRow.system)
            & (ranked.c.version == VendorSecretRow.version),
        )
        .where(or_(VendorSecretRow.state != _S.RETIRED, ranked.c.place <= _RETIRED_SHOWN))
        .order_by(VendorSecretRow.version.desc())
    )
    faults = await session.execute(
        select(VendorGateRow.system, VendorGateRow.since).where(
            VendorGateRow.cause == FailureCode.CREDENTIAL, VendorGateRow.closed_until.is_not(None)
        )
    )
    refused: dict[str, datetime | None] = dict(faults.all())
    versions: dict[str, list[VendorSecretRow]] = {}
    for row in rows:
        versions.setdefault(row.system, []).append(row)
    return [
        _view(system, versions.get(system, []), refused.get(system), reader, now)
        for system in systems
    ]


def _view(
    system: System,
    rows: list[VendorSecretRow],
    refused_since: datetime | None,
    reader: Reader,
    now: datetime,
) -> CredentialView:
    by_state = {row.state: row for row in reversed(rows)}
    current, previous = by_state.get(_S.CURRENT), by_state.get(_S.PREVIOUS)
    facts = _facts(current, previous, candidate_of(rows), refused_since, now)
    told = judge(facts)
    why_not = _why_not_stage(rows, reader)
    return CredentialView(
        system=system,
        kind=KIND_OF[system],
        state=told.state,
        alert=told.state in ALERTS,
        sentence=told.sentence,
        next_action=told.next_action,
        refused_since=refused_since,
        expires_at=facts.expires_at,
        next_rotation_at=facts.rotation_at,
        overlap_until=facts.overlap_until,
        last_use_at=_latest(row.used_at for row in rows),
        last_refresh_at=_latest(row.refreshed_at for row in rows),
        may_stage=why_not is None,
        why_not_stage=why_not,
        versions=[_version(row, reader) for row in rows],
    )


def _facts(
    current: VendorSecretRow | None,
    previous: VendorSecretRow | None,
    candidate: VendorSecretRow | None,
    refused_since: datetime | None,
    now: datetime,
) -> CredentialFacts:
    known: dict[str, Any] = {}
    if current is not None and current.promoted_at is not None:
        known = {
            "expires_at": current.expires_at,
            "rotation_at": next_rotation(current.promoted_at, current.expires_at),
            "worked_at": current.used_at,
            "effective_at": _latest((current.promoted_at, current.not_before)),
        }
    return CredentialFacts(
        now=now,
        kept=current is not None,
        refused_since=refused_since,
        candidate=SecretState(candidate.state) if candidate else None,
        overlap_until=previous.overlap_until if previous else None,
        previous_worked_at=previous.used_at if previous else None,
        **known,
    )


def _version(row: VendorSecretRow, reader: Reader) -> SecretVersionView:
    rules = [
        may(
            action,
            SecretState(row.state),
            role=reader.role,
            principal=reader.name,
            staged_by=row.staged_by,
        )
        for action in SecretAction
    ]
    return SecretVersionView(
        version=row.version,
        state=SecretState(row.state),
        fingerprint=row.fingerprint,
        login=row.login,
        reason=row.reason,
        staged_by=row.staged_by,
        staged_at=row.staged_at,
        not_before=row.not_before,
        expires_at=row.expires_at,
        tried_by=row.tried_by,
        tried_at=row.tried_at,
        accepted=row.accepted,
        trial=row.trial,
        promoted_by=row.promoted_by,
        promoted_at=row.promoted_at,
        overlap_until=row.overlap_until,
        retired_by=row.retired_by,
        retired_at=row.retired_at,
        last_use_at=row.used_at,
        last_refresh_at=row.refreshed_at,
        token_expires_at=row.token_expires_at,
        last_refused_at=row.refused_at,
        last_refusal=row.refusal,
        seen_sha256=seen_sha256(row),
        actions=[
            SecretActionView(action=each.action, allowed=each.allowed, reason=each.reason)
            for each in rules
        ],
    )


def _why_not_stage(rows: list[VendorSecretRow], reader: Reader) -> str | None:
    if reader.role is not MANAGES_SECRETS:
        return f"To stage a secret needs the role {MANAGES_SECRETS}."
    candidate = candidate_of(rows)
    if candidate is not None:
        return f"Version {candidate.version} is {candidate.state}: promote it or retire it first."
    return None


def _latest(moments: Iterable[datetime | None]) -> datetime | None:
    return max((each for each in moments if each is not None), default=None)
