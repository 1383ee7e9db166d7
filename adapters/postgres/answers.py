"""Turns the history of one change into the support answers and the timeline. No statement."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from adapters.postgres.reading import History
from adapters.postgres.tables import AttemptRow, AuditEntryRow, NotificationRow
from domain.contracts import (
    AnswersView,
    EffectView,
    Evidence,
    MayActAnswer,
    PayloadVersionAnswer,
    PermissionView,
    RejectionAnswer,
    RetriedAnswer,
    SafeToRetryAnswer,
    SentAnswer,
    ServiceChangeView,
    StartedByAnswer,
    SucceededAnswer,
    TimelineEntry,
    TimelineKind,
)
from domain.errors import FailureCode
from domain.identifiers import System
from domain.permissions import ACTION_RULES, Situation, needs_second_person, permission
from domain.service_change import Action, ChangeStatus, EffectStatus, Role
from domain.steps import APPLY_ORDER
from domain.vendor_events import EventSource
from domain.vendor_values import REFERENCE_KIND
from domain.verdicts import verdict
from domain.wording import words

_HELD: Final = frozenset({EffectStatus.APPLIED, EffectStatus.REVERSED, EffectStatus.UNKNOWN})
_VERDICT: Final = {
    ChangeStatus.ACTIVE: (True, "Yes: approved and applied in every system."),
    ChangeStatus.REJECTED: (False, "No: it was rejected; nothing of it stands."),
    ChangeStatus.CANCELLED: (False, "No: it was cancelled; nothing of it stands."),
    ChangeStatus.EXPIRED: (False, "No: nobody moved in time; nothing was applied."),
}


def answers(history: History, now: Situation, *, principal: str, role: Role) -> AnswersView:
    """The support questions, each with the rows its answer rests on."""
    change = history.change
    verdict, sentence = _VERDICT.get(
        change.status, (None, f"Not yet: its status is {words(change.status)}.")
    )
    started = history.audit[0]
    return AnswersView(
        change_id=change.id,
        sent=[_sent(effect, history.attempts) for effect in change.effects],
        rejected_by=_rejection(history),
        payload_version=[
            PayloadVersionAnswer(
                system=effect.system,
                step=effect.step,
                payload_version=effect.payload_version,
                document_version=effect.document_version,
                document_sha256=next(
                    (
                        version.sha256
                        for version in change.document_versions
                        if version.version == effect.document_version
                    ),
                    None,
                ),
                payload_sha256=effect.payload_sha256,
                status=effect.status,
                evidence=[Evidence(kind="effect", id=effect.idempotency_key)],
            )
            for effect in change.effects
            if effect.status in _HELD and effect.step in APPLY_ORDER
        ],
        retried=_retried(history.attempts),
        succeeded=SucceededAnswer(
            succeeded=verdict,
            status=change.status,
            sentence=sentence,
            evidence=[_audit_evidence(_last_status(history))],
        ),
        started_by=StartedByAnswer(
            actor=started.actor,
            actor_kind=started.actor_kind,
            at=started.at,
            evidence=[_audit_evidence(started)],
        ),
        may_act=may_act(now, principal, role),
        safe_to_retry=safe_to_retry(change, history.attempts),
    )


def safe_to_retry(
    change: ServiceChangeView, attempts: Iterable[AttemptRow]
) -> list[SafeToRetryAnswer]:
    """The verdict on the latest effect of each step, with the effect and its tries as evidence."""
    latest = {effect.step: effect for effect in change.effects}
    rows = list(attempts)
    found = []
    for effect in latest.values():
        judged = verdict(effect.status, effect.in_doubt, effect.repeatability)
        found.append(
            SafeToRetryAnswer(
                system=effect.system,
                step=effect.step,
                verdict=judged.outcome,
                safe=judged.safe,
                sentence=judged.sentence,
                evidence=_effect_evidence(effect, rows),
            )
        )
    return found


def _effect_evidence(effect: EffectView, attempts: Iterable[AttemptRow]) -> list[Evidence]:
    return [
        Evidence(kind="effect", id=effect.idempotency_key),
        *(
            Evidence(kind="attempt", id=str(attempt.id))
            for attempt in attempts
            if attempt.effect_key == effect.idempotency_key
        ),
    ]


def _sent(effect: EffectView, attempts: Iterable[AttemptRow]) -> SentAnswer:
    return SentAnswer(
        system=effect.system,
        record=f"{REFERENCE_KIND[effect.system]}: {effect.summary}",
        step=effect.step,
        at=effect.intended_at,
        outcome=effect.status,
        vendor_reference=effect.vendor_reference,
        evidence=_effect_evidence(effect, attempts),
    )


def _rejection(history: History) -> RejectionAnswer | None:
    """The system that said no last, in its words; a check that denies is our record's word."""
    refused = [row for row in history.attempts if row.outcome == FailureCode.REFUSED]
    if refused:
        row = refused[-1]
        return RejectionAnswer(
            system=System(row.system),
            step=row.step,
            words=row.words,
            http_status=row.http_status,
            at=row.finished_at,
            evidence=[Evidence(kind="attempt", id=str(row.id))],
        )
    if history.change.status is not ChangeStatus.REJECTED:
        return None
    denied = [check for check in history.change.checks if check.outcome == "denied"]
    if denied:
        check = denied[0]
        return RejectionAnswer(
            system=check.system,
            step=f"check_{check.name}",
            words=check.detail,
            http_status=None,
            at=check.at,
            evidence=[Evidence(kind="check", id=check.name)],
        )
    last = _last_status(history)
    return RejectionAnswer(
        system=System.THROUGHLINE,
        step="reject",
        words=f"{last.actor}: {last.reason}",
        http_status=None,
        at=last.at,
        evidence=[_audit_evidence(last)],
    )


