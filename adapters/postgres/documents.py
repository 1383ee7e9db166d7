"""The versions of a change's document: added, promoted, discarded. The bytes are elsewhere."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.audit import add_identifier, audit_entry
from adapters.postgres.outbox import outbox_row
from adapters.postgres.tables import DocumentVersionRow, ServiceChangeRow
from domain.service_change import ChangeStatus, DocumentState

_D = DocumentVersionRow


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document whose bytes are already in the store."""

    sha256: str
    filename: str
    media_type: str
    size_bytes: int
    storage_key: str


@dataclass(frozen=True, slots=True)
class Upload:
    """Who adds a document version to which change, and when."""

    change_id: str
    document: StoredDocument
    caller: str
    at: datetime


def document_row(version: int, state: DocumentState, upload: Upload) -> DocumentVersionRow:
    """A version about to be kept."""
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


async def add_document(session: AsyncSession, upload: Upload) -> DocumentVersionRow:
    """Add a version: current before the approval, pending review after it. No commit.

    The bytes of the latest version once more add nothing: that version is answered.
    """
    change = await session.get_one(ServiceChangeRow, upload.change_id, with_for_update=True)
    last = await session.scalar(
        select(_D).where(_D.change_id == change.id).order_by(_D.version.desc()).limit(1)
    )
    if last is not None and last.sha256 == upload.document.sha256:
        return last
    revises = change.approved_plan_sha256 is not None
    state = DocumentState.PENDING_REVIEW if revises else DocumentState.CURRENT
    row = document_row(last.version + 1 if last else 1, state, upload)
    if not revises:
        await _replace(session, change.id, DocumentState.CURRENT, DocumentState.SUPERSEDED)
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
    session.add(_word_of(row, upload.at))
    if change.status == ChangeStatus.ACTIVE:
        change.next_action = (
            f"Document version {row.version} waits for a decision: "
            "apply the revision or discard it."
        )
    return row


def _word_of(row: DocumentVersionRow, at: datetime) -> object:
    """What the workflow is told of a version."""
    if row.state == DocumentState.PENDING_REVIEW:
        return outbox_row("revised", row.change_id, {"version": row.version}, at)
    payload = {"cause": "document", "reference": f"version {row.version}"}
    return outbox_row("look_again", row.change_id, payload, at)


async def current_version(session: AsyncSession, change_id: str) -> int:
    """The version the change is judged by; 0 while there is none."""
    found: int | None = await session.scalar(
        select(_D.version).where(_D.change_id == change_id, _D.state == DocumentState.CURRENT)
    )
    return found or 0


async def newest_pending(session: AsyncSession, change_id: str) -> int | None:
    """The version that waits for a decision, if one does."""
    found: int | None = await session.scalar(
        select(func.max(_D.version)).where(
            _D.change_id == change_id, _D.state == DocumentState.PENDING_REVIEW
        )
    )
    return found


async def promote_pending(session: AsyncSession, change_id: str) -> None:
    """The newest pending version becomes the current one. Nothing if none is pending."""
    newest = await newest_pending(session, change_id)
    if newest is None:
        return
    for state in (DocumentState.CURRENT, DocumentState.PENDING_REVIEW):
        await _replace(session, change_id, state, DocumentState.SUPERSEDED)
    await session.execute(
        update(_D)
        .where(_D.change_id == change_id, _D.version == newest)
        .values(state=DocumentState.CURRENT)
    )


async def discard_pending(session: AsyncSession, change_id: str) -> None:
    """What waits for a decision is not wanted; the current version stays."""
    await _replace(session, change_id, DocumentState.PENDING_REVIEW, DocumentState.DISCARDED)


async def _replace(
    session: AsyncSession, change_id: str, state: DocumentState, by: DocumentState
) -> None:
    await session.execute(
        update(_D).where(_D.change_id == change_id, _D.state == state).values(state=by)
    )
