"""Looks whether everything is there: the document, its bytes, and no twin of the request."""

from temporalio import activity

from activities.checks import CUSTOMER, against, keep, passed
from activities.records import DocumentVault, Records
from domain.messages import CheckInput, CheckResult
from domain.records import ChangeRecord
from domain.service_change import CheckName, CheckOutcome
from domain.submission import REQUIRED_DOCUMENT


class CompletenessActivities:
    """The one check that asks no vendor."""

    def __init__(self, records: Records, vault: DocumentVault) -> None:
        self._records = records
        self._vault = vault

    @activity.defn(name="check_completeness")
    async def check_completeness(self, check: CheckInput) -> CheckResult:
        """Whether document and fields are complete. A read; safe to repeat."""
        async with self._records.begin() as record:
            change = await record.load(check.change_id)
        return await keep(self._records, check, await self._judge(change), {})

    async def _judge(self, change: ChangeRecord) -> CheckResult:
        name = CheckName.COMPLETENESS
        if change.duplicate_of:
            return against(
                name,
                CheckOutcome.DENIED,
                "duplicate_request",
                f"The same request is already under way as {change.duplicate_of}.",
            )
        needed = REQUIRED_DOCUMENT[change.kind]
        if change.document is None:
            if needed is None:
                return passed(name, "No document is needed for this kind of change.")
            return against(
                name, CheckOutcome.BLOCKED, "document_missing", f"The {needed}.", CUSTOMER
            )
        if await self._vault.sha256(change.document.storage_key) != change.document.sha256:
            return against(
                name,
                CheckOutcome.BLOCKED,
                "document_unreadable",
                f"The {needed or 'document'} once more: version {change.document.version} cannot "
                "be read back unchanged.",
                CUSTOMER,
            )
        return passed(name, f"Document version {change.document.version} is complete.")
