"""What happened to the sample changes: timeline, answers, audit, health and field ownership."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from domain.contracts import (
    AnswersView,
    AuditEntryView,
    Evidence,
    FieldOwnershipView,
    MayActAnswer,
    Me,
    PayloadVersionAnswer,
    PermissionView,
    RejectionAnswer,
    RetriedAnswer,
    SentAnswer,
    ServiceChangeView,
    StartedByAnswer,
    SucceededAnswer,
    TimelineEntry,
    TimelineKind,
)
from domain.errors import FailureCode
from domain.field_ownership import FIELD_RULES
from domain.identifiers import System
from domain.permissions import ACTION_RULES, needs_second_person, permission
from domain.service_change import FINAL, Action, ChangeStatus, CheckOutcome, EffectStatus
from tests.ui.samples_desk import situation

_S = ChangeStatus
_WAYS = {
    _S.PENDING: (),
    _S.CHECKING: (_S.CHECKING,),
    _S.INCOMPLETE: (_S.CHECKING, _S.INCOMPLETE),
    _S.EXPIRED: (_S.CHECKING, _S.INCOMPLETE, _S.EXPIRED),
    _S.REJECTED: (_S.CHECKING, _S.REJECTED),
    _S.AWAITING_APPROVAL: (_S.CHECKING, _S.AWAITING_APPROVAL),
    _S.APPLYING: (_S.CHECKING, _S.AWAITING_APPROVAL, _S.APPLYING),
    _S.ACTIVE: (_S.CHECKING, _S.AWAITING_APPROVAL, _S.APPLYING, _S.ACTIVE),
    _S.NEEDS_ATTENTION: (_S.CHECKING, _S.AWAITING_APPROVAL, _S.APPLYING, _S.NEEDS_ATTENTION),
    _S.COMPENSATING: (_S.CHECKING, _S.AWAITING_APPROVAL, _S.APPLYING, _S.COMPENSATING),
    _S.CANCELLED: (
        _S.CHECKING, _S.AWAITING_APPROVAL, _S.APPLYING, _S.COMPENSATING, _S.CANCELLED,
    ),
}  # fmt: skip


def _entry(
    number: int,
    at: datetime,
    kind: TimelineKind,
    title: str,
    *,
    record: str = "audit",
    actor: str = "throughline",
    detail: str = "",
    system: System | None = None,
    outcome: str | None = "done",
    duration_ms: int | None = None,
    to_status: ChangeStatus | None = None,
) -> TimelineEntry:
    return TimelineEntry(
        id=f"{record}:{number}",
        at=at,
        kind=kind,
        title=title,
        detail=detail,
        actor=actor,
        system=system,
        outcome=outcome,
        duration_ms=duration_ms,
        facts={"to_status": to_status} if to_status else {},
    )


def timeline(change: ServiceChangeView) -> list[TimelineEntry]:
    """Statuses and attempts in order, as the API tells them."""
    start = change.submitted_at
    told = [
        _entry(1, start, TimelineKind.STATUS, "new → pending", actor=change.submitted_by,
               to_status=_S.PENDING)
    ]  # fmt: skip
    previous = _S.PENDING
    for number, status in enumerate(_WAYS[change.status], start=2):
        decided = status is _S.APPLYING
        told.append(
            _entry(
                number,
                start + timedelta(seconds=1.2 * number),
                TimelineKind.DECISION if decided else TimelineKind.STATUS,
                f"{previous} → {status}".replace("_", " "),
                actor="second_operator" if decided else "throughline",
                to_status=status,
            )
        )
        previous = status
    for number, check in enumerate(change.checks):
        told.append(
            _entry(
                100 + number, check.at + timedelta(milliseconds=40 * number),
                TimelineKind.ATTEMPT, f"Check {check.name}, attempt 1", record="attempt",
                detail=check.detail, system=check.system, outcome="ok", duration_ms=34 + number,
            )
        )  # fmt: skip
    for order, effect in enumerate(change.effects):
        told += [
            _entry(
                200 + 10 * order + attempt,
                effect.intended_at + timedelta(milliseconds=250 * attempt),
                TimelineKind.ATTEMPT,
                f"{effect.step.replace('_', ' ').capitalize()}, attempt {attempt}",
                record="attempt",
                detail="upstream timed out" if effect.status is EffectStatus.UNKNOWN else "",
                system=effect.system,
                outcome={
                    EffectStatus.UNKNOWN: str(FailureCode.OUTCOME_UNKNOWN),
                    EffectStatus.REFUSED: str(FailureCode.REFUSED),
                }.get(effect.status, "ok"),
                duration_ms=120 + 7 * attempt,
            )
            for attempt in range(1, effect.attempts + 1)
        ]
    return sorted(told, key=lambda entry: (entry.at, entry.id))


def may_act(change: ServiceChangeView, me: Me) -> list[MayActAnswer]:
    """What the API says this caller may do, by the rules of the domain."""
    answers = []
    now = situation(change)
    for action in Action:
        rule = ACTION_RULES[action]
        possible = change.status in rule.statuses and rule.fits(now) is None
        mine = permission(action, role=me.role, principal=me.principal, now=now)
        answers.append(
            MayActAnswer(
                action=action,
                roles=sorted(rule.roles) if possible else [],
                needs_second_person=possible and needs_second_person(action, now),
                caller=PermissionView(action=action, allowed=mine.allowed, reason=mine.reason),
            )
        )
    return answers


def answers(change: ServiceChangeView, me: Me) -> AnswersView:
    """The support questions of a sample."""
    evidence = {
        effect.idempotency_key: _evidence(effect.idempotency_key, order)
        for order, effect in enumerate(change.effects)
    }
    return AnswersView(
        change_id=change.id,
        sent=[
            SentAnswer(
                system=e.system, record=f"{e.step.split('_', maxsplit=1)[-1]}: {e.summary}",
                step=e.step, at=e.intended_at, outcome=e.status,
                vendor_reference=e.vendor_reference, evidence=evidence[e.idempotency_key],
            )
            for e in change.effects
        ],
        rejected_by=_rejection(change),
        payload_version=[
            PayloadVersionAnswer(
                system=e.system, step=e.step, payload_version=e.payload_version,
                document_version=e.document_version, document_sha256=None,
                payload_sha256=e.payload_sha256, status=e.status,
                evidence=evidence[e.idempotency_key][:1],
            )
            for e in change.effects
        ],
        retried=[
            RetriedAnswer(system=e.system, step=e.step, attempts=e.attempts,
                          failed=e.attempts - 1, evidence=evidence[e.idempotency_key][1:])
            for e in change.effects
        ],
        succeeded=_succeeded(change),
        started_by=StartedByAnswer(
            actor=change.submitted_by, actor_kind="service", at=change.submitted_at,
            evidence=[Evidence(kind="audit", id="1")],
        ),
        may_act=may_act(change, me),
    )  # fmt: skip


def _evidence(key: str, order: int) -> list[Evidence]:
    return [Evidence(kind="effect", id=key), Evidence(kind="attempt", id=str(201 + 10 * order))]


def _rejection(change: ServiceChangeView) -> RejectionAnswer | None:
    denied = [check for check in change.checks if check.outcome is CheckOutcome.DENIED]
    if denied:
        return RejectionAnswer(
            system=denied[0].system, step=f"check_{denied[0].name}", words=denied[0].detail,
            http_status=None, at=denied[0].at, evidence=[Evidence(kind="check", id="entitlement")],
        )  # fmt: skip
    refused = [e for e in change.effects if e.status is EffectStatus.REFUSED]
    if refused:
        return RejectionAnswer(
            system=refused[0].system, step=refused[0].step, words="no capacity left that day",
            http_status=409, at=refused[0].intended_at,
            evidence=[Evidence(kind="attempt", id="211")],
        )  # fmt: skip
    return None


def _succeeded(change: ServiceChangeView) -> SucceededAnswer:
    open_ = change.status not in FINAL
    verdict = None if open_ else change.status is _S.ACTIVE
    sentence = {
        None: f"Not yet: it is {change.status.replace('_', ' ')}.",
        True: "Yes: approved and applied in every system.",
        False: f"No: it was {change.status}; nothing of it stands.",
    }[verdict]
    return SucceededAnswer(
        succeeded=verdict, status=change.status, sentence=sentence,
        evidence=[Evidence(kind="audit", id=str(1 + len(_WAYS[change.status])))],
    )  # fmt: skip


def audit(changes: Iterable[ServiceChangeView]) -> list[AuditEntryView]:
    """Who did what to the samples, the newest first."""
    entries = []
    for number, change in enumerate(changes, start=1):
        entries.append(
            AuditEntryView(
                id=number, at=change.submitted_at, actor=change.submitted_by,
                actor_kind="service", action="submit", outcome="done", change_id=change.id,
                account_id=change.account_id, correlation_id=change.correlation_id,
                from_status=None, to_status=_S.PENDING, reason="", facts={},
            )
        )  # fmt: skip
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


OWNERSHIP = [
    FieldOwnershipView(
        field=rule.field,
        record=rule.record,
        owner=rule.owner,
        may_change=dict(rule.may_change),
        version_source=rule.version_source,
    )
    for rule in FIELD_RULES
]