def _last_status(history: History) -> AuditEntryRow:
    """The entry the status stands on; a message may have come after it."""
    return next(entry for entry in reversed(history.audit) if entry.to_status is not None)


def _retried(attempts: Iterable[AttemptRow]) -> list[RetriedAnswer]:
    rows = list(attempts)
    counts = Counter((row.system, row.step) for row in rows)
    failed = Counter((row.system, row.step) for row in rows if row.outcome != "ok")
    return [
        RetriedAnswer(
            system=System(system),
            step=step,
            attempts=count,
            failed=failed[system, step],
            evidence=[
                Evidence(kind="attempt", id=str(row.id))
                for row in rows
                if (row.system, row.step) == (system, step)
            ],
        )
        for (system, step), count in counts.items()
    ]


def may_act(
    now: Situation, principal: str, role: Role, actions: Iterable[Action] = Action
) -> list[MayActAnswer]:
    """Who may take these actions now, and what this very caller may do."""
    result = []
    for action in actions:
        mine = permission(action, role=role, principal=principal, now=now)
        rule = ACTION_RULES[action]
        possible = now.status in rule.statuses and rule.fits(now) is None
        result.append(
            MayActAnswer(
                action=action,
                roles=sorted(rule.roles) if possible else [],
                needs_second_person=possible and needs_second_person(action, now),
                caller=PermissionView(action=action, allowed=mine.allowed, reason=mine.reason),
            )
        )
    return result


def _audit_evidence(row: AuditEntryRow) -> Evidence:
    return Evidence(kind="audit", id=str(row.id))


def timeline(history: History, *, with_exchanges: bool) -> list[TimelineEntry]:
    """Every attempt, status, decision, document and message, in order."""
    entries = [
        *(_attempt_entry(row, with_exchanges=with_exchanges) for row in history.attempts),
        *(audit_entry_told(row) for row in history.audit),
        *(entry for row in history.notices for entry in _undelivered(row)),
    ]
    return sorted(entries, key=lambda entry: (entry.at, entry.id))


def _undelivered(row: NotificationRow) -> list[TimelineEntry]:
    """What operations were to be told and were not, by channel; the queue still holds it."""
    return [
        TimelineEntry(
            id=f"notice:{row.id}:{channel}",
            at=datetime.fromisoformat(tried["at"]),
            kind=TimelineKind.MESSAGE,
            title=f"{words(row.kind).capitalize()}: not delivered by {channel}",
            detail=tried["why"],
            actor="throughline",
            system=None,
            outcome="undelivered",
            duration_ms=None,
            facts={"notice": row.id, "channel": channel},
        )
        for channel, tried in row.undelivered.items()
    ]


def _attempt_entry(row: AttemptRow, *, with_exchanges: bool) -> TimelineEntry:
    took = row.finished_at - row.started_at
    return TimelineEntry(
        id=f"attempt:{row.id}",
        at=row.started_at,
        kind=TimelineKind.ATTEMPT,
        title=f"{words(row.step).capitalize()}, attempt {row.attempt}",
        detail=row.words,
        actor="throughline",
        system=System(row.system),
        outcome=row.outcome,
        duration_ms=int(took.total_seconds() * 1000),
        facts={
            "effect": row.effect_key,
            "http_status": row.http_status,
            "retry_at": row.retry_at.isoformat() if row.retry_at else None,
            "exchanges": row.exchanges if with_exchanges else [],
        },
    )


_MESSENGERS: Final = frozenset(EventSource)
"""Kinds of actor that brought something from a vendor."""

NOTE: Final = "note"
"""The action under which a note of a person is on the audit trail."""

_AUDIT_KINDS: Final[Mapping[str, TimelineKind]] = {
    "transition": TimelineKind.STATUS,
    "submit": TimelineKind.STATUS,
    "add_document": TimelineKind.DOCUMENT,
    **{str(action): TimelineKind.DECISION for action in Action},
}


def audit_entry_told(row: AuditEntryRow) -> TimelineEntry:
    """An audit entry as a line of the timeline."""
    arrow = words(f"{(row.from_status or 'new')} → {row.to_status}")
    is_message = row.actor_kind in _MESSENGERS
    kind = TimelineKind.MESSAGE if is_message else _AUDIT_KINDS.get(row.action, TimelineKind.NOTE)
    return TimelineEntry(
        id=f"audit:{row.id}",
        at=row.at,
        kind=kind,
        title=arrow if row.to_status else words(row.action).capitalize(),
        detail=row.reason,
        actor=row.actor,
        system=None,
        outcome=row.outcome,
        duration_ms=None,
        facts={**row.facts, "from_status": row.from_status, "to_status": row.to_status},
    )
