"""What a change is related to, each relation by its kind, with where it leads."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.contracts import TimelineEntry
from domain.contracts_evidence import LineageEntryView, LineageKind
from support_ui.view_models import text, words
from support_ui.view_models.evidence import Proof, proofs
from support_ui.view_models.words import Look

KIND: Final[Mapping[LineageKind, Look]] = {
    LineageKind.DUPLICATE_OF: Look("Repeats another", "gray", "content_copy"),
    LineageKind.DUPLICATED_BY: Look("Repeated by another", "gray", "content_copy"),
    LineageKind.NEW_ATTEMPT: Look("New attempt", "blue", "refresh"),
    LineageKind.CONTINUE: Look("Continued", "blue", "play_arrow"),
    LineageKind.NEW_RUN: Look("New run", "violet", "restart_alt"),
    LineageKind.REDO: Look("Done anew", "orange", "redo"),
    LineageKind.CORRECTION: Look("Correction", "orange", "edit"),
    LineageKind.REVISION: Look("Document revised", "orange", "published_with_changes"),
    LineageKind.REPLAY: Look("Replay", "violet", "repeat"),
    LineageKind.EVENT: Look("Told by a system", "gray", "webhook"),
}

RETRIES: Final = (
    "Three kinds of retry: a **new attempt** repeats one step under the same key; **continued** "
    "goes on where the change stood; a **new run** starts a further workflow from the record."
)


@dataclass(frozen=True, slots=True)
class Relation:
    """One relation; `line` and `detail` are Markdown. `change_id` is set where it leads to one."""

    line: str
    detail: str
    change_id: str | None
    proofs: tuple[Proof, ...]


def relations(
    entries: Iterable[LineageEntryView], timeline: Iterable[TimelineEntry], now: datetime
) -> list[Relation]:
    """The relations in order of time; the timeline names their evidence."""
    told = {entry.id: entry for entry in timeline}
    return [_relation(entry, told, now) for entry in entries]


def _relation(
    entry: LineageEntryView, told: Mapping[str, TimelineEntry], now: datetime
) -> Relation:
    when = f"{text.moment(entry.at, now)} ({text.age(entry.at, now)})"
    outcome = f", {text.humanise(entry.outcome).lower()}" if entry.outcome else ""
    place = ""
    if entry.replay_id:
        place = f"  ·  replay `{entry.replay_id}`"
    if entry.event_id and entry.system:
        place = f"  ·  {words.SYSTEM[entry.system]} event `{entry.event_id}`"
    why = f" “{text.plain(entry.reason)}”" if entry.reason else ""
    return Relation(
        line=f"{KIND[entry.kind].badge} {text.plain(entry.sentence)}{why}",
        detail=f"{text.plain(when)}, {text.plain(entry.actor)}{text.plain(outcome)}{place}",
        change_id=entry.change_id,
        proofs=proofs((entry.evidence,), told, now),
    )
