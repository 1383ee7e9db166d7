"""The judge itself: clean evidence passes, and every invariant can fail."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.evidence import (
    Attempt,
    AuditEntry,
    Change,
    Contest,
    EffectRow,
    Evidence,
    FaultHit,
    Forbidden,
    Invariant,
    Kill,
    LedgerEntry,
    Sample,
    Sighting,
)
from tests.faults.invariants import check

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
A, B = "chg_a", "chg_b"


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def entry(number: int, change_id: str, come: str | None, to: str, **given: str) -> AuditEntry:
    words = {"actor": "throughline", "action": "transition", "reason": "So.", "outcome": "done"}
    return AuditEntry(
        id=number,
        at=after(number),
        change_id=change_id,
        from_status=come,
        to_status=to,
        **{**words, **given},
    )


def did(vendor: str, what: str, key: str, reference: str, **given: str) -> LedgerEntry:
    return LedgerEntry(vendor, what, key, reference, **given)


def row(change_id: str, step: str, reference: str, status: str = "applied") -> EffectRow:
    return EffectRow(f"{change_id}:{step}:1:1", change_id, step, status, reference)


CLEAN = Evidence(
    accepted={"key-a": A, "key-b": B},
    repeated={"key-a": frozenset({A})},
    changes={
        A: Change(A, "active", "0001", "corr-a", "portal"),
        B: Change(B, "cancelled", "0002", "corr-b", "portal"),
    },
    effects=(
        row(A, "post_billing_change", "il_1"),
        row(A, "book_appointment", "ap_1"),
        row(A, "update_services", "or_1"),
        row(B, "post_billing_change", "il_2", "reversed"),
        row(B, "reverse_billing_change", "il_3"),
    ),
    ledger=(
        did("billing", "price_change_posted", f"{A}:post_billing_change:1:1", "il_1"),
        did("scheduling", "appointment_held", f"{A}:book_appointment:1:1", "ap_1"),
        did("scheduling", "appointment_confirmed", f"{A}:book_appointment:1:1", "ap_1"),
        did("crm", "service_added", f"{A}:update_services:1:1", "or_1", detail="tech_support"),
        did("crm", "order_closed", f"{A}:update_services:1:1", "or_1"),
        did("billing", "price_change_posted", f"{B}:post_billing_change:1:1", "il_2"),
        did(
            "billing",
            "price_change_reversed",
            f"{B}:reverse_billing_change:1:1",
            "il_3",
            reverses="il_2",
        ),
    ),
    audit=(
        entry(1, A, None, "pending", action="submit", reason="", actor="portal"),
        entry(2, A, "pending", "checking"),
        entry(3, A, "checking", "awaiting_approval"),
        entry(4, A, "awaiting_approval", "applying", action="approve", actor="operator"),
        entry(5, A, "applying", "active"),
        entry(6, B, None, "pending", action="submit", reason="", actor="portal"),
        entry(7, B, "pending", "checking"),
        entry(8, B, "checking", "awaiting_approval"),
        entry(9, B, "awaiting_approval", "applying", action="approve", actor="operator"),
        entry(10, B, "applying", "compensating", action="cancel", actor="operator"),
        entry(11, B, "compensating", "cancelled"),
        replace(
            entry(12, A, None, "", action="approve", actor="support", outcome="refused"),
            to_status=None,
        ),
    ),
    attempts=(
        Attempt(A, "billing", "post_billing_change", "unavailable", after(20)),
        Attempt(A, "billing", "post_billing_change", "ok", after(70)),
    ),
    samples=tuple(
        Sample(after(n), n and 2, {"active": 1, "cancelled": 1} if n else {}) for n in range(60)
    ),
    sightings=(
        Sighting(after(21), A, "applying", "post_billing_change", explained=True),
        Sighting(after(71), A, "active"),
    ),
    fault_hits=(FaultHit(after(19), "billing", "corr-a", "status"),),
    forbidden=(Forbidden(A, "support", "approve", "wrong role", 403),),
    contests=(Contest(A, (200, 409)),),
)


def test_clean_evidence_has_no_violation() -> None:
    assert check(CLEAN) == []


Doctor = Callable[[Evidence], Evidence]


def without(evidence: Evidence, what: str) -> Evidence:
    return replace(evidence, ledger=tuple(e for e in evidence.ledger if e.what != what))


def more(evidence: Evidence, *entries: LedgerEntry) -> Evidence:
    return replace(evidence, ledger=(*evidence.ledger, *entries))


def with_status(evidence: Evidence, change_id: str, status: str) -> Evidence:
    changed = {change_id: replace(evidence.changes[change_id], status=status)}
    return replace(evidence, changes={**evidence.changes, **changed})


POSTED = "price_change_posted"
DOCTORED: dict[str, tuple[Invariant, Doctor]] = {
    "a change vanished at one moment": (
        Invariant.I1,
        lambda e: replace(e, samples=(Sample(NOW, 2, {"active": 1}),)),
    ),
    "a change stands nowhere": (
        Invariant.I1,
        lambda e: replace(e, samples=(Sample(NOW, 2, {"active": 1, "limbo": 1}),)),
    ),
    "an accepted change is gone": (
        Invariant.I1,
        lambda e: replace(e, accepted={**e.accepted, "key-c": "chg_c"}),
    ),
    "a change nobody was told of": (
        Invariant.I1,
        lambda e: replace(e, accepted={"key-a": A}),
    ),
    "one change for two submissions": (
        Invariant.I1,
        lambda e: replace(e, accepted={**e.accepted, "key-c": A}),
    ),
    "one key made two changes": (
        Invariant.I1,
        lambda e: replace(e, repeated={"key-a": frozenset({A, B})}),
    ),
    "billed twice under another key": (
        Invariant.I2,
        lambda e: more(e, did("billing", POSTED, f"{A}:post_billing_change:1:2", "il_9")),
    ),
    "active and never billed": (Invariant.I2, lambda e: without(e, POSTED)),
    "active and never booked": (Invariant.I2, lambda e: without(e, "appointment_confirmed")),
    "cancelled and still billed": (
        Invariant.I2,
        lambda e: without(e, "price_change_reversed"),
    ),
    "reversed twice as an order": (
        Invariant.I2,
        lambda e: more(e, did("crm", "order_closed", f"{B}:restore_services:1:1", "or_8")),
    ),
    "a service left behind": (
        Invariant.I2,
        lambda e: more(
            e, did("crm", "service_added", f"{B}:update_services:1:1", "or_7", detail="phone")
        ),
    ),
    "a service added twice": (
        Invariant.I2,
        lambda e: more(
            e,
            did("crm", "service_added", f"{A}:update_services:1:1", "or_1", detail="tech_support"),
        ),
    ),
    "a ticket left open": (
        Invariant.I2,
        lambda e: more(e, did("ticketing", "ticket_opened", f"{A}:open_ticket:1:1", "T-1")),
    ),
    "an effect of a change nobody knows": (
        Invariant.I2,
        lambda e: more(e, did("billing", POSTED, "chg_z:post_billing_change:1:1", "il_9")),
    ),
    "a lasting failure nobody saw": (Invariant.I3, lambda e: replace(e, sightings=())),
    "a failure seen without its reason": (
        Invariant.I3,
        lambda e: replace(e, sightings=(replace(e.sightings[0], explained=False),)),
    ),
    "a failure seen too late": (
        Invariant.I3,
        lambda e: replace(e, sightings=(replace(e.sightings[0], at=after(51)),)),
    ),
    "parked without saying why": (
        Invariant.I3,
        lambda e: replace(e, sightings=(*e.sightings, Sighting(after(80), A, "needs_attention"))),
    ),
    "a failed call that left no try": (Invariant.I3, lambda e: replace(e, attempts=())),
    "a status the trail does not lead to": (
        Invariant.I4,
        lambda e: with_status(e, B, "needs_attention"),
    ),
    "a step the table does not hold": (
        Invariant.I4,
        lambda e: replace(e, audit=(*e.audit[:1], entry(2, A, "pending", "active"), *e.audit[5:])),
    ),
    "a step missing in between": (
        Invariant.I4,
        lambda e: replace(e, audit=(*e.audit[:2], *e.audit[3:])),
    ),
    "an entry without an actor": (
        Invariant.I4,
        lambda e: replace(e, audit=(*e.audit[:-2], replace(e.audit[-2], actor=""))),
    ),
    "an entry without a reason": (
        Invariant.I4,
        lambda e: replace(e, audit=(*e.audit[:-2], replace(e.audit[-2], reason=""))),
    ),
    "a forbidden action let through": (
        Invariant.I5,
        lambda e: replace(e, forbidden=(replace(e.forbidden[0], status=200),)),
    ),
    "a forbidden action answered by a fault": (
        Invariant.I5,
        lambda e: replace(e, forbidden=(replace(e.forbidden[0], status=500),)),
    ),
    "a refusal that is not on record": (
        Invariant.I5,
        lambda e: replace(e, audit=e.audit[:-1]),
    ),
    "a submitter who approved": (
        Invariant.I5,
        lambda e: replace(
            e, audit=(*e.audit[:3], replace(e.audit[3], actor="portal"), *e.audit[4:])
        ),
    ),
    "two people who both won": (
        Invariant.I5,
        lambda e: replace(e, contests=(Contest(A, (200, 200)),)),
    ),
    "a loser who was not told why": (
        Invariant.I5,
        lambda e: replace(e, contests=(Contest(A, (200, 500)),)),
    ),
    "applied to us, unknown to the vendor": (
        Invariant.I6,
        lambda e: replace(e, effects=(*e.effects, row(B, "book_appointment", "ap_9"))),
    ),
    "done by the vendor, unknown to us": (
        Invariant.I6,
        lambda e: replace(e, effects=e.effects[1:]),
    ),
    "two names of one effect": (
        Invariant.I6,
        lambda e: replace(e, effects=(row(A, "post_billing_change", "il_7"), *e.effects[1:])),
    ),
    "an effect left open by a change that has ended": (
        Invariant.I6,
        lambda e: replace(e, effects=(*e.effects, row(B, "book_appointment", "", "unknown"))),
    ),
    "refused to us, done by the vendor": (
        Invariant.I6,
        lambda e: replace(
            e, effects=(row(A, "post_billing_change", "il_1", "refused"), *e.effects[1:])
        ),
    ),
}


@pytest.mark.parametrize("name", DOCTORED)
def test_doctored_evidence_is_found_out(name: str) -> None:
    invariant, doctor = DOCTORED[name]
    found = check(doctor(CLEAN))
    assert invariant in {violation.invariant for violation in found}, found


def test_every_invariant_can_fail() -> None:
    assert {invariant for invariant, _ in DOCTORED.values()} == set(Invariant)


def test_a_try_broken_off_by_a_kill_need_not_be_on_record() -> None:
    killed = replace(CLEAN, attempts=(), kills=(Kill(after(25), "worker"),))
    assert check(killed) == []


def test_a_difference_the_change_itself_reports_is_no_violation() -> None:
    parked = with_status(CLEAN, B, "needs_attention")
    failing = replace(parked.changes[B], failure={"code": "outcome_unknown"})
    evidence = replace(
        parked,
        changes={**parked.changes, B: failing},
        effects=(*parked.effects, row(B, "book_appointment", "", "unknown")),
    )
    assert {v.invariant for v in check(evidence)} == {Invariant.I4}


def test_all_breaches_are_told_at_once() -> None:
    worst = replace(without(CLEAN, POSTED), samples=(Sample(NOW, 5, {}),), audit=())
    assert {v.invariant for v in check(worst)} >= {
        Invariant.I1,
        Invariant.I2,
        Invariant.I4,
        Invariant.I5,
        Invariant.I6,
    }
