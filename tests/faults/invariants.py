"""The judge: six invariants over evidence from outside. Gives every breach, never raises on one."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from domain.service_change import FINAL, TRANSITIONS, ChangeStatus
from tests.faults.evidence import (
    Attempt,
    AuditEntry,
    Evidence,
    Invariant,
    Sighting,
    Violation,
)
from tests.faults.net_effects import check_agreement, check_net_effects

SEEN_WITHIN: Final = timedelta(seconds=30)
"""From a failure to its being seen on the change."""

FAILING: Final = frozenset(
    {"status", "rate_limit", "drop_before_effect", "drop_after_effect", "truncate", "html"}
)
"""Faults of a vendor that no caller can overlook."""

_KNOWN: Final = frozenset(map(str, ChangeStatus))
_ENDINGS: Final = frozenset({"reject", "cancel"})


def check(evidence: Evidence) -> list[Violation]:
    """Every breach of every invariant."""
    return [violation for judge in JUDGES for violation in judge(evidence)]


def check_nothing_lost(evidence: Evidence) -> Iterator[Violation]:
    """I1: accepted = open + finished + parked, at every sample and at the end."""
    for sample in evidence.samples:
        known = {status: n for status, n in sample.counts.items() if status in _KNOWN}
        if sum(known.values()) != sample.accepted:
            yield Violation(
                Invariant.I1,
                f"At {sample.at:%H:%M:%S} {sample.accepted} were accepted and "
                f"{sum(known.values())} were there.",
                evidence={"counts": dict(sample.counts)},
            )
    told = Counter(evidence.accepted.values())
    for change_id in told.keys() - evidence.changes.keys():
        yield Violation(Invariant.I1, "It was accepted and is not there.", change_id)
    for change_id in evidence.changes.keys() - told.keys():
        yield Violation(Invariant.I1, "It is there, and no submitter has it.", change_id)
    for change_id, times in told.items():
        if times > 1:
            yield Violation(Invariant.I1, f"{times} submissions were answered with it.", change_id)
    for key, ids in evidence.repeated.items():
        if len(ids) > 1:
            sentence = f"One idempotency key made {len(ids)} changes."
            yield Violation(Invariant.I1, sentence, min(ids), {"key": key, "changes": sorted(ids)})


def check_failures_seen(evidence: Evidence) -> Iterator[Violation]:
    """I3: every failure shows with reason, next action and correlation id within 30 s."""
    seen: dict[str, list[Sighting]] = defaultdict(list)
    for sighting in evidence.sightings:
        seen[sighting.change_id].append(sighting)
        if sighting.status == ChangeStatus.NEEDS_ATTENTION and not sighting.explained:
            sentence = f"At {sighting.at:%H:%M:%S} it was parked without saying why and what next."
            yield Violation(Invariant.I3, sentence, sighting.change_id)
    for trouble in troubles(evidence):
        if not _shown(trouble, seen[trouble.change_id], evidence):
            yield Violation(
                Invariant.I3,
                f"{trouble.step} failed from {trouble.since:%H:%M:%S} on and was not seen in 30 s.",
                trouble.change_id,
                {"until": trouble.until.isoformat() if trouble.until else None},
            )
    yield from _hits_without_attempt(evidence)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A step that kept failing; `until` is its first success, or the end of the change."""

    change_id: str
    step: str
    since: datetime
    until: datetime | None


def troubles(evidence: Evidence) -> list[Trouble]:
    """Steps that failed for longer than it may take to be seen."""
    tries: dict[tuple[str, str], list[Attempt]] = defaultdict(list)
    for attempt in sorted(evidence.attempts, key=lambda each: each.at):
        tries[attempt.change_id, attempt.step].append(attempt)
    ended = {e.change_id: e.at for e in evidence.audit if e.to_status in FINAL}
    found: list[Trouble] = []
    for (change_id, step), attempts in tries.items():
        since: datetime | None = None
        for attempt in attempts:
            if attempt.outcome != "ok":
                since = since or attempt.at
            elif since is not None:
                found.append(Trouble(change_id, step, since, attempt.at))
                since = None
        if since is not None:
            found.append(Trouble(change_id, step, since, ended.get(change_id)))
    return [each for each in found if each.until is None or each.until - each.since > SEEN_WITHIN]


def _shown(trouble: Trouble, sightings: Sequence[Sighting], evidence: Evidence) -> bool:
    limit = trouble.since + SEEN_WITHIN
    if not any(trouble.since <= sample.at <= limit for sample in evidence.samples):
        return True  # nobody looked, which tells nothing
    if any(trouble.since <= s.at <= limit and s.explained for s in sightings):
        return True
    before = [s for s in sightings if s.at <= limit]
    # A sighting stands until the next one, so the last one is what could be seen.
    return bool(before) and (before[-1].explained or before[-1].status in FINAL)


