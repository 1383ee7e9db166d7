"""I2 and I6: what the vendors say was really done, by business meaning, beside what we say."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from domain.service_change import FINAL, ChangeStatus, EffectStatus
from tests.faults.evidence import EffectRow, Evidence, Invariant, LedgerEntry, Violation

ONCE: Final = {
    "billing": "post_billing_change",
    "scheduling": "book_appointment",
    "crm": "update_services",
}
"""Vendor -> the step that is done there once for an active change."""


def net_effects(entries: Iterable[LedgerEntry]) -> Counter[tuple[str, str]]:
    """What still stands of one change, counted by vendor and document version.

    A posted line that was reversed, a confirmed visit that was released, an order that was undone
    by another one and a ticket that was closed stand no more.
    """
    entries = list(entries)
    undone = {e.reverses for e in entries if e.reverses}
    closed = {e.vendor_reference for e in entries if e.what == "ticket_closed"}
    standing: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        match entry.what:
            case "price_change_posted" | "appointment_confirmed":
                standing[entry.vendor, entry.version] += entry.vendor_reference not in undone
            case "order_closed":
                undoes = entry.step == "restore_services"
                standing[entry.vendor, entry.version] += -1 if undoes else 1
            case "ticket_opened":
                standing[entry.vendor, entry.version] += entry.vendor_reference not in closed
    return standing


def net_services(entries: Iterable[LedgerEntry]) -> dict[str, int]:
    """Services that came (1) or went (-1) on balance; more than once is more than 1."""
    change: Counter[str] = Counter()
    for entry in entries:
        if entry.what in {"service_added", "service_removed"} and entry.detail:
            change[entry.detail] += 1 if entry.what == "service_added" else -1
    return {service: count for service, count in change.items() if count}


def check_net_effects(evidence: Evidence) -> Iterator[Violation]:
    """At most one net effect per change, step and version; one if active, none if ended else."""
    of_change: dict[str, list[LedgerEntry]] = defaultdict(list)
    for entry in evidence.ledger:
        of_change[entry.change_id].append(entry)
    skipped = {
        (row.change_id, row.step) for row in evidence.effects if row.status == EffectStatus.SKIPPED
    }
    for change_id in evidence.changes:
        yield from _judge(
            change_id, evidence.status(change_id), of_change.get(change_id, []), skipped
        )
    for change_id in of_change.keys() - evidence.changes.keys():
        sentence = "A vendor did something for a change that the API does not know."
        yield Violation(Invariant.I2, sentence, change_id, {"entries": len(of_change[change_id])})


def _judge(
    change_id: str,
    status: ChangeStatus,
    entries: list[LedgerEntry],
    skipped: set[tuple[str, str]],
) -> Iterator[Violation]:
    standing = net_effects(entries)
    shown = {f"{vendor}, version {version}": n for (vendor, version), n in standing.items()}

    def wrong(sentence: str) -> Violation:
        return Violation(Invariant.I2, sentence, change_id, {"status": status, "net": shown})

    yield from map(wrong, _per_version(standing))
    yield from map(wrong, _in_total(standing, change_id, status, skipped))
    services = net_services(entries)
    if any(abs(count) > 1 for count in services.values()):
        yield wrong(f"A service came or went twice: {services}.")
    if status in FINAL - {ChangeStatus.ACTIVE} and services:
        yield wrong(f"It is {status}, and services are still changed: {services}.")


def _per_version(standing: Counter[tuple[str, str]]) -> Iterator[str]:
    for (vendor, version), count in standing.items():
        if count > 1:
            yield f"{vendor} did it {count} times for document version {version}."
        if count < 0:
            yield f"{vendor} undid more than it did for document version {version}."


def _in_total(
    standing: Counter[tuple[str, str]],
    change_id: str,
    status: ChangeStatus,
    skipped: set[tuple[str, str]],
) -> Iterator[str]:
    totals: Counter[str] = Counter()
    for (vendor, _), count in standing.items():
        totals[vendor] += count
    for vendor, step in ONCE.items():
        if status is ChangeStatus.ACTIVE:
            least = 0 if (change_id, step) in skipped else 1
            if not least <= totals[vendor] <= 1:
                yield f"It is active, and {vendor} holds {totals[vendor]} effects."
        elif status in FINAL and totals[vendor]:
            yield f"It is {status}, and {vendor} still holds {totals[vendor]} effects."
    if status in FINAL and totals["ticketing"]:
        yield f"It is {status}, and {totals['ticketing']} tickets are still open."


@dataclass(frozen=True, slots=True)
class Trace:
    """How a step shows in its vendor's ledger: the word, and the reference to find it by."""

    what: str
    by_vendor_reference: bool = False


