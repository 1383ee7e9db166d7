"""What a change is related to: duplicates, retries by kind, corrections, replays, events.

Nothing here writes. Each statement goes by an index and reads so many rows at most.
"""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.situations import standing_effects
from adapters.postgres.tables import (
    AttemptRow,
    DocumentVersionRow,
    EffectRow,
    OutboxRow,
    ServiceChangeRow,
)
from adapters.postgres.tables_desk import DecisionRow, ReplayItemRow, ReplayRow
from adapters.postgres.tables_inbox import InboxChangeRow, InboxRow
from domain.contracts import Evidence
from domain.contracts_evidence import LineageEntryView, LineageKind
from domain.identifiers import EffectKey, System
from domain.service_change import Action, DocumentState
from domain.wording import words

MOST: Final = 500
"""Of one kind of relation; the newest are shown."""

_FIRST_VERSION: Final = 1
_K = LineageKind
_DOCUMENT_WORDS: Final = {
    DocumentState.CURRENT: "is the one that counts",
    DocumentState.SUPERSEDED: "was replaced by a later one",
    DocumentState.PENDING_REVIEW: "waits for a decision",
    DocumentState.DISCARDED: "was discarded",
}


async def read_lineage(session: AsyncSession, change: ServiceChangeRow) -> list[LineageEntryView]:
    """Every relation of the change, in the order of time."""
    found = [
        *await _duplicates(session, change),
        *await _attempts(session, change.id),
        *await _decisions(session, change.id),
        *await _runs(session, change.id),
        *await _redos(session, change.id),
        *await _revisions(session, change.id),
        *await _replays(session, change.id),
        *await _events(session, change.id),
    ]
    return sorted(found, key=lambda entry: (entry.at, entry.kind, entry.sentence))


async def _duplicates(
    session: AsyncSession, change: ServiceChangeRow
) -> Iterable[LineageEntryView]:
    repeated = await session.scalars(
        select(ServiceChangeRow)
        .where(
            ServiceChangeRow.account_id == change.account_id,
            ServiceChangeRow.duplicate_of == change.id,
        )
        .order_by(ServiceChangeRow.submitted_at.desc())
        .limit(MOST)
    )
    entries = [
        _duplicate(_K.DUPLICATED_BY, each, each, f"{each.id} asks for the same once more.")
        for each in repeated
    ]
    if change.duplicate_of is not None:
        first = await session.get_one(ServiceChangeRow, change.duplicate_of)
        sentence = f"It repeats {first.id}, which was open when it came."
        entries.append(_duplicate(_K.DUPLICATE_OF, first, change, sentence))
    return entries


def _duplicate(
    kind: LineageKind, other: ServiceChangeRow, later: ServiceChangeRow, sentence: str
) -> LineageEntryView:
    return LineageEntryView(
        kind=kind,
        at=later.submitted_at,
        actor=later.submitted_by,
        sentence=sentence,
        reason="",
        outcome=other.status,
        change_id=other.id,
    )


async def _attempts(session: AsyncSession, change_id: str) -> Iterable[LineageEntryView]:
    """Steps that were tried again by themselves after a failure, one entry each."""
    row = AttemptRow
    failed = row.outcome != "ok"
    statement = (
        select(
            row.system,
            row.step,
            func.count().label("tries"),
            func.count().filter(failed).label("failed"),
            func.max(row.started_at).label("last"),
            func.max(row.id).label("id"),
        )
        .where(row.change_id == change_id)
        .group_by(row.system, row.step)
        .having(func.count() > 1, func.count().filter(failed) > 0)
    )
    return [
        LineageEntryView(
            kind=_K.NEW_ATTEMPT,
            at=each.last,
            actor="throughline",
            sentence=f"{_words(each.step)} was tried {each.tries} times at {each.system}, "
            f"{each.failed} of them in vain. Same key, same payload.",
            reason="",
            outcome="",
            system=System(each.system),
            evidence=[Evidence(kind="attempt", id=str(each.id))],
        )
        for each in await session.execute(statement)
    ]


async def _decisions(session: AsyncSession, change_id: str) -> Iterable[LineageEntryView]:
    """Retries and corrections that people decided, and what became of each."""
    kinds = {Action.RETRY: _K.CONTINUE, Action.CORRECT: _K.CORRECTION}
    sentences = {
        Action.RETRY: "It goes on where it stood; finished steps are not repeated.",
        Action.CORRECT: "It asks for other values from here on.",
    }
    rows = await session.scalars(
        select(DecisionRow)
        .where(DecisionRow.change_id == change_id, DecisionRow.action.in_(list(kinds)))
        .order_by(DecisionRow.at.desc())
        .limit(MOST)
    )
    return [
        LineageEntryView(
            kind=kinds[Action(row.action)],
            at=row.at,
            actor=" and ".join(filter(None, (row.actor, row.second_actor))),
            sentence=row.why or sentences[Action(row.action)],
            reason=row.reason,
            outcome=row.state,
            evidence=[Evidence(kind="decision", id=row.id)],
        )
        for row in rows
    ]


