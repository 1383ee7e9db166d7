"""What was sent to each system, version by version, and any two versions side by side."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain.contracts_evidence import PayloadComparisonView, PayloadState, PayloadView
from domain.differences import FieldChange
from support_ui.view_models import text, words
from support_ui.view_models.change import Cells

_SIGN: Final[Mapping[FieldChange, str]] = {
    FieldChange.SAME: "= same",
    FieldChange.CHANGED: "≠ changed",
    FieldChange.ADDED: "+ only right",
    FieldChange.REMOVED: "- only left",
}
"""A sign and a word for each, so that no colour is needed."""

_PLANNED: Final = ":violet-badge[:material/schedule: Planned]"
_KEPT_NOT: Final = "Only the hash of this version is kept."


def name(payload: PayloadView) -> str:
    """A version as it is chosen from a list."""
    step = text.humanise(payload.step)
    state = "planned" if payload.state is PayloadState.PLANNED else _status(payload).lower()
    return (
        f"{words.SYSTEM[payload.system]}, {step.lower()}: payload v{payload.payload_version} "
        f"from document v{payload.document_version}, {state}"
    )


def _status(payload: PayloadView) -> str:
    return words.EFFECT[payload.status].label if payload.status else ""


def rows(payloads: Iterable[PayloadView], now: datetime) -> list[Cells]:
    """Every version as a row, in the order it went out; what is planned comes last."""
    return [
        {
            "System": words.SYSTEM[each.system],
            "Step": text.plain(text.humanise(each.step)),
            "Payload": f"v{each.payload_version} `{text.short_hash(each.payload_sha256)}`",
            "Document": f"v{each.document_version}" if each.document_version else text.DASH,
            "Status": words.EFFECT[each.status].badge if each.status else _PLANNED,
            "When": text.plain(text.moment(each.at, now)),
            "Idempotency key": f"`{each.idempotency_key}`" if each.idempotency_key else text.DASH,
            "Their reference": f"`{each.vendor_reference}`" if each.vendor_reference else text.DASH,
        }
        for each in payloads
    ]


def comparable(payloads: Iterable[PayloadView]) -> list[PayloadView]:
    """The versions whose contents are kept."""
    return [each for each in payloads if each.payload is not None]


def first_pair(payloads: Sequence[PayloadView]) -> tuple[int, int]:
    """What is worth comparing first: the last two versions of one step, else the first two."""
    for right in range(len(payloads) - 1, -1, -1):
        for left in range(right - 1, -1, -1):
            if payloads[left].step == payloads[right].step:
                return left, right
    return 0, min(1, len(payloads) - 1)


def comparison_rows(told: PayloadComparisonView, *, every: bool) -> list[Cells]:
    """The fields side by side; only those that differ unless `every` is asked for."""
    return [
        {
            "": _marked(each.change, _SIGN[each.change]),
            "Field": f"`{each.path}`",
            "Left": _marked(each.change, _value(each.left, each.change is FieldChange.ADDED)),
            "Right": _marked(each.change, _value(each.right, each.change is FieldChange.REMOVED)),
        }
        for each in told.fields
        if every or each.change is not FieldChange.SAME
    ]


def _marked(change: FieldChange, shown: str) -> str:
    return shown if change is FieldChange.SAME else f"**{shown}**"


def _value(value: Any, absent: bool) -> str:  # noqa: ANN401 - JSON is any of six types
    if absent:
        return "not there"
    if value is None:
        return "none"
    return text.plain(str(value)) or "empty"


def verdict(told: PayloadComparisonView) -> str:
    """How many fields differ, as a sentence."""
    if not told.differing:
        return f"No difference in {len(told.fields)} fields."
    verb = "field differs" if told.differing == 1 else "fields differ"
    return f"{told.differing} of {len(told.fields)} {verb}."


def kept_not(payloads: Iterable[PayloadView]) -> str | None:
    """What to say where some versions cannot be compared."""
    missing = sum(each.payload is None for each in payloads)
    if not missing:
        return None
    return _KEPT_NOT if missing == 1 else f"Of {missing} versions only the hash is kept."
