"""What every check shares: the verdict is kept with the attempt that led to it."""

from collections.abc import Mapping
from typing import Any

from activities.records import Records
from domain.messages import CheckInput, CheckResult
from domain.records import Attempt
from domain.service_change import CheckName, CheckOutcome
from domain.steps import CHECK_SYSTEM

CUSTOMER = "customer"
PORTAL = "portal"


def passed(name: CheckName, sentence: str) -> CheckResult:
    """Nothing stands in the way."""
    return CheckResult(
        name=name,
        system=CHECK_SYSTEM[name],
        outcome=CheckOutcome.PASSED,
        code="ok",
        sentence=sentence,
    )


def against(
    name: CheckName, outcome: CheckOutcome, code: str, sentence: str, party: str = ""
) -> CheckResult:
    """Something stands in the way; `party` is who could move it."""
    return CheckResult(
        name=name,
        system=CHECK_SYSTEM[name],
        outcome=outcome,
        code=code,
        sentence=sentence,
        party=party,
    )


async def keep(
    records: Records,
    check: CheckInput,
    result: CheckResult,
    facts: Mapping[str, Any],
    attempt: Attempt | None = None,
) -> CheckResult:
    """Record the verdict, what was found out and the attempt in one transaction."""
    async with records.begin() as record:
        if attempt is not None:
            await record.save_attempt(attempt)
        await record.save_check(check.change_id, check.round, result, facts)
    return result
