"""Personal fields in answers: masked for everybody but the submitter, shown on request, on record.

The table of fields is `domain/personal_data.py`; here stands who may see them.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.readings import Reading, record_reading
from adapters.postgres.tables import ServiceChangeRow
from api.dependencies import Parts, Principal
from api.errors import ApiError
from domain.contracts import ServiceChangeView
from domain.contracts_evidence import Personal
from domain.contracts_failures import FieldDifferenceView, PendingDecisionView
from domain.permissions import MAY_SHOW_PERSONAL
from domain.personal_data import masked, personal_fields

PersonalQuery = Annotated[
    Personal,
    Query(
        description="`show` answers personal fields as they are: for operators and admins, and "
        "recorded in the audit trail."
    ),
]


@dataclass(frozen=True, slots=True)
class Sight:
    """How one caller sees the personal fields of one change."""

    caller: Principal
    change: ServiceChangeRow
    wanted: Personal
    at: datetime

    def __post_init__(self) -> None:
        """Raises forbidden for a caller who may not ask for what they ask for."""
        if (
            self.wanted is Personal.SHOW
            and not self._own
            and self.caller.role not in MAY_SHOW_PERSONAL
        ):
            raise ApiError(
                "forbidden",
                "Personal fields are shown to operators and admins alone; "
                "the masked answer holds everything else.",
            )

    @property
    def _own(self) -> bool:
        return self.caller.name == self.change.submitted_by

    @property
    def _may_ask(self) -> bool:
        return self.caller.role in MAY_SHOW_PERSONAL

    async def of(self, session: AsyncSession, value: Any, what: str) -> Any:  # noqa: ANN401 - JSON is any of six types
        """The value as the caller may see it. What is shown of `what` is put on record."""
        if self._own:
            return value
        if self.wanted is Personal.MASK:
            return masked(value)
        if fields := personal_fields(value):
            facts = {"what": what, "fields": fields}
            await record_reading(
                session, self.caller, self.change, Reading.PERSONAL, at=self.at, facts=facts
            )
        return value

    async def of_change(self, session: AsyncSession, view: ServiceChangeView) -> ServiceChangeView:
        """A whole change as the caller may see it."""
        pending = [
            each.model_copy(update={"differences": await self._differences(session, each)})
            for each in view.pending_decisions
        ]
        details = await self.of(session, view.details, "details")
        return view.model_copy(
            update={
                "details": details,
                "pending_decisions": pending,
                "masked_fields": personal_fields(view.details) if details != view.details else [],
                "may_show_personal": self._own or self._may_ask,
            }
        )

    async def _differences(
        self, session: AsyncSession, decision: PendingDecisionView
    ) -> list[FieldDifferenceView]:
        return [
            each.model_copy(
                update={
                    "before": await self.of(session, each.before, "correction"),
                    "after": await self.of(session, each.after, "correction"),
                }
            )
            for each in decision.differences
        ]


def sight(parts: Parts, caller: Principal, change: ServiceChangeRow, wanted: Personal) -> Sight:
    """How the caller sees the change's personal fields. Raises forbidden."""
    return Sight(caller, change, wanted, parts.clock())
