"""What the API answers about what was said to vendors, across changes. Shapes only, no rules."""

from datetime import datetime

from domain.contracts_failures import View
from domain.identifiers import System


class OutgoingAttemptView(View):
    """One try of one step at one system, as a row of a list.

    `outcome` is `ok`, or the code of what happened instead; `words` are the vendor's. `retry_at`:
    before this it did not want to be asked again.
    """

    id: int
    change_id: str
    system: System
    step: str
    attempt: int
    outcome: str
    reason: str
    words: str
    http_status: int | None
    retry_at: datetime | None
    started_at: datetime
    finished_at: datetime
