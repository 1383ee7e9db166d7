"""The life of vendors' secrets in SQL: each step in the transaction it is given, audited.

What a secret is leaves this module only sealed; the audit trail holds its fingerprint.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.keyring import Keyring
from adapters.postgres.audit import audit_note
from adapters.postgres.credential_faults import ask_probe
from adapters.postgres.tables_credentials import VendorSecretRow
from domain.credentials import (
    CANDIDATES,
    IN_USE,
    SecretState,
    overlap_ends,
    retires_by_itself,
)
from domain.identifiers import System, fingerprint

_S = SecretState
_KEPT = sorted(CANDIDATES | IN_USE)


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret a person hands in."""

    system: System
    value: str = field(repr=False)
    login: str | None
    not_before: datetime | None
    expires_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class By:
    """Who does it, when, and under which correlation id."""

    actor: str
    at: datetime
    correlation_id: str
    kind: str = "person"


async def kept(session: AsyncSession, system: System) -> list[VendorSecretRow]:
    """Every version that is not retired, nobody else's until the transaction ends."""
    rows = await session.scalars(
        select(VendorSecretRow)
        .where(VendorSecretRow.system == system, VendorSecretRow.state.in_(_KEPT))
        .order_by(VendorSecretRow.version)
        .with_for_update(),
        execution_options={"populate_existing": True},
    )
    return list(rows)


async def alone_with(session: AsyncSession, system: System) -> None:
    """Nobody else changes the system's secrets until the transaction ends."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"secrets:{system}"))))


def candidate_of(rows: list[VendorSecretRow]) -> VendorSecretRow | None:
    """The version that is to follow, if there is one."""
    return next((row for row in rows if row.state in CANDIDATES), None)


async def seed(
    session: AsyncSession, keyring: Keyring, given: Mapping[System, str], at: datetime
) -> list[System]:
    """Keep the settings' secrets as first versions, where a system has none at all. Repeatable."""
    begun = []
    for system, value in given.items():
        await alone_with(session, system)
        if not value or await _last_version(session, system):
            continue
        row = VendorSecretRow(
            system=system,
            version=1,
            state=_S.CURRENT,
            sealed=keyring.seal(value),
            fingerprint=keyring.fingerprint(value),
            reason="From the settings, at the first start.",
            staged_by="settings",
            staged_at=at,
            promoted_by="settings",
            promoted_at=at,
        )
        session.add(row)
        by = By("settings", at, f"seed:{system}", "service")
        _audit(session, row, "seed_secret", by, row.reason)
        begun.append(system)
    return begun


async def reseal(session: AsyncSession, keyring: Keyring) -> int:
    """Seal what an older key sealed with the first key of the ring; how many that were."""
    rows = await session.scalars(
        select(VendorSecretRow).where(VendorSecretRow.sealed.is_not(None)).with_for_update()
    )
    count = 0
    for row in rows:
        anew = keyring.resealed(row.sealed or b"")
        if anew is not None:
            row.sealed, count = anew, count + 1
    return count


async def stage(session: AsyncSession, keyring: Keyring, new: NewSecret, by: By) -> VendorSecretRow:
    """Keep a new version, in use nowhere yet. The system has no candidate, and is locked."""
    row = VendorSecretRow(
        system=new.system,
        version=await _last_version(session, new.system) + 1,
        state=_S.STAGED,
        sealed=keyring.seal(new.value),
        login=new.login,
        fingerprint=keyring.fingerprint(new.value),
        reason=new.reason,
        staged_by=by.actor,
        staged_at=by.at,
        not_before=new.not_before,
        expires_at=new.expires_at,
    )
    session.add(row)
    _audit(session, row, "stage_secret", by, new.reason)
    return row


def record_trial(
    session: AsyncSession, row: VendorSecretRow, by: By, *, accepted: bool | None, words: str
) -> None:
    """Put on record what the vendor said to a version; None: it could not be asked."""
    row.tried_by, row.tried_at, row.accepted, row.trial = by.actor, by.at, accepted, words
    if row.state in CANDIDATES and accepted is not None:
        row.state = _S.TRIED if accepted else _S.STAGED
    _audit(session, row, "try_secret", by, words, accepted=accepted)


def promote(
    session: AsyncSession,
    rows: list[VendorSecretRow],
    row: VendorSecretRow,
    by: By,
    *,
    reason: str,
    overlap: timedelta,
) -> None:
    """Make a version the current one; the one before stays good for the overlap."""
    before = {each.state: each for each in rows}
    if _S.PREVIOUS in before:
        retire(session, before[_S.PREVIOUS], by, "Another version became the previous one.")
    if _S.CURRENT in before:
        old = before[_S.CURRENT]
        old.state, old.overlap_until = _S.PREVIOUS, overlap_ends(by.at, row.not_before, overlap)
    row.state, row.promoted_by, row.promoted_at = _S.CURRENT, by.actor, by.at
    ask_probe(session, System(row.system), by.at)
    _audit(session, row, "promote_secret", by, reason, seen_sha256=seen_sha256(row))


def retire(session: AsyncSession, row: VendorSecretRow, by: By, reason: str) -> None:
    """Use a version no more, and erase what it was."""
    row.state, row.sealed = _S.RETIRED, None
    row.retired_by, row.retired_at = by.actor, by.at
    _audit(session, row, "retire_secret", by, reason)


async def retire_what_is_over(session: AsyncSession, at: datetime) -> list[System]:
    """Retire previous versions whose overlap is over, unless the current one never worked yet."""
    due = await session.scalars(
        select(VendorSecretRow.system).where(
            VendorSecretRow.state == _S.PREVIOUS, VendorSecretRow.overlap_until <= at
        )
    )
    retired = []
    for system in map(System, due.all()):
        rows = {row.state: row for row in await kept(session, system)}
        previous, current = rows.get(_S.PREVIOUS), rows.get(_S.CURRENT)
        worked_at = current.used_at if current else None
        if previous and retires_by_itself(previous.overlap_until, worked_at, at):
            by = By("sweeper", at, f"retire:{system}", "schedule")
            retire(session, previous, by, "Its overlap is over.")
            retired.append(system)
    return retired


def seen_sha256(row: VendorSecretRow) -> str:
    """What a second person confirms: this version, with this trial."""
    return fingerprint(
        {
            "system": row.system,
            "version": row.version,
            "fingerprint": row.fingerprint,
            "login": row.login,
            "accepted": row.accepted,
            "tried_at": row.tried_at.isoformat() if row.tried_at else None,
            "not_before": row.not_before.isoformat() if row.not_before else None,
            "expires_at": row.expires_at.isoformat() if row.expires_at else None,
        }
    )


async def _last_version(session: AsyncSession, system: System) -> int:
    found = await session.scalar(
        select(func.max(VendorSecretRow.version)).where(VendorSecretRow.system == system)
    )
    return found or 0


def _audit(
    session: AsyncSession,
    row: VendorSecretRow,
    action: str,
    by: By,
    reason: str,
    **facts: Any,  # noqa: ANN401 - JSON
) -> None:
    session.add(
        audit_note(
            at=by.at,
            actor=by.actor,
            actor_kind=by.kind,
            action=action,
            correlation_id=by.correlation_id,
            reason=reason,
            facts={
                "system": row.system,
                "version": row.version,
                "fingerprint": row.fingerprint,
                **facts,
            },
        )
    )
