"""What a correction would change, field by field, before it is sent and while it waits."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from domain.catalogue import SELLABLE_SERVICES, ContractTerm, InternetService, PaymentMethod
from domain.contracts import ServiceChangeView
from domain.contracts_failures import FieldDifferenceView
from support_ui.view_models import text

CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "internet_service": tuple(InternetService),
    "service": SELLABLE_SERVICES,
    "contract": tuple(ContractTerm),
    "payment_method": tuple(PaymentMethod),
}
"""What a detail may be where it is one of a closed set; anything else is typed."""


@dataclass(frozen=True, slots=True)
class DetailField:
    """One field of a change's details as it is entered; `path` leads to it.

    `choices` is empty where it is typed.
    """

    path: tuple[str, ...]
    label: str
    value: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entered:
    """What a person has entered so far; `details` by the path of each field."""

    requested_date: date
    note: str
    details: Mapping[tuple[str, ...], str]


def detail_fields(change: ServiceChangeView) -> list[DetailField]:
    """The fields a change of its kind holds, with what they are now."""
    return [
        DetailField(path, text.humanise(path[-1]), value, _choices(path[-1], value))
        for path, value in _leaves(change.details)
    ]


def _leaves(details: Mapping[str, Any], *above: str) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, value in details.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, *above, name)
        else:
            yield (*above, name), str(value)


def _choices(name: str, value: str) -> tuple[str, ...]:
    known = CHOICES.get(name, ())
    return known if not known or value in known else (value, *known)


def choice_label(value: str) -> str:
    """A choice as people read it: `tech_support` becomes `Tech support`."""
    return text.humanise(value) if value in SELLABLE_SERVICES else value


def changes(change: ServiceChangeView, entered: Entered) -> dict[str, Any]:
    """The body of the correction: only what differs from the change as it was shown."""
    asked: dict[str, Any] = {
        "requested_date": entered.requested_date.isoformat(),
        "details": _nested(entered.details),
        "note": entered.note.strip(),
    }
    now = _now(change)
    return {name: value for name, value in asked.items() if value != now[name]}


def _now(change: ServiceChangeView) -> dict[str, Any]:
    return {
        "requested_date": change.requested_date.isoformat(),
        "details": _nested(dict(_leaves(change.details))),
        "note": change.note,
    }


def _nested(leaves: Mapping[tuple[str, ...], str]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for (*above, name), value in leaves.items():
        place = nested
        for part in above:
            place = place.setdefault(part, {})
        place[name] = value.strip()
    return nested


def differences(change: ServiceChangeView, changed: Mapping[str, Any]) -> list[FieldDifferenceView]:
    """The difference a correction would make to the change as it was shown."""
    now = _now(change)
    return [
        FieldDifferenceView(field=name, before=now[name], after=after)
        for name, after in changed.items()
    ]


def difference_rows(found: Iterable[FieldDifferenceView]) -> list[dict[str, str]]:
    """Before and after of each field that differs; a field made of fields is taken apart."""
    return [
        {"Field": text.humanise(name), "Before": _shown(before), "After": _shown(after)}
        for difference in found
        for name, before, after in _apart(difference.field, difference.before, difference.after)
        if before != after
    ]


def _apart(
    field: str,
    before: Any,  # noqa: ANN401 - values are open by contract
    after: Any,  # noqa: ANN401 - as above
) -> Iterator[tuple[str, Any, Any]]:
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        yield field, before, after
        return
    for name in dict.fromkeys([*before, *after]):
        yield from _apart(name, before.get(name), after.get(name))


def _shown(value: Any) -> str:  # noqa: ANN401 - as above
    return text.plain(choice_label(str(value))) if value not in {None, ""} else text.DASH
