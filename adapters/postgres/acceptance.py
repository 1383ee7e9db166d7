"""Accepts a change: everything in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Text, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.audit import audit_entry
from adapters.postgres.documents import StoredDocument, Upload, document_row
from adapters.postgres.mapping import accepted_view
from adapters.postgres.outbox import outbox_row
from adapters.postgres.tables import (
    Base,
    IdempotencyKeyRow,
    IdentifierRow,
    ServiceChangeRow,
)
from domain.contracts import ServiceChangeView
from domain.identifiers import fingerprint, workflow_id
from domain.service_change import ChangeStatus, DocumentState, Role
from domain.submission import CheckedSubmission


@dataclass(frozen=True, slots=True)
class NewChange:
    """A checked submission with its circumstances."""

    id: str
    submission: CheckedSubmission
    document: StoredDocument | None
    caller: str
    role: Role
    idempotency_key: str
    fingerprint: str
    correlation_id: str
    at: datetime

    @property
    def upload(self) -> Upload | None:
        """The document that came with it, as the first version."""
        if self.document is None:
            return None
        return Upload(self.id, self.document, self.caller, self.at)


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The first answer given under an idempotency key."""

    fingerprint: str
    status_code: int
    body: bytes


async def kept_answer(session: AsyncSession, caller: str, key: str) -> KeptAnswer | None:
    """What this caller was answered under this key before, if anything."""
    row = await session.get(IdempotencyKeyRow, (caller, key))
    if row is None or row.body is None or row.status_code is None:
        return None
    return KeptAnswer(row.fingerprint, row.status_code, row.body)


async def keep_answer(
    session: AsyncSession,
    *,
    caller: str,
    key: str,
    fingerprint_: str,
    change_id: str | None,
    answer: tuple[int, bytes],
    at: datetime,
) -> bool:
    """Keep an answer under a key; False if another request was first (roll back and replay)."""
    kept = await session.scalar(
        insert(IdempotencyKeyRow)
        .values(
            caller=caller,
            key=key,
            fingerprint=fingerprint_,
            change_id=change_id,
            status_code=answer[0],
            body=answer[1],
            created_at=at,
        )
        .on_conflict_do_nothing()
        .returning(IdempotencyKeyRow.key)
    )
    return kept is not None


def wish_sha256(account_id: str, kind: str, details: Mapping[str, Any]) -> str:
    """Equal for the same wish of the same account."""
    return fingerprint({"account": account_id, "kind": kind, "details": details})


async def twin_of(
    session: AsyncSession, account_id: str, kind: str, details: Mapping[str, Any]
) -> str | None:
    """The change under way that asks for the same; None if there is none."""
    first: str | None = await session.scalar(
        select(func.min(ServiceChangeRow.id)).where(
            ServiceChangeRow.account_id == account_id,
            ServiceChangeRow.wish_sha256 == wish_sha256(account_id, kind, details),
            ServiceChangeRow.ended_at.is_(None),
            ServiceChangeRow.duplicate_of.is_(None),
        )
    )
    return first


async def accept_change(session: AsyncSession, new: NewChange) -> ServiceChangeView:
    """Write change, document version, identifiers, audit entry and outbox row. No commit."""
    submission = new.submission
    details = submission.details.model_dump(mode="json")
    wish = wish_sha256(submission.account_id, submission.kind, details)
    # Two equal wishes of one account that arrive at once must see each other.
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:account, 0))"),
        {"account": submission.account_id},
    )
    twin = await twin_of(session, submission.account_id, submission.kind, details)
    change = ServiceChangeRow(
        id=new.id,
        account_id=submission.account_id,
        kind=submission.kind,
        status=ChangeStatus.PENDING,
        details=details,
        wish_sha256=wish,
        requested_date=submission.requested_date,
        note=submission.note,
        correlation_id=new.correlation_id,
        workflow_id=workflow_id(new.id),
        submitted_by=new.caller,
        submitted_role=new.role,
        submitted_at=new.at,
        updated_at=new.at,
        duplicate_of=twin,
        waiting_on=[],
    )
    document = document_row(1, DocumentState.CURRENT, new.upload) if new.upload else None
    entry = audit_entry(
        at=new.at,
        actor=new.caller,
        actor_kind="person" if new.role not in {Role.PORTAL, Role.PARTNER} else "service",
        action="submit",
        change=change,
        to_status=ChangeStatus.PENDING,
        reason=submission.note and "With a note.",
        facts={"document_sha256": new.document.sha256} if new.document else {},
    )
    rows: list[Base] = [change, outbox_row("start", new.id, {}, new.at), entry]
    if document is not None:
        rows.append(document)
    await _add_at_once(session, rows, _names(new), new.id)
    return accepted_view(change, document)


def _names(new: NewChange) -> dict[str, str]:
    """Everything the change can be found by from the start: kind of name to name."""
    names = {
        "change": new.id,
        "account": new.submission.account_id,
        "correlation": new.correlation_id,
        "idempotency_key": new.idempotency_key,
        "workflow": workflow_id(new.id),
    }
    return names | {"document": new.document.sha256} if new.document else names


async def _add_at_once(
    session: AsyncSession, rows: Sequence[Base], names: Mapping[str, str], change_id: str
) -> None:
    """Write rows of several tables in one round trip, which is what a submitter waits for."""
    given = {
        row.__tablename__: {k: v for k, v in vars(row).items() if not k.startswith("_")}
        for row in rows
    }
    statement = _insert_at_once(tuple((table, tuple(values)) for table, values in given.items()))
    values = {f"{table}_{k}": v for table, row in given.items() for k, v in row.items()}
    kinds = {"kinds": list(names), "names": list(names.values()), "named": change_id}
    await session.execute(statement, values | kinds)


@cache
def _insert_at_once(shapes: tuple[tuple[str, tuple[str, ...]], ...]) -> Insert:
    """The statement for one row of each table, and for names; built once, as it takes its time.

    PostgreSQL checks foreign keys at the end of a statement, so the rows may refer to each other.
    """
    tables = Base.metadata.tables
    names = select(
        func.unnest(bindparam("kinds", type_=ARRAY(Text))),
        func.unnest(bindparam("names", type_=ARRAY(Text))),
        bindparam("named", type_=Text),
    )
    identifiers = tables[IdentifierRow.__tablename__]
    inserts = [
        insert(tables[table]).values({name: bindparam(f"{table}_{name}") for name in columns})
        for table, columns in shapes
    ]
    parts = [each.cte(f"into_{table}") for each, (table, _) in zip(inserts, shapes, strict=True)]
    return insert(identifiers).from_select(["kind", "value", "change_id"], names).add_cte(*parts)
