"""What was said to vendors about the sample changes: attempts, payloads, holdings, lineage."""

from datetime import timedelta
from typing import Any

from domain.contracts import Me, Page, SafeToRetryAnswer, ServiceChangeView, TimelineKind
from domain.contracts_evidence import (
    AttemptDetailView,
    AttemptView,
    ExchangeView,
    FieldComparisonView,
    Held,
    HoldingView,
    LineageEntryView,
    LineageKind,
    PayloadComparisonView,
    PayloadState,
    PayloadView,
    PendingReason,
    PendingVersionView,
    Personal,
    SyncedFieldView,
)
from domain.contracts_live_steps import LiveAction, LiveState, LiveStepsView, LiveStepView
from domain.differences import FieldChange, compare
from domain.identifiers import VENDORS, System
from domain.personal_data import masked, personal_fields
from domain.service_change import FINAL, CheckName, DocumentState, EffectStatus, Role
from domain.synchronised import synchronised
from domain.verdicts import verdict
from tests.ui import samples_history
from tests.ui.samples import NOW, sha

ADDRESS = {"line1": "12 Elm St", "line2": "", "city": "Fresno", "postal_code": "93701"}
MAY_SHOW = frozenset({Role.OPERATOR, Role.ADMIN})


def seen(change: ServiceChangeView, me: Me, personal: Personal) -> ServiceChangeView:
    """A sample as that caller has it."""
    own = me.principal == change.submitted_by
    details = change.details if own or personal is Personal.SHOW else masked(change.details)
    return change.model_copy(
        update={
            "details": details,
            "masked_fields": personal_fields(change.details) if details != change.details else [],
            "may_show_personal": own or me.role in MAY_SHOW,
        }
    )


def safe_to_retry(change: ServiceChangeView) -> list[SafeToRetryAnswer]:
    """The verdict on each effect of a sample, by the rules of the domain."""
    told = []
    for effect in change.effects:
        found = verdict(effect.status, effect.in_doubt, effect.repeatability)
        told.append(
            SafeToRetryAnswer(
                system=effect.system,
                step=effect.step,
                verdict=found.outcome,
                safe=found.safe,
                sentence=found.sentence,
                evidence=[],
            )
        )
    return told


def attempts(change: ServiceChangeView) -> Page[AttemptView]:
    """The attempts of a sample's timeline."""
    entries = [
        entry
        for entry in samples_history.timeline(change)
        if entry.kind is TimelineKind.ATTEMPT and entry.system
    ]
    items = [
        AttemptView(
            id=int(entry.id.partition(":")[2]),
            step=entry.title.partition(",")[0].lower().replace(" ", "_"),
            system=entry.system or System.THROUGHLINE,
            attempt=int(entry.title.rpartition(" ")[2]),
            outcome=entry.outcome or "ok",
            reason="",
            words=entry.detail,
            http_status=200 if entry.outcome == "ok" else 504,
            started_at=entry.at,
            finished_at=entry.at + timedelta(milliseconds=entry.duration_ms or 0),
            retry_at=None,
            next_attempt_at=None,
            effect_key=change.effects[0].idempotency_key if change.effects else None,
        )
        for entry in entries
    ]
    return Page(items=items)


def live_steps(change: ServiceChangeView) -> LiveStepsView:
    """The step of a sample that fails and is tried again by itself."""
    failure = change.failure
    backing_off = [] if failure is None or failure.dead_letter else [
        LiveStepView(
            step=failure.step, system=failure.system, state=LiveState.BACKING_OFF, attempt=4,
            attempts_left=None, last_failure="unavailable", last_ended_at=NOW,
            next_attempt_at=NOW + timedelta(seconds=40), tried_until=NOW + timedelta(hours=2),
            interval_seconds=8, longest_interval_seconds=60,
        )
    ]  # fmt: skip
    return LiveStepsView(change_id=change.id, may=[LiveAction.TRY_NOW], steps=backing_off)


def attempt(found: AttemptView) -> AttemptDetailView:
    """One attempt with what was said."""
    return AttemptDetailView(
        **found.model_dump(),
        exchanges=[
            ExchangeView(
                method="POST",
                path="/v1/accounts/7590-VHVEG/price_changes",
                request_headers={"idempotency-key": found.effect_key or ""},
                request={"lines": [{"amount_minor": 2500}], "billing_address": "[personal]"},
                http_status=found.http_status,
                response_headers={"content-type": "application/json"},
                response={"error": {"message": "upstream timed out [see](http://x.example)"}},
                started_at=found.started_at,
                duration_ms=127,
            )
        ],
    )


