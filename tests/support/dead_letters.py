"""Dead letters written as rows, for what only counts and orders them."""

import itertools
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.dead_letters import dead_letter_id
from adapters.postgres.tables_desk import DeadLetterRow
from domain.desk import due_at
from domain.errors import FailureCode
from domain.failure_policy import owner_of, rule_for
from domain.identifiers import System
from tests.support.records import accepted_change

_NUMBERS = itertools.count(1)


async def stands_still(
    sessions: async_sessionmaker[AsyncSession],
    opened_at: datetime,
    *,
    change_id: str | None = None,
    code: FailureCode = FailureCode.REFUSED,
    system: System = System.BILLING,
    fingerprint: str = "f00d",
    closed_at: datetime | None = None,
) -> DeadLetterRow:
    """A dead letter of a change of its own, or of the one named."""
    step = "post_billing_change"
    error = {
        "at": opened_at.isoformat(),
        "code": code,
        "reason": "",
        "words": "no",
        "http_status": 422,
    }
    owner = owner_of(code, step, system)
    values: dict[str, Any] = {"at": opened_at}
    made = change_id or (await accepted_change(sessions, **values)).id
    row = DeadLetterRow(
        id=dead_letter_id(made, next(_NUMBERS)),
        change_id=made,
        account_id="7590-VHVEG",
        system=system,
        step=step,
        code=code,
        fingerprint=fingerprint,
        reason="It said no.",
        owner=owner,
        next_action=rule_for(code, step, system).next_action,
        attempts=1,
        first_error=error,
        last_error=error,
        resumes="applying",
        opened_at=opened_at,
        due_at=due_at(code, owner, opened_at),
        closed_at=closed_at,
    )
    async with sessions.begin() as session:
        session.add(row)
    return row
