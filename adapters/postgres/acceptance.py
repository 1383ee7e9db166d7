"""Accepts a change, a document version or a vendor's event: everything in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Text, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.audit import add_identifier, audit_entry
from adapters.postgres.mapping import accepted_view
from adapters.postgres.tables import (
    Base,
    DocumentVersionRow,
    IdempotencyKeyRow,
    IdentifierRow,
    InboxRow,
    OutboxRow,
    ServiceChangeRow,
)
from domain.contracts import ServiceChangeView
from domain.identifiers import fingerprint, workflow_id
from domain.service_change import ChangeStatus, DocumentState, Role
from domain.submission import CheckedSubmission

WAITS_FOR_DOCUMENT = frozenset(
    {
        ChangeStatus.PENDING,
        ChangeStatus.CHECKING,
        ChangeStatus.INCOMPLETE,
        ChangeStatus.AWAITING_APPROVAL,
    }
)
"""While nothing is approved a new version simply becomes the current one."""

WAITS_FOR_EVENT = frozenset({ChangeStatus.PENDING, ChangeStatus.CHECKING, ChangeStatus.INCOMPLETE})
"""An event may overtake the check it answers, so changes being checked hear of it, too."""


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document whose bytes are already in the store."""

    sha256: str
    filename: str
    media_type: str
    size_bytes: int
    storage_key: str


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
    def upload(self) -> "Upload | None":
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
    change_id: str,
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


async def accept_change(session: AsyncSession, new: NewChange) -> ServiceChangeView:
    """Write change, document version, identifiers, audit entry and outbox row. No commit."""
    submission = new.submission
    details = submission.details.model_dump(mode="json")
    wish = fingerprint(
        {"account": submission.account_id, "kind": submission.kind, "details": details}
    )
    # Two equal wishes of one account that arrive at once must see each other.
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:account, 0))"),
        {"account": submission.account_id},
    )
    twin = await session.scalar(
        select(func.min(ServiceChangeRow.id)).where(
            ServiceChangeRow.account_id == submission.account_id,
            ServiceChangeRow.wish_sha256 == wish,
            ServiceChangeRow.ended_at.is_(None),
            ServiceChangeRow.duplicate_of.is_(None),
        )
    )
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
    document = _document_row(1, DocumentState.CURRENT, new.upload) if new.upload else None
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


def _document_row(version: int, state: DocumentState, upload: "Upload") -> DocumentVersionRow:
    document = upload.document
    return DocumentVersionRow(
        change_id=upload.change_id,
        version=version,
        sha256=document.sha256,
        filename=document.filename,
        media_type=document.media_type,
        size_bytes=document.size_bytes,
        storage_key=document.storage_key,
        state=state,
        uploaded_by=upload.caller,
        uploaded_at=upload.at,
    )


def outbox_row(
    topic: str, change_id: str, payload: dict[str, Any], at: datetime, *, delay: float = 0
) -> OutboxRow:
    """A message to the engine; topics are `start`, `look_again`, `resumed`, `settle`."""
    return OutboxRow(
        topic=topic,
        change_id=change_id,
        payload=payload,
        created_at=at,
        available_at=at + timedelta(seconds=delay),
        attempts=0,
    )


@dataclass(frozen=True, slots=True)
class Upload:
    """Who adds a document version to which change, and when."""

    change_id: str
    document: StoredDocument
    caller: str
    at: datetime


async def add_document(session: AsyncSession, upload: Upload) -> DocumentVersionRow:
    """Add a version: current before the approval, pending review after it. No commit.

    The bytes of the latest version once more add nothing: that version is answered.
    """
    change = await session.get_one(ServiceChangeRow, upload.change_id, with_for_update=True)
    before_approval = change.status in WAITS_FOR_DOCUMENT
    last = await session.scalar(
        select(DocumentVersionRow)
        .where(DocumentVersionRow.change_id == change.id)
        .order_by(DocumentVersionRow.version.desc())
        .limit(1)
    )
    if last is not None and last.sha256 == upload.document.sha256:
        return last
    if before_approval:
        await session.execute(
            update(DocumentVersionRow)
            .where(
                DocumentVersionRow.change_id == change.id,
                DocumentVersionRow.state == DocumentState.CURRENT,
            )
            .values(state=DocumentState.SUPERSEDED)
        )
    state = DocumentState.CURRENT if before_approval else DocumentState.PENDING_REVIEW
    row = _document_row(last.version + 1 if last else 1, state, upload)
    session.add(row)
    change.updated_at = upload.at
    session.add(
        audit_entry(
            at=upload.at,
            actor=upload.caller,
            actor_kind="person",
            action="add_document",
            change=change,
            reason=f"Version {row.version} ({row.state}).",
            facts={"version": row.version, "document_sha256": row.sha256, "state": row.state},
        )
    )
    await add_identifier(session, change.id, "document", row.sha256)
    if before_approval:
        payload = {"cause": "document", "reference": f"version {row.version}"}
        session.add(outbox_row("look_again", change.id, payload, upload.at))
    return row


@dataclass(frozen=True, slots=True)
class VendorEvent:
    """A vendor's event whose signature was found good."""

    system: str
    id: str
    type: str
    account_id: str | None
    reference: str | None
    body: bytes
    headers: dict[str, str]
    at: datetime


async def take_event(session: AsyncSession, event: VendorEvent) -> bool:
    """Keep an event and wake what it may unblock; False if it came before. No commit."""
    stored = await session.scalar(
        insert(InboxRow)
        .values(
            system=event.system,
            event_id=event.id,
            type=event.type,
            account_id=event.account_id,
            reference=event.reference,
            body=event.body,
            headers=event.headers,
            received_at=event.at,
            processed_at=event.at,
            duplicates=0,
        )
        .on_conflict_do_nothing()
        .returning(InboxRow.event_id)
    )
    if stored is None:
        await session.execute(
            update(InboxRow)
            .where(InboxRow.system == event.system, InboxRow.event_id == event.id)
            .values(duplicates=InboxRow.duplicates + 1)
        )
        return False
    waiting = await session.scalars(
        select(ServiceChangeRow).where(
            ServiceChangeRow.account_id == (event.account_id or ""),
            ServiceChangeRow.status.in_(WAITS_FOR_EVENT),
        )
    )
    for change in waiting:
        payload = {"cause": f"{event.system} {event.type}", "reference": event.id}
        session.add(outbox_row("look_again", change.id, payload, event.at))
        session.add(
            audit_entry(
                at=event.at,
                actor=event.system,
                actor_kind="webhook",
                action=event.type,
                change=change,
                reason=f"Event {event.id}.",
                facts={"event_id": event.id, "reference": event.reference},
            )
        )
    return True
