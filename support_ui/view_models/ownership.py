"""Which system owns each field, and what everybody else may do with it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from domain.contracts import FieldOwnershipView
from domain.contracts_evidence import SyncedFieldView, VersionKind
from domain.contracts_views import RightView, RoleRightView
from domain.service_change import Action, Role
from domain.wording import upper_first
from support_ui.view_models import text, words

_RIGHT: Final[Mapping[str, str]] = {
    **{action: words.ACTION[action].label for action in Action},
    "submit": "Submit a change",
    "read": "Read changes",
    "read_audit": "Read the audit trail",
    "read_dead_letters": "Read what stands still",
    "export": "Export a list",
    "show_personal": "See personal fields",
    "note": "Leave a note",
    "assign": "Take, hand over, put off",
    "replay": "Retry by cause",
    "pause": "Pause and let go on",
    "compare_systems": "Have systems compared",
    "repair_difference": "Repair a disagreement",
    "decide_drift": "Say what a drift means",
    "retire_mapping": "Retire a mapping",
    "check_credentials": "Ask every system whether it lets us in",
    "manage_credentials": "Stage, promote and retire secrets",
    "keep_views": "Keep and share views",
    "confirm_second": "Be the second person",
}


def ownership_rows(fields: Iterable[FieldOwnershipView]) -> list[dict[str, str]]:
    """Each field, its owner, and what everybody else may do with it; the cells are Markdown."""
    return [
        {
            "Record": text.plain(text.humanise(field.record)),
            "Field": f"`{field.field}`",
            "Owner": words.SYSTEM[field.owner],
            "Who else may change it": _others(field),
            "Version known by": text.plain(upper_first(field.version_source)),
        }
        for field in fields
    ]


def _others(field: FieldOwnershipView) -> str:
    rights = [
        f"{text.humanise(who)}: {how}"
        for who, how in field.may_change.items()
        if who != field.owner
    ]
    return text.plain("; ".join(rights)) or text.DASH


VERSION: Final[Mapping[VersionKind, str]] = {
    VersionKind.ETAG: "Its own",
    VersionKind.CONTENT: "Hash of the answer",
    VersionKind.DOCUMENT: "Hash of the document",
    VersionKind.PAYLOAD: "Payload",
}
_SHOWN: Final = 24
"""Letters of a version; a whole hash would be wider than the rest of the table."""


def synced_rows(fields: Iterable[SyncedFieldView], now: datetime) -> list[dict[str, str]]:
    """What is held of fields that live elsewhere; the cells are Markdown."""
    return [
        {
            "Field": f"`{each.field}`",
            "Source": words.SYSTEM[each.source],
            "Value": text.plain(_value(each)),
            "Version": _version(each),
            "As of": text.moment(each.at, now),
        }
        for each in fields
    ]


_IN_MINOR_UNITS: Final = frozenset({"recurring_charge"})


def _value(of: SyncedFieldView) -> str:
    value = of.value
    if value is None or value == []:
        return text.DASH
    if of.field in _IN_MINOR_UNITS:
        return text.money(int(value), "usd")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _version(of: SyncedFieldView) -> str:
    if of.version is None:
        return text.DASH
    told = of.version if len(of.version) <= _SHOWN else f"{of.version[:_SHOWN]}…"
    return f"{VERSION[of.version_kind]} `{told}`"


def right_rows(rights: Iterable[RightView], mine: Role) -> list[dict[str, str]]:
    """Each right with a cell for each role, the reader's own first; the cells are Markdown."""
    roles = [mine, *(role for role in Role if role is not mine)]
    return [
        {
            "Right": f"**{_right(right)}**",
            **{_heading(role, mine): _cell(right, role) for role in roles},
            "Only": text.plain(_where(right)) or text.DASH,
            "Second person": text.plain(right.second_person or "") or text.DASH,
        }
        for right in rights
    ]


def own_rights(rights: Iterable[RightView], mine: Role) -> str:
    """What the reader's column comes to, in a sentence."""
    told = list(rights)
    held = [right for right in told if (found := _of(right, mine)) and found.allowed]
    return (
        f"You are **{words.ROLE[mine].lower()}**: {len(held)} of {len(told)} rights are yours. "
        "The API enforces them for console and keys alike, and puts refused actions on record."
    )


def _right(right: RightView) -> str:
    return text.plain(_RIGHT.get(right.right, text.humanise(right.right)))


def _heading(role: Role, mine: Role) -> str:
    return f"{words.ROLE[role]} (you)" if role is mine else words.ROLE[role]


def _of(right: RightView, role: Role) -> RoleRightView | None:
    return next((each for each in right.roles if each.role is role), None)


def _cell(right: RightView, role: Role) -> str:
    found = _of(right, role)
    if found is None or not found.allowed:
        return ":gray[no]"
    limit = f" {text.plain(found.condition)}" if found.condition else ""
    return f":green[:material/check:] yes{'.' if limit else ''}{limit}"


def _where(right: RightView) -> str:
    """The statuses in which it exists, and what else has to hold."""
    statuses = ", ".join(words.STATUS[status].label.lower() for status in right.statuses)
    return " ".join(
        part for part in (f"In status: {statuses}." if statuses else "", right.condition) if part
    )