async def _runs(session: AsyncSession, change_id: str) -> Iterable[LineageEntryView]:
    """Further runs of the workflow, each begun by a decision."""
    rows = await session.execute(
        select(OutboxRow, DecisionRow)
        .join(DecisionRow, DecisionRow.id == OutboxRow.payload["decision"].astext)
        .where(OutboxRow.change_id == change_id, OutboxRow.topic == "resume")
        .order_by(OutboxRow.id.desc())
        .limit(MOST)
    )
    return [
        LineageEntryView(
            kind=_K.NEW_RUN,
            at=message.created_at,
            actor=decision.actor,
            sentence="A further run of the workflow goes on from the record; effects that stand "
            "are not repeated.",
            reason=decision.reason,
            outcome="started" if message.dispatched_at else "to be started",
            evidence=[Evidence(kind="decision", id=decision.id)],
        )
        for message, decision in rows
    ]


async def _redos(session: AsyncSession, change_id: str) -> Iterable[LineageEntryView]:
    """Groups of effects that were done anew, one entry each."""
    groups: dict[int, list[EffectRow]] = {}
    for row in await standing_effects(session, change_id):
        if row.reverses is None and row.system != System.TICKETING:
            groups.setdefault(EffectKey.parse(row.idempotency_key).attempt_group, []).append(row)
    return [
        LineageEntryView(
            kind=_K.REDO,
            at=rows[0].intended_at,
            actor="throughline",
            sentence=f"Done anew as attempt group {group}, under keys of its own: "
            f"{', '.join(_words(row.step).lower() for row in rows)}.",
            reason="",
            outcome="",
            evidence=[Evidence(kind="effect", id=row.idempotency_key) for row in rows],
        )
        for group, rows in groups.items()
        if group > min(groups)
    ]


async def _revisions(session: AsyncSession, change_id: str) -> Iterable[LineageEntryView]:
    row = DocumentVersionRow
    rows = await session.scalars(
        select(row)
        .where(row.change_id == change_id, row.version > _FIRST_VERSION)
        .order_by(row.version.desc())
        .limit(MOST)
    )
    return [
        LineageEntryView(
            kind=_K.REVISION,
            at=each.uploaded_at,
            actor=each.uploaded_by,
            sentence=f"Document version {each.version} "
            f"{_DOCUMENT_WORDS[DocumentState(each.state)]}.",
            reason="",
            outcome=each.state,
            evidence=[Evidence(kind="document", id=str(each.version))],
        )
        for each in rows
    ]


async def _replays(session: AsyncSession, change_id: str) -> Iterable[LineageEntryView]:
    rows = await session.execute(
        select(ReplayItemRow, ReplayRow)
        .join(ReplayRow, ReplayRow.id == ReplayItemRow.replay_id)
        .where(ReplayItemRow.change_id == change_id)
        .order_by(ReplayRow.created_at.desc())
        .limit(MOST)
    )
    return [
        LineageEntryView(
            kind=_K.REPLAY,
            at=item.started_at or replay.created_at,
            actor=replay.actor,
            sentence=item.detail or f"Item {item.position} of replay {replay.id}.",
            reason=replay.reason,
            outcome=item.state,
            replay_id=replay.id,
            system=System(item.system),
        )
        for item, replay in rows
    ]


async def _events(session: AsyncSession, change_id: str) -> Iterable[LineageEntryView]:
    link = InboxChangeRow
    rows = await session.scalars(
        select(InboxRow)
        .join(link, (link.system == InboxRow.system) & (link.event_id == InboxRow.event_id))
        .where(link.change_id == change_id)
        .order_by(InboxRow.received_at.desc())
        .limit(MOST)
    )
    return [
        LineageEntryView(
            kind=_K.EVENT,
            at=row.received_at,
            actor=row.system,
            sentence=f"{row.type}: {row.outcome}".rstrip(": ") + _again(row.duplicates),
            reason="",
            outcome=row.state,
            system=System(row.system),
            event_id=row.event_id,
        )
        for row in rows
    ]


def _again(duplicates: int) -> str:
    return f" It came {duplicates + 1} times and counted once." if duplicates else ""


def _words(step: str) -> str:
    return words(step).capitalize()
