"""The drift inbox in rows and sentences."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from domain.contracts_drift import (
    DriftChangeView,
    DriftDifferenceView,
    DriftItemSummary,
    DriftItemView,
    MappingView,
    PendingMappingView,
)
from domain.drift import DriftAction, DriftKind, DriftState
from domain.drift_words import WHOLE
from domain.mappings import MappingKind, MappingState
from domain.shapes import ROOT
from support_ui.view_models import lists, text, words
from support_ui.view_models.words import Look

KIND: Final[Mapping[DriftKind, Look]] = {
    DriftKind.UNKNOWN_VALUE: Look("Unknown value", "red", "help"),
    DriftKind.MISSING: Look("Missing field", "red", "remove_circle"),
    DriftKind.RENAMED: Look("Renamed field", "red", "drive_file_rename_outline"),
    DriftKind.RETYPED: Look("Other type", "red", "swap_horiz"),
    DriftKind.UNEXPECTED: Look("Breaks a rule", "red", "rule"),
    DriftKind.UNREADABLE: Look("Unreadable", "red", "broken_image"),
    DriftKind.NEW_FIELD: Look("New field", "blue", "add_circle"),
    DriftKind.NEW_TYPE: Look("New type", "blue", "swap_horiz"),
}

STATE: Final[Mapping[DriftState, Look]] = {
    DriftState.OPEN: Look("Open", "orange", "inbox"),
    DriftState.MAPPED: Look("Mapped", "green", "check_circle"),
    DriftState.ACCEPTED: Look("Accepted", "green", "check_circle"),
    DriftState.DISMISSED: Look("Dismissed", "gray", "cancel"),
}

MAPPING: Final[Mapping[MappingState, Look]] = {
    MappingState.PROPOSED: Look("Proposed", "orange", "group"),
    MappingState.ACTIVE: Look("Active", "green", "check_circle"),
    MappingState.DECLINED: Look("Declined", "gray", "block"),
    MappingState.LAPSED: Look("Lapsed", "gray", "timer_off"),
    MappingState.RETIRED: Look("Retired", "gray", "history"),
}

REPLAY: Final[Mapping[str, Look]] = {
    "running": Look("Running", "blue", "sync"),
    "suspended": Look("Suspended", "orange", "pause_circle"),
    "stopped": Look("Stopped itself", "red", "error"),
    "cancelled": Look("Cancelled", "gray", "cancel"),
    "done": Look("Done", "green", "check_circle"),
}

DONE: Final[Mapping[DriftAction, str]] = {
    DriftAction.MAP: "Proposed. It counts once a second person has confirmed it.",
    DriftAction.ACCEPT: "Accepted: it counts as known from now on.",
    DriftAction.DISMISS: "Dismissed. It is open again if it holds something up again.",
}

_NOWHERE: Final = "not there"


def row(item: DriftItemSummary, now: datetime) -> lists.Row:
    """One drift of the inbox."""
    return {
        "What": item.sentence,
        "System": words.SYSTEM[item.system],
        "Kind": KIND[item.kind].label,
        "Parked": item.parked + item.held,
        "Seen": item.count,
        "First seen": text.age(item.first_seen_at, now),
        "Last seen": text.age(item.last_seen_at, now),
        "State": "Second person" if item.pending else STATE[item.state].label,
    }


def standing(item: DriftItemSummary, now: datetime) -> str:
    """Kind, state, how often and since when, and what stands still for it; HTML and Markdown."""
    times = "once" if item.count == 1 else f"{item.count:,} times"
    return "  ·  ".join(
        [
            f"{KIND[item.kind].badge} {STATE[item.state].badge}",
            f"seen **{times}**" if item.count else "seen **just now**",
            f"first {text.hover(text.age(item.first_seen_at, now), item.first_seen_at)}",
            f"last {text.hover(text.age(item.last_seen_at, now), item.last_seen_at)}",
            _parked(item),
        ]
    )


def _parked(item: DriftItemSummary) -> str:
    if not item.parks:
        return "holds nothing up"
    found = [_many(item.parked, "change")]
    if item.held:
        found.append(_many(item.held, "event"))
    return " and ".join(found) + " parked"


def _many(count: int, noun: str) -> str:
    return f"**{count:,}** {noun}" + ("" if count == 1 else "s")


def fact_rows(item: DriftItemView) -> list[dict[str, str]]:
    """Where it is, what came and what is expected."""
    rows = [
        {"Fact": "Operation", "Value": f"`{item.operation or 'any'}`"},
        {"Fact": "Place", "Value": WHOLE if item.path == ROOT else f"`{item.path}`"},
    ]
    if item.came:
        rows.append({"Fact": "Came", "Value": text.plain(item.came)})
    if item.expected:
        rows.append({"Fact": "Expected", "Value": text.plain(item.expected)})
    return rows


def diff_rows(diff: list[DriftDifferenceView]) -> list[dict[str, str]]:
    """Each path at which the shape differs, before and after."""
    return [
        {
            "Path": f"`{each.path}`",
            "Before": ", ".join(each.before) or f":gray[{_NOWHERE}]",
            "Now": ", ".join(each.after) or f":gray[{_NOWHERE}]",
        }
        for each in diff
    ]


def choice_label(item: DriftItemView) -> str:
    """The question a mapping answers."""
    if item.mapping_kind is MappingKind.FIELD:
        return f"Under which new name does {item.path} come?"
    return f"What does “{item.came}” mean?"


def mapping_words(mapping: MappingView) -> str:
    """What a mapping says; Markdown."""
    came, known = text.plain(mapping.raw), text.plain(mapping.known)
    if mapping.kind is MappingKind.FIELD:
        return f"Field **{came}** is read as **{known}**"
    return f"**{came}** is read as **{known}**"


def proposal_standing(proposal: PendingMappingView, now: datetime) -> str:
    """Who proposed it, when, and until when it waits."""
    return (
        f"Proposed by **{text.plain(proposal.proposed_by)}** "
        f"{text.age(proposal.proposed_at, now)}, version {proposal.version}; "
        f"it lapses {text.age(proposal.expires_at, now)}."
    )


def mapping_row(mapping: MappingView, now: datetime) -> dict[str, str]:
    """One mapping with who said what when."""
    answered = (
        f"{text.plain(mapping.confirmed_by)}, {text.age(mapping.confirmed_at, now)}"
        if mapping.confirmed_by
        else text.DASH
    )
    return {
        "State": MAPPING[mapping.state].badge,
        "System": words.SYSTEM[mapping.system],
        "Says": mapping_words(mapping),
        "Version": str(mapping.version),
        "Proposed": f"{text.plain(mapping.proposed_by)}, {text.age(mapping.proposed_at, now)}",
        "Answered": answered,
        "Why": text.plain(mapping.retire_reason or mapping.reason),
    }


def replay_rows(item: DriftItemView, now: datetime) -> list[dict[str, str]]:
    """The replays that release what was parked."""
    return [
        {
            "Release": REPLAY[each.state].badge,
            "Changes": f"{each.items:,}",
            "How it stands": text.plain(each.sentence),
            "Begun": text.age(each.created_at, now),
            "Ended": text.age(each.finished_at, now),
            "Replay": f"`{each.id}`",
        }
        for each in item.replays
    ]


def change_row(change: DriftChangeView, now: datetime) -> lists.Row:
    """One change that met a drift."""
    return {
        "Open": change.change_id,
        "Account": change.account_id,
        "Now": "Stands still" if change.parked else "Went on",
        "Step": text.humanise(change.step) if change.step else text.DASH,
        "Met it": text.age(change.seen_at, now),
    }
