"""Asks the CRM whether the account may have the change."""

from temporalio import activity

from activities.calls import VendorCalls
from activities.checks import keep
from activities.judgements import facts_of_account, judge_entitlement
from activities.ports import Crm
from activities.records import Records
from domain.identifiers import System
from domain.messages import CheckInput, CheckResult


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
        on = change.requested_date
        result = judge_entitlement(change.account_id, change.wish, on, facts)
        return await keep(self._records, check, result, facts_of_account(facts), attempt)
