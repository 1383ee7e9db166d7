"""Whether everything is there, by kind of change and by what the store gives back."""

from typing import Any

import pytest

from activities.completeness import CompletenessActivities
from domain.messages import CheckInput
from domain.service_change import ChangeKind, CheckName, CheckOutcome
from domain.submission import REQUIRED_DOCUMENT
from tests.support.factories import CHANGE, SHA256, change
from tests.support.memory_records import MemoryRecords
from tests.unit.test_submission import DETAILS

ASK = CheckInput(change_id=CHANGE, round=3)


class Vault:
    """A document store that holds one document, or something else under its key."""

    def __init__(self, sha256: str | None = SHA256) -> None:
        self._sha256 = sha256

    async def sha256(self, storage_key: str) -> str | None:
        """What is stored now."""
        assert storage_key == "order-form"
        return self._sha256


async def verdict(vault: Vault, **values: Any) -> tuple[CheckOutcome, str, str]:  # noqa: ANN401 - fields of the change
    records = MemoryRecords(change(**values))
    result = await CompletenessActivities(records, vault).check_completeness(ASK)
    assert records.memory.checks == {(CHANGE, 3): {CheckName.COMPLETENESS: result}}
    return result.outcome, result.code, result.party


@pytest.mark.parametrize("kind", ChangeKind)
async def test_a_document_is_asked_for_where_the_kind_needs_one(kind: ChangeKind) -> None:
    found = await verdict(Vault(), kind=kind, stored_details=DETAILS[kind], document=None)

    if REQUIRED_DOCUMENT[kind] is None:
        assert found == (CheckOutcome.PASSED, "ok", "")
    else:
        assert found == (CheckOutcome.BLOCKED, "document_missing", "customer")


async def test_a_document_that_reads_back_unchanged_is_complete() -> None:
    assert await verdict(Vault()) == (CheckOutcome.PASSED, "ok", "")


@pytest.mark.parametrize("stored", [None, "00" * 32], ids=["gone", "changed"])
async def test_a_document_that_does_not_read_back_unchanged_is_asked_for_again(
    stored: str | None,
) -> None:
    assert await verdict(Vault(stored)) == (
        CheckOutcome.BLOCKED,
        "document_unreadable",
        "customer",
    )


async def test_a_twin_of_an_open_request_is_denied_whatever_else_is_missing() -> None:
    found = await verdict(Vault(None), duplicate_of="chg_first", document=None)

    assert found == (CheckOutcome.DENIED, "duplicate_request", "")
