"""The life of a decision on record, and what it may carry besides its reason."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

from domain.corrections import FieldDifference
from domain.submission import STORABLE


class DecisionState(StrEnum):
    """Where a decision stands. `proposed` waits for a second person, `given` for the workflow."""

    PROPOSED = "proposed"
    GIVEN = "given"
    TAKEN = "taken"
    REFUSED = "refused"
    DECLINED = "declined"
    LAPSED = "lapsed"


Reference = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), STORABLE
]


class SkipEvidence(BaseModel):
    """Why a step need not be done: the vendor's own reference, or a ticket that says so."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vendor_reference: Reference | None = None
    ticket: Reference | None = None


class DecisionPayload(BaseModel):
    """What a decision carries besides its reason; everything is empty for most actions."""

    model_config = ConfigDict(frozen=True)

    corrected: dict[str, Any] | None = None
    """The change's fields once corrected: `requested_date`, `details`, `note`."""
    differences: tuple[FieldDifference, ...] = ()
    evidence: SkipEvidence | None = None
