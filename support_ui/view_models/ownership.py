"""Which system owns each field, and what everybody else may do with it."""

from collections.abc import Iterable

from domain.contracts import FieldOwnershipView
from support_ui.view_models import text, words


def ownership_rows(fields: Iterable[FieldOwnershipView]) -> list[dict[str, str]]:
    """Each field, its owner, and what everybody else may do with it; the cells are Markdown."""
    return [
        {
            "Record": text.plain(text.humanise(field.record)),
            "Field": f"`{field.field}`",
            "Owner": words.SYSTEM[field.owner],
            "Others may": _others(field),
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