def _hits_without_attempt(evidence: Evidence) -> Iterator[Violation]:
    """A fault that struck a call of a change is on record as a failed try of it."""
    change_of = {change.correlation_id: change.id for change in evidence.changes.values()}
    failed: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for attempt in evidence.attempts:
        if attempt.outcome != "ok":
            failed[attempt.change_id, attempt.system].append(attempt.at)
    decided = [e for e in evidence.audit if e.action in _ENDINGS and e.outcome != "refused"]
    slack = timedelta(seconds=1)
    for hit in evidence.fault_hits:
        change_id = change_of.get(hit.correlation_id)
        if change_id is None or hit.fault not in FAILING:
            continue
        window = (hit.at - slack, hit.at + SEEN_WITHIN)
        if any(window[0] <= at <= window[1] for at in failed[change_id, hit.vendor]):
            continue
        broken_off = any(window[0] <= kill.at <= window[1] for kill in evidence.kills) or any(
            e.change_id == change_id and window[0] <= e.at <= window[1] for e in decided
        )
        if not broken_off:
            when = f"{hit.at:%H:%M:%S}"
            sentence = f"{hit.vendor} let a call fail ({hit.fault}, {when}): no try says so."
            yield Violation(Invariant.I3, sentence, change_id)


def check_audit_explains(evidence: Evidence) -> Iterator[Violation]:
    """I4: replaying the entries of a change gives its status, each with actor and reason."""
    of_change: dict[str, list[AuditEntry]] = defaultdict(list)
    for entry in sorted(evidence.audit, key=lambda each: each.id):
        if entry.change_id is not None:
            of_change[entry.change_id].append(entry)
    for change in evidence.changes.values():
        status: str | None = None
        for entry in of_change[change.id]:
            if not entry.actor or not (entry.reason or entry.action == "submit"):
                sentence = f"Audit entry {entry.id} ({entry.action}) lacks actor or reason."
                yield Violation(Invariant.I4, sentence, change.id)
            if entry.to_status is None or entry.outcome == "refused":
                continue
            if not _follows(status, entry):
                sentence = (
                    f"Audit entry {entry.id} leads from {entry.from_status} to "
                    f"{entry.to_status}, after {status or 'nothing'}."
                )
                yield Violation(Invariant.I4, sentence, change.id)
            status = entry.to_status
        if status != change.status:
            sentence = f"It is {change.status}; its audit entries lead to {status or 'nothing'}."
            yield Violation(Invariant.I4, sentence, change.id)


def _follows(status: str | None, entry: AuditEntry) -> bool:
    if status is None:
        return entry.from_status is None and entry.to_status == ChangeStatus.PENDING
    return entry.from_status == status and entry.to_status in TRANSITIONS[ChangeStatus(status)]


def check_nothing_forbidden(evidence: Evidence) -> Iterator[Violation]:
    """I5: no forbidden action took effect, and each refusal is on record."""
    refused = Counter(
        (e.change_id, e.actor, e.action) for e in evidence.audit if e.outcome == "refused"
    )
    wanted: Counter[tuple[str, str, str]] = Counter()
    for tried in evidence.forbidden:
        if not 400 <= tried.status < 500:
            sentence = f"{tried.kind}: {tried.actor} may not {tried.action}; HTTP {tried.status}."
            yield Violation(Invariant.I5, sentence, tried.change_id)
            continue
        if tried.action:
            wanted[tried.change_id, tried.actor, tried.action] += 1
    for (change_id, actor, action), times in wanted.items():
        on_record = refused[change_id, actor, action]
        if on_record < times:
            sentence = f"{actor} was refused {action} {times} times; {on_record} are on record."
            yield Violation(Invariant.I5, sentence, change_id)
    for entry in evidence.audit:
        change = evidence.changes.get(entry.change_id or "")
        approved = entry.action == "approve" and entry.outcome != "refused"
        if change is not None and approved and entry.actor == change.submitted_by:
            sentence = f"{entry.actor} approved what they had submitted."
            yield Violation(Invariant.I5, sentence, change.id)
    for contest in evidence.contests:
        winners = sum(200 <= status < 300 for status in contest.statuses)
        others = [status for status in contest.statuses if not 200 <= status < 300]
        if winners != 1 or any(status != 409 for status in others):
            sentence = f"{winners} of {len(contest.statuses)} people won the same decision."
            yield Violation(
                Invariant.I5, sentence, contest.change_id, {"statuses": contest.statuses}
            )


JUDGES: Final[tuple[Callable[[Evidence], Iterator[Violation]], ...]] = (
    check_nothing_lost,
    check_net_effects,
    check_failures_seen,
    check_audit_explains,
    check_nothing_forbidden,
    check_agreement,
)