def payloads(change: ServiceChangeView, personal: Personal) -> list[PayloadView]:
    """What went out for a sample, and a further posting that is planned."""
    sent = [
        _payload(
            change,
            id=effect.idempotency_key,
            system=effect.system,
            step=effect.step,
            payload_version=1,
            payload_sha256=effect.payload_sha256,
            idempotency_key=effect.idempotency_key,
            status=effect.status,
            vendor_reference=effect.vendor_reference,
            at=effect.intended_at,
            closed_at=effect.closed_at,
            payload={
                "account_id": change.account_id,
                "document_version": 1,
                "lines": [{"amount_minor": 500}],
                "billing_address": ADDRESS,
            },
        )
        for effect in change.effects
    ]
    if change.plan and change.status not in FINAL:
        sent.append(
            _payload(
                change,
                id="planned:post_billing_change",
                system=System.BILLING,
                step="post_billing_change",
                state=PayloadState.PLANNED,
                payload_version=2,
                document_version=2,
                payload={
                    "account_id": change.account_id,
                    "document_version": 2,
                    "lines": [{"amount_minor": 500}, {"amount_minor": 250}],
                    "billing_address": {**ADDRESS, "city": "Oakland"},
                },
            )
        )
    return [each.model_copy(update={"payload": _as_seen(each.payload, personal)}) for each in sent]


def _payload(change: ServiceChangeView, **values: Any) -> PayloadView:  # noqa: ANN401 - fields of the view
    fields: dict[str, Any] = {
        "summary": change.summary,
        "state": PayloadState.SENT,
        "document_version": 1,
        "payload_sha256": sha(str(values.get("id"))),
        "idempotency_key": None,
        "status": None,
        "vendor_reference": None,
        "at": None,
        "closed_at": None,
    }
    return PayloadView(
        **{"personal": personal_fields(values["payload"]), **fields, **values},
    )


def _as_seen(value: Any, personal: Personal) -> Any:  # noqa: ANN401 - JSON is any of six types
    return value if personal is Personal.SHOW else masked(value)


def comparison(
    change: ServiceChangeView, left: str, right: str, personal: Personal
) -> PayloadComparisonView:
    """Two of a sample's payloads, field by field."""
    whole = {each.id: each.payload or {} for each in payloads(change, Personal.SHOW)}
    shown = {each.id: each for each in payloads(change, personal)}
    fields = compare(whole[left], whole[right])
    told = compare(shown[left].payload or {}, shown[right].payload or {})
    values = {each.path: each for each in told}
    return PayloadComparisonView(
        left=shown[left],
        right=shown[right],
        fields=[
            FieldComparisonView(
                path=each.path,
                change=each.change,
                left=values[each.path].left,
                right=values[each.path].right,
            )
            for each in fields
        ],
        differing=sum(each.change is not FieldChange.SAME for each in fields),
    )


def holdings(change: ServiceChangeView) -> list[HoldingView]:
    """What each system holds of a sample."""
    waiting = [
        each.version
        for each in change.document_versions
        if each.state is DocumentState.PENDING_REVIEW
    ]
    told = []
    for system in VENDORS:
        effect = next((each for each in change.effects if each.system is system), None)
        applied = effect is not None and effect.status is EffectStatus.APPLIED
        told.append(
            HoldingView(
                system=system,
                held=Held.HOLDS if applied else Held.NOTHING,
                step=effect.step if effect and applied else None,
                document_version=effect.document_version if effect and applied else None,
                payload_version=effect.payload_version if effect and applied else None,
                vendor_reference=effect.vendor_reference if effect and applied else None,
                since=effect.closed_at if effect and applied else None,
                effect=effect.idempotency_key if effect and applied else None,
                pending=[
                    PendingVersionView(
                        document_version=version,
                        payload_version=None,
                        why=PendingReason.PENDING_REVIEW,
                    )
                    for version in waiting
                    if effect
                ],
            )
        )
    return told


FACTS: dict[CheckName, dict[str, Any]] = {
    CheckName.ENTITLEMENT: {
        "products": ["dsl", "phone"],
        "contract": "One year",
        "contract_ends_on": None,
        "lifecycle": "active",
        "fiber_available": True,
        "etag": '"7590-VHVEG.3"',
    },
    CheckName.STANDING: {"recurring_minor": 4520, "standing": "current", "overdue_invoices": []},
    CheckName.DATE: {"on": "2026-12-01", "problem": None},
    CheckName.COMPLETENESS: {"document_version": 1, "document_sha256": sha("document")},
}


def fields(change: ServiceChangeView) -> list[SyncedFieldView]:
    """As the checks of the change read them and its effects left them."""
    told = [each.model_copy(update={"facts": FACTS[each.name]}) for each in change.checks]
    return synchronised(told, change.effects)


def lineage(change: ServiceChangeView) -> list[LineageEntryView]:
    """One relation of each kind, for samples that something happened to."""
    if not change.effects:
        return []
    common: dict[str, Any] = {"at": NOW - timedelta(hours=1), "actor": "operator", "reason": "",
                              "outcome": ""}  # fmt: skip
    links: dict[LineageKind, dict[str, Any]] = {
        LineageKind.DUPLICATED_BY: {"change_id": "chg_other"},
        LineageKind.REPLAY: {"replay_id": "rpl_1", "outcome": "succeeded"},
        LineageKind.EVENT: {"system": System.BILLING, "event_id": "evt_1"},
        LineageKind.CONTINUE: {"reason": "Billing is back."},
    }
    return [
        LineageEntryView.model_validate(
            {"kind": kind, "sentence": f"About {kind}.", **common, **links.get(kind, {})}
        )
        for kind in LineageKind
    ]
