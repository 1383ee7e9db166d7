"""Where the evidence of an answer is shown: a section of the change's page, and a name there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.contracts import Evidence, TimelineEntry
from support_ui.view_models import text


class Section(StrEnum):
    """The sections of a change's page, in order; the names are part of its address."""

    TIMELINE = "Timeline"
    ATTEMPTS = "Attempts"
    PAYLOADS = "Payloads"
    EFFECTS = "Effects and tickets"
    DOCUMENTS = "Documents"
    LINEAGE = "Lineage"
    NOTES = "Notes"
    PLAN = "Request and plan"
    IDENTIFIERS = "Identifiers"


_SECTION: Final[Mapping[str, Section]] = {
    "attempt": Section.ATTEMPTS,
    "effect": Section.EFFECTS,
    "check": Section.PLAN,
    "document": Section.DOCUMENTS,
    "decision": Section.LINEAGE,
}


_PARTS_OF_A_KEY: Final = 4  # change, step, document version, attempt group


@dataclass(frozen=True, slots=True)
class Proof:
    """One record an answer rests on: what its button says, and where it leads.

    `name` is the record's own, such as `attempt:17`; it stands in the page's address while open.
    """

    label: str
    name: str
    section: Section


def proofs(
    groups: Iterable[Sequence[Evidence]], entries: Mapping[str, TimelineEntry], now: datetime
) -> tuple[Proof, ...]:
    """Each record once, told by its line of the timeline where it has one."""
    found: dict[str, Proof] = {}
    for item in (item for group in groups for item in group):
        name = f"{item.kind}:{item.id}"
        entry = entries.get(name)
        told = (
            f"{text.humanise(entry.title)}, {text.moment(entry.at, now)}" if entry else _named(item)
        )
        section = _SECTION.get(item.kind, Section.TIMELINE)
        found.setdefault(name, Proof(text.plain(told), name, section))
    return tuple(found.values())


def _named(item: Evidence) -> str:
    """A record that has no line of its own; an effect by its step, as its key names it."""
    parts = item.id.split(":")
    if item.kind == "effect" and len(parts) == _PARTS_OF_A_KEY:
        return f"Record of {text.humanise(parts[1]).lower()}, document v{parts[2]}"
    return f"{text.humanise(item.kind)} {item.id}"


def opened(name: str, kind: str) -> str | None:
    """The id of the record that is open, if it is of this kind."""
    of, _, id_ = name.partition(":")
    return id_ if of == kind and id_ else None
