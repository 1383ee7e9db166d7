"""What lists are narrowed to: the filters of each page, one model each. Shapes only, no rules.

Several values of one filter are alternatives, several comparisons of one field all have to hold,
and so do different filters. The same names stand in the API's queries, in a page's address and in
a saved view.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from domain.comparisons import Days, Moments, Numbers
from domain.errors import FailureCode, FieldProblem, InvalidChangeError
from domain.identifiers import System
from domain.service_change import ChangeKind, ChangeStatus
from domain.submission import STORABLE, Day

Name = Annotated[str, StringConstraints(min_length=1, max_length=200), STORABLE]
Names = Annotated[list[Name], Field(max_length=50)]


class Filters(BaseModel):
    """Base of every page's filters."""

    model_config = ConfigDict(frozen=True)

    def given(self) -> dict[str, Any]:
        """What is not left open, as JSON: what a view keeps and an audit entry tells."""
        told = self.model_dump(mode="json", exclude_defaults=True)
        return {name: value for name, value in told.items() if value not in (None, [], "")}


class ChangeFilters(Filters):
    """What a list of service changes is narrowed to."""

    q: Name | None = Field(
        None, description="An identifier or its beginning, or words; as `/v1/search` takes them."
    )
    status: list[ChangeStatus] = Field(default_factory=list)
    kind: list[ChangeKind] = Field(default_factory=list)
    system: list[System] = Field(
        default_factory=list, description="Something was done, or tried, at one of these systems."
    )
    account_id: Names = Field(default_factory=list)
    submitted_by: Names = Field(default_factory=list)
    waiting_on: Names = Field(
        default_factory=list, description="The party waited for: `customer`, `operations`, …"
    )
    assigned_to: Names = Field(default_factory=list, description="Whose work the change is.")
    submitted_at: list[Moments] = Field(default_factory=list, max_length=10)
    updated_at: list[Moments] = Field(default_factory=list, max_length=10)
    due_at: list[Moments] = Field(
        default_factory=list,
        max_length=10,
        description="Of changes that have not ended; `lt:now` are the overdue ones.",
    )
    requested_date: list[Days] = Field(default_factory=list, max_length=10)
    price_difference: list[Numbers] = Field(
        default_factory=list,
        max_length=10,
        description="Price per month after less before, in cents, once the checks have passed.",
    )
    attempts: list[Numbers] = Field(
        default_factory=list,
        max_length=10,
        description="How often the step tried most often was tried.",
    )
    submitted_from: datetime | None = Field(None, description="`submitted_at=gte:` in short.")
    submitted_to: datetime | None = Field(None, description="`submitted_at=lt:` in short.")
    updated_from: datetime | None = Field(None, description="`updated_at=gte:` in short.")
    updated_to: datetime | None = Field(None, description="`updated_at=lt:` in short.")
    requested_from: Day | None = Field(None, description="`requested_date=gte:` in short.")
    requested_to: Day | None = Field(
        None, description="`requested_date=lte:` in short: that day included."
    )


class AuditFilters(Filters):
    """What the audit trail is narrowed to. An identifier finds the entries of its changes."""

    q: Name | None = Field(None, description="Any identifier of a change, or its beginning.")
    change_id: Name | None = None
    account_id: Name | None = None
    correlation_id: Name | None = None
    invoice: Name | None = Field(None, description="An invoice or an invoice line.")
    order: Name | None = None
    appointment: Name | None = None
    ticket: Name | None = None
    document: Name | None = Field(None, description="The SHA-256 of a document version.")
    actor: Names = Field(default_factory=list, description="Person, service or scheduled job.")
    actor_kind: Names = Field(default_factory=list)
    action: Names = Field(default_factory=list)
    outcome: Names = Field(default_factory=list, description="`done` or `refused`, mostly.")
    at: list[Moments] = Field(default_factory=list, max_length=10)
    since: datetime | None = Field(None, description="`at=gte:` in short.")
    until: datetime | None = Field(None, description="`at=lt:` in short.")


class DeadLetterFilters(Filters):
    """What the desk is narrowed to."""

    system: System | None = None
    code: FailureCode | None = None
    step: Name | None = None
    owner: Name | None = None
    account_id: Name | None = None


class ListPage(StrEnum):
    """The pages whose filters can be kept as a view."""

    CHANGES = "changes"
    DEAD_LETTERS = "dead_letters"
    AUDIT = "audit"


FILTERS_OF: Final[Mapping[ListPage, type[Filters]]] = {
    ListPage.CHANGES: ChangeFilters,
    ListPage.DEAD_LETTERS: DeadLetterFilters,
    ListPage.AUDIT: AuditFilters,
}


def filters_of(page: ListPage, given: Mapping[str, Any]) -> Filters:
    """The filters of a page out of JSON. Raises InvalidChangeError naming each that is wrong."""
    model = FILTERS_OF[page]
    unknown = [FieldProblem(f"filters.{name}", "is no filter of this page")
               for name in given if name not in model.model_fields]  # fmt: skip
    if unknown:
        raise InvalidChangeError(unknown)
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        raise InvalidChangeError(
            [
                FieldProblem(f"filters.{'.'.join(map(str, item['loc']))}", item["msg"])
                for item in error.errors()
            ]
        ) from error
