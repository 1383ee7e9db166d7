"""What an operator may correct on a change, checked against field ownership, and the difference."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from domain.errors import FieldOwnershipError, FieldProblem, InvalidChangeError
from domain.field_ownership import owner_of, require_writable
from domain.personal_data import mask_problems
from domain.submission import CheckedSubmission, check_submission

CORRECTABLE: Final[Mapping[str, str]] = {
    "requested_date": "requested_date",
    "details": "change_details",
    "note": "change_note",
}
"""Fields of a change that a correction may name, each with its row in the ownership table."""


class FieldDifference(BaseModel):
    """One field before and after."""

    model_config = ConfigDict(frozen=True)

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Correctable:
    """A change as far as it can be corrected. `details` as stored."""

    account_id: str
    kind: str
    requested_date: date
    details: Mapping[str, Any]
    note: str


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction that may be made: what the change becomes, and what differs."""

    corrected: CheckedSubmission
    differences: tuple[FieldDifference, ...]

    @property
    def fields(self) -> dict[str, Any]:
        """The correctable fields as the change would store them."""
        return self.corrected.model_dump(mode="json", include=set(CORRECTABLE))


def check_correction(change: Correctable, changes: Mapping[str, Any], role: str) -> Correction:
    """The correction that `changes` ask for.

    Raises FieldOwnershipError naming the owner of a field that another system owns, and
    InvalidChangeError for fields that are unknown, wrong, or no different.
    """
    for name in changes:
        _require_correctable(name, role)
    if problems := mask_problems(changes, "changes"):
        raise InvalidChangeError(problems)
    before = {
        "requested_date": change.requested_date.isoformat(),
        "details": dict(change.details),
        "note": change.note,
    }
    asked = before | dict(changes)
    corrected = check_submission(
        {"account_id": change.account_id, "kind": change.kind, **asked}, "changes"
    )
    after = {
        "requested_date": corrected.requested_date.isoformat(),
        "details": corrected.details.model_dump(mode="json"),
        "note": corrected.note,
    }
    differences = tuple(
        FieldDifference(field=name, before=before[name], after=after[name])
        for name in before
        if before[name] != after[name]
    )
    if not differences:
        raise InvalidChangeError([FieldProblem("changes", "are the values the change has already")])
    return Correction(corrected, differences)


def _require_correctable(name: str, role: str) -> None:
    if name in CORRECTABLE:
        require_writable([CORRECTABLE[name]], role)
        return
    owner = owner_of(name)
    if owner is not None:
        raise FieldOwnershipError(name, owner, role)
    known = ", ".join(sorted(CORRECTABLE))
    raise InvalidChangeError([FieldProblem(f"changes.{name}", f"is not one of: {known}")])
