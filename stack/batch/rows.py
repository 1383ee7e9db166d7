"""The shape of the batch file: one submission per line, what is done about it, how it must end."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from domain.service_change import ChangeKind, ChangeStatus
from stack.batch.days import RequestedDay
from stack.batch.documents import DocumentType

BATCH_FILE: Final = Path(__file__).resolve().parent / "changes.jsonl"


class Submitter(StrEnum):
    """Whose API key hands it in; a name in `credentials.json`."""

    PORTAL = "portal"
    PARTNER = "partner"
    OPERATOR = "operator"


class Act(StrEnum):
    """What somebody does about a change that waits."""

    APPROVE = "approve"
    REJECT = "reject"
    CANCEL = "cancel"
    UPLOAD = "upload_document"
    PAY = "pay"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Move(_Part):
    """One act, once the change has come to rest in the status `when`."""

    when: ChangeStatus
    do: Act
    reason: str = ""


class Expected(_Part):
    """How the change must end, by which findings it must have been held up, and who had to move."""

    status: ChangeStatus
    codes: tuple[str, ...] = ()
    parties: tuple[str, ...] = ()


class BatchRow(_Part):
    """One submission. `document_late`: it comes only when asked for.

    `sent_twice`: the same request under the same key again must give the first answer.
    `same_as`: repeats the request of that row under another key, as a second submission.
    """

    ref: str
    group: str
    account_id: str
    kind: ChangeKind
    details: dict[str, Any]
    requested_day: RequestedDay
    document: DocumentType | None
    document_late: bool = False
    submitted_by: Submitter = Submitter.PORTAL
    sent_twice: bool = False
    same_as: str | None = None
    moves: tuple[Move, ...] = ()
    expected: Expected


def read_batch(file: Path = BATCH_FILE) -> tuple[BatchRow, ...]:
    """The rows of the file in order."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return tuple(BatchRow.model_validate_json(line) for line in lines)


def batch_text(rows: Sequence[BatchRow]) -> str:
    """The file's text for these rows: a JSON object per line, what equals its default left out."""
    return "".join(row.model_dump_json(exclude_defaults=True) + "\n" for row in rows)
