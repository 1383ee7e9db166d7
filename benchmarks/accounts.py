"""Service changes to measure with: real accounts, each once, with nothing in their way."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from sandbox._base.accounts import Account, bundled_accounts
from stack.api_caller import Upload
from stack.batch.days import DayRule, RequestedDay
from stack.batch.documents import MEDIA_TYPE, DocumentType, document

METHODS: Final = ("Credit card (automatic)", "Mailed check")
DAYS: Final = 20


@dataclass(frozen=True, slots=True)
class Request:
    """One submission."""

    change: dict[str, Any]
    key: str
    document: Upload


def requests(now: datetime) -> Iterator[Request]:
    """Payment-method changes of open accounts that owe nothing; some 4,900 of them."""
    file = Upload(
        "authorisation.pdf",
        document(DocumentType.PDF, "Signed payment authorisation"),
        MEDIA_TYPE[DocumentType.PDF],
    )
    fit = [each for each in bundled_accounts() if each.lifecycle == "open" and not each.past_due]
    for number, account in enumerate(fit):
        day = RequestedDay(rule=DayRule.OPEN, nth=1 + number % DAYS).on(account.account_id, now)
        change = {
            "account_id": account.account_id,
            "kind": "change_payment_method",
            "requested_date": day.isoformat(),
            "details": {"payment_method": _other(account)},
        }
        yield Request(change, str(uuid4()), file)


def _other(account: Account) -> str:
    return next(method for method in METHODS if method != account.payment_method)
