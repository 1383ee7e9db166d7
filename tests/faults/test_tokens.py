"""Row 14 of the fault matrix: tokens end, are refused and cannot be had; no change is the worse.

A secret replaced in the middle of a job is `./throughline bench rotation`; a real revocation under
a hundred callers is in `tests/integration/test_vendor_credentials.py`.
"""

import asyncio
import math
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import psycopg
import pytest

from domain.credentials import refresh_margin
from stack.batch.rows import BatchRow
from stack.children import database_url
from tests.faults.board import READ_ONLY
from tests.support.journey import Journey
from tests.support.polling import eventually

pytestmark = pytest.mark.timeout(400)
TOKEN_LIFE = 5.0
USUAL_LIFE = 3600.0
CHANGES = 9
AWAY_FOR = 3
"""Requests for a token that find nobody, before there is somebody again."""


async def test_no_change_fails_when_tokens_end_are_revoked_and_cannot_be_had(
    journey: Journey, rows: Iterator[BatchRow], record_property: Callable[[str, object], None]
) -> None:
    with journey.stack.vendor("crm") as crm:

        def fault(**body: object) -> None:
            crm.post("/_control/faults", json=body).raise_for_status()

        def token_calls() -> list[dict[str, Any]]:
            seen = journey.stack.calls("crm")
            return [call for call in seen if call["path"] == "/oauth/token"]

        async def token_ends() -> None:
            """Quick as a phase may be, the next one finds that its token has ended."""
            had_at = max(call["at"] for call in token_calls() if call["status"] == 200)
            end = datetime.fromisoformat(had_at) + timedelta(seconds=TOKEN_LIFE)
            await eventually(clock, lambda now: now > end, within=2 * TOKEN_LIFE)

        earlier = len(token_calls())
        crm.put("/_control/token-life", json={"seconds": TOKEN_LIFE}).raise_for_status()
        fault(kind="token_expired")  # the one that is in use, whatever its life
        begun = time.monotonic()
        try:
            first = await asyncio.gather(*(go_through(journey, row) for row in some(rows)))
            await token_ends()
            fault(kind="status", status=503, path_prefix="/oauth/token", calls=AWAY_FOR)
            second = await asyncio.gather(*(go_through(journey, row) for row in some(rows)))
            await token_ends()
            fault(kind="token_expired")
            third = await asyncio.gather(*(go_through(journey, row) for row in some(rows)))
            hits = [
                each["hits"]
                for each in crm.get("/_control/faults").raise_for_status().json()["faults"]
            ]
        finally:
            crm.delete("/_control/faults").raise_for_status()
            crm.put("/_control/token-life", json={"seconds": USUAL_LIFE}).raise_for_status()
        seconds = time.monotonic() - begun
        had = sum(call["status"] == 200 for call in token_calls()[earlier:])
    due = math.ceil(seconds / (TOKEN_LIFE - refresh_margin(TOKEN_LIFE))) + hits[0] + hits[2]
    ids = [*first, *second, *third]
    failed = await dead_letters(journey, ids)
    record_property("changes", len(ids))
    record_property("failed", len(failed))
    record_property("tokens had", had)
    record_property("tokens due", due)

    assert hits == [1, AWAY_FOR, 1]
    assert failed == []
    assert 1 < had <= due


async def clock() -> datetime:
    return datetime.now(UTC)


def some(rows: Iterator[BatchRow]) -> list[BatchRow]:
    return list(islice(rows, CHANGES // 3))


async def go_through(journey: Journey, row: BatchRow) -> str:
    """One change from its submission to its end."""
    change_id = await journey.submit(row)
    await journey.reaches(change_id, "awaiting_approval")
    await journey.decide(change_id, "approve")
    await journey.reaches(change_id, "active")
    return change_id


async def dead_letters(journey: Journey, ids: list[str]) -> list[str]:
    """Those that ever stood still for a failure."""
    async with await psycopg.AsyncConnection.connect(
        database_url(journey.stack.settings), autocommit=True, options=READ_ONLY
    ) as connection:
        found = await connection.execute(
            "SELECT change_id FROM dead_letters WHERE change_id = ANY(%s)", (ids,)
        )
        return [row[0] for row in await found.fetchall()]
