"""Looks whether everything is there: the document, its bytes, and no twin of the request."""

from temporalio import activity

from activities.checks import keep
from activities.judgements import facts_of_document, judge_completeness
from activities.records import DocumentVault, Records
from domain.messages import CheckInput, CheckResult


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
        document = change.document
        stored = await self._vault.sha256(document.storage_key) if document else None
        result = judge_completeness(
            change.kind,
            change.duplicate_of,
            change.document_version,
            readable=document is not None and stored == document.sha256,
        )
        sha256 = document.sha256 if document else None
        facts = facts_of_document(change.kind, change.document_version, sha256)
        return await keep(self._records, check, result, facts)