TRACES: Final = {
    "post_billing_change": Trace("price_change_posted"),
    "reverse_billing_change": Trace("price_change_reversed"),
    "book_appointment": Trace("appointment_confirmed"),
    "release_appointment": Trace("appointment_released", by_vendor_reference=True),
    "update_services": Trace("order_closed"),
    "restore_services": Trace("order_closed"),
    "open_ticket": Trace("ticket_opened"),
    "comment_on_ticket": Trace("ticket_commented"),
    "close_ticket": Trace("ticket_closed", by_vendor_reference=True),
}
_STANDS: Final = frozenset({EffectStatus.APPLIED, EffectStatus.REVERSED})
_OPEN: Final = frozenset({EffectStatus.INTENDED, EffectStatus.UNKNOWN})


def check_agreement(evidence: Evidence) -> Iterator[Violation]:
    """Every applied row has its ledger entry and every entry its row, or the change says so."""
    reported = {c.id for c in evidence.changes.values() if c.failure is not None}
    entries: dict[tuple[str, str], list[LedgerEntry]] = defaultdict(list)
    for entry in evidence.ledger:
        entries[entry.what, entry.client_reference].append(entry)
        entries[entry.what, f"vendor:{entry.vendor_reference}"].append(entry)
    explained: set[tuple[str, str]] = set()
    for row in evidence.effects:
        if row.change_id not in evidence.changes:
            continue
        found = _found(row, entries)
        explained |= {(entry.what, entry.vendor_reference) for entry in found}
        sentence = _difference(row, found)
        unsettled = row.status in _OPEN and evidence.status(row.change_id) not in FINAL
        if sentence and not unsettled and row.change_id not in reported:
            yield Violation(Invariant.I6, sentence, row.change_id, {"key": row.key})
    words = {trace.what for trace in TRACES.values()}
    for entry in evidence.ledger:
        known = (entry.what, entry.vendor_reference) in explained
        if entry.what in words and not known and entry.change_id not in reported:
            sentence = f"{entry.vendor} has {entry.what} {entry.vendor_reference}; we do not."
            yield Violation(
                Invariant.I6, sentence, entry.change_id, {"reference": entry.client_reference}
            )


def _found(row: EffectRow, entries: dict[tuple[str, str], list[LedgerEntry]]) -> list[LedgerEntry]:
    trace = TRACES.get(row.step)
    if trace is None:
        return []
    name = f"vendor:{row.vendor_reference}" if trace.by_vendor_reference else row.key
    return entries.get((trace.what, name), [])


def _difference(row: EffectRow, found: list[LedgerEntry]) -> str | None:
    if row.status in _STANDS:
        if not found:
            return f"{row.step} is {row.status} on our record; its vendor knows nothing of it."
        if all(entry.vendor_reference != row.vendor_reference for entry in found):
            theirs = found[0].vendor_reference
            return f"{row.step} is {row.vendor_reference} to us and {theirs} to its vendor."
        return None
    if row.status in _OPEN:
        return f"{row.step} is {row.status} on our record, and its change has ended."
    if found and row.status == EffectStatus.REFUSED:
        return f"{row.step} is refused on our record; its vendor did it."
    return None
