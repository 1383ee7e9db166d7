"""Personal fields in answers: masked for everybody but the submitter, shown on request, on record.

The table of fields is `domain/personal_data.py`; here stands who may see them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import Query
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.audit import audit_entry
from adapters.postgres.tables import AuditEntryRow, ServiceChangeRow
from api.dependencies import Parts, Principal
from api.errors import ApiError
from domain.contracts import ServiceChangeView
from domain.contracts_evidence import Personal
from domain.contracts_failures import FieldDifferenceView, PendingDecisionView
from domain.personal_data import masked, personal_fields
from domain.service_change import Role

PersonalQuery = Annotated[
    Personal,
    Query(
        description="`show` answers personal fields as they are: for operators and admins, and "
        "recorded in the audit trail."
    ),
]

READ_PERSONAL: Final = "read_personal"
MAY_SHOW: Final = frozenset({Role.OPERATOR, Role.ADMIN})
"""Who may ask for personal fields of a change that somebody else submitted."""

ONE_READING: Final = timedelta(minutes=5)
"""The same person reading the same fields within this is one reading: a page asks often."""


@dataclass(frozen=True, slots=True)
class Sight:
    """How one caller sees the personal fields of one change."""

    caller: Principal
    change: ServiceChangeRow
    wanted: Personal
    at: datetime

    def __post_init__(self) -> None:
        """Raises forbidden for a caller who may not ask for what they ask for."""
        if self.wanted is Personal.SHOW and not self._own and self.caller.role not in MAY_SHOW:
            raise ApiError(
                "forbidden",
                "Personal fields are shown to operators and admins alone; "
                "the masked answer holds everything else.",
            )

    @property
    def _own(self) -> bool:
        return self.caller.name == self.change.submitted_by

    async def of(self, session: AsyncSession, value: Any, what: str) -> Any:  # noqa: ANN401 - JSON is any of six types
        """The value as the caller may see it. What is shown of `what` is put on record."""
        if self._own:
            return value
        if self.wanted is Personal.MASK:
            return masked(value)
        if fields := personal_fields(value):
            await self._record(session, what, fields)
        return value

    async def _record(self, session: AsyncSession, what: str, fields: list[str]) -> None:
        facts = {"what": what, "fields": fields}
        entry = AuditEntryRow
        already = await session.scalar(
            select(entry.id).where(
                entry.change_id == self.change.id,
                entry.actor == self.caller.name,
                entry.action == READ_PERSONAL,
                entry.at > self.at - ONE_READING,
                entry.facts == facts,
            )
        )
        if already is None:
            session.add(
                audit_entry(
                    at=self.at,
                    actor=self.caller.name,
                    actor_kind="person",
                    action=READ_PERSONAL,
                    change=self.change,
                    facts=facts,
                )
            )

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
                "may_show_personal": self._own or self.caller.role in MAY_SHOW,
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
