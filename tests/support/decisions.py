"""What a decision carries, made the way the API makes it."""

from typing import Any

from adapters.postgres.tables import ServiceChangeRow
from domain.corrections import Correctable, check_correction
from domain.decisions import DecisionPayload, SkipEvidence
from domain.service_change import Role


def payload_of(
    row: ServiceChangeRow, changes: dict[str, Any] | None, evidence: SkipEvidence | None
) -> DecisionPayload:
    """The correction or the evidence, checked."""
    if changes is None:
        return DecisionPayload(evidence=evidence)
    as_it_is = Correctable(row.account_id, row.kind, row.requested_date, row.details, row.note)
    correction = check_correction(as_it_is, changes, Role.OPERATOR)
    return DecisionPayload(corrected=correction.fields, differences=correction.differences)
