"""Asks the CRM whether the account may have the change."""

from temporalio import activity

from activities.calls import VendorCalls
from activities.checks import PORTAL, against, keep, passed
from activities.ports import Crm
from activities.records import Records
from domain.entitlement import AccountFacts, findings
from domain.identifiers import System
from domain.messages import CheckInput, CheckResult
from domain.records import ChangeRecord
from domain.service_change import CheckName, CheckOutcome


class EntitlementActivities:
    """The CRM's facts, judged by our rules."""

    def __init__(self, records: Records, calls: VendorCalls, crm: Crm) -> None:
        self._records = records
        self._calls = calls
        self._crm = crm

    @activity.defn(name="check_entitlement")
    async def check_entitlement(self, check: CheckInput) -> CheckResult:
        """Whether the account is entitled. A read; safe to repeat. Raises vendor failures."""
        async with self._records.begin() as record:
            change = await record.load(check.change_id)
        facts, attempt = await self._calls.ask(
            change,
            System.CRM,
            "check_entitlement",
            lambda call: self._crm.read_account(call, change.account_id),
        )
        result = _judge(change, facts)
        kept = (
            {"products": sorted(facts.products), "contract": facts.contract, "etag": facts.version}
            if facts
            else {}
        )
        return await keep(self._records, check, result, kept, attempt)


def _judge(change: ChangeRecord, facts: AccountFacts | None) -> CheckResult:
    reasons = findings(facts, change.account_id, change.wish, change.requested_date)
    if not reasons:
        return passed(CheckName.ENTITLEMENT, "The account may have this change.")
    denied = [reason for reason in reasons if reason.outcome is CheckOutcome.DENIED]
    first = (denied or reasons)[0]
    sentences = " ".join(reason.message for reason in (denied or reasons))
    return against(CheckName.ENTITLEMENT, first.outcome, first.code, sentences, PORTAL)
