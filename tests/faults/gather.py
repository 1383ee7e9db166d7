"""Reads the evidence of a run once it is over: API, audit trail, ledgers, our record read-only."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg

from http_client import AsyncClient
from stack.children import database_url
from tests.faults.board import READ_ONLY, Board
from tests.faults.catalogue import VENDORS
from tests.faults.evidence import (
    Attempt,
    AuditEntry,
    Change,
    EffectRow,
    Evidence,
    LedgerEntry,
)
from tests.faults.injector import Injector
from tests.faults.people import People
from tests.support.live import LiveStack

AT_ONCE: Final = 8
SKEW: Final = timedelta(minutes=15)
"""More than any clock is set back in a run."""
PAGE: Final = "200"
LEDGER_PAGE: Final = 10_000


async def gather(stack: LiveStack, people: People, board: Board, injector: Injector) -> Evidence:
    """Everything the judge wants to see."""
    await _look_up_unanswered(people)
    changes = await _changes(people, board.since)
    effects, attempts, known = await _record(stack, list(changes))
    log = people.log
    return Evidence(
        accepted=dict(log.accepted),
        repeated={key: frozenset(ids) for key, ids in log.answers.items()},
        changes=changes,
        effects=effects,
        attempts=attempts,
        ledger=await _ledgers(stack, board.since, known - changes.keys()),
        audit=await _audit(people, board.since - SKEW, changes),
        samples=tuple(board.samples),
        sightings=tuple(board.sightings),
        fault_hits=tuple(injector.vendors.struck()),
        kills=tuple(injector.kills),
        forbidden=tuple(log.forbidden),
        contests=tuple(log.contests),
    )


async def _look_up_unanswered(people: People) -> None:
    """Keys nobody answered may have been accepted all the same: found by the key."""
    for key in sorted(people.log.unanswered):
        found = (await people.get("/v1/search", query={"q": key})).json()["items"]
        ids = {hit["change"]["id"] for hit in found if hit["matched_value"] == key}
        people.log.answers[key] |= ids
        if ids:
            people.log.accepted[key] = min(ids)


async def _pages(people: People, path: str, query: dict[str, str]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    query = {"limit": PAGE, **query}
    while True:
        page = (await people.get(path, query=query)).json()
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        query["cursor"] = page["next_cursor"]


async def _changes(people: People, since: datetime) -> dict[str, Change]:
    query = {"submitted_from": since.isoformat()}
    listed = await _pages(people, "/v1/service-changes", query)
    gate = asyncio.Semaphore(AT_ONCE)

    async def read(change_id: str) -> Change:
        async with gate:
            shown = await people.read(change_id)
        return Change(
            id=shown["id"],
            status=shown["status"],
            account_id=shown["account_id"],
            correlation_id=shown["correlation_id"],
            submitted_by=shown["submitted_by"],
            failure=shown["failure"],
            next_action=shown["next_action"],
        )

    found = await asyncio.gather(*(read(each["id"]) for each in listed))
    return {change.id: change for change in found}


async def _audit(
    people: People, since: datetime, changes: Collection[str]
) -> tuple[AuditEntry, ...]:
    """What was done to the changes of this run, even by a process whose clock is behind."""
    entries = await _pages(people, "/v1/audit", {"since": since.isoformat()})
    return tuple(
        AuditEntry(
            id=each["id"],
            at=datetime.fromisoformat(each["at"]),
            change_id=each["change_id"],
            actor=each["actor"],
            action=each["action"],
            outcome=each["outcome"],
            from_status=each["from_status"],
            to_status=each["to_status"],
            reason=each["reason"],
        )
        for each in entries
        if each["change_id"] in changes
    )


async def _record(
    stack: LiveStack, ids: Sequence[str]
) -> tuple[tuple[EffectRow, ...], tuple[Attempt, ...], set[str]]:
    """Effects and attempts of the run's changes, and the ids of all changes there are."""
    async with await psycopg.AsyncConnection.connect(
        database_url(stack.settings), autocommit=True, options=READ_ONLY
    ) as connection:
        effects = await connection.execute(
            "SELECT idempotency_key, change_id, step, status, vendor_reference, reverses"
            " FROM effects WHERE change_id = ANY(%s)",
            (list(ids),),
        )
        rows = tuple(EffectRow(*row) for row in await effects.fetchall())
        attempts = await connection.execute(
            "SELECT change_id, system, step, outcome, finished_at"
            " FROM attempts WHERE change_id = ANY(%s)",
            (list(ids),),
        )
        tries = tuple(Attempt(*row) for row in await attempts.fetchall())
        known = await connection.execute("SELECT id FROM service_changes")
        return rows, tries, {row[0] for row in await known.fetchall()}


async def _ledgers(stack: LiveStack, since: datetime, others: set[str]) -> tuple[LedgerEntry, ...]:
    """What every vendor did since then, but for changes of other runs."""
    found: list[LedgerEntry] = []
    for vendor in VENDORS:
        url = f"http://127.0.0.1:{stack.ports[vendor]}"
        async with AsyncClient(base_url=url, trust_env=False, timeout=30) as http:
            cursor: int | None = 0
            while cursor is not None:
                query = {"cursor": str(cursor), "limit": str(LEDGER_PAGE)}
                page = (await http.get("/_control/ledger", params=query)).raise_for_status().json()
                found += [
                    LedgerEntry(
                        vendor=vendor,
                        what=each["what"],
                        client_reference=each["client_reference"],
                        vendor_reference=each["vendor_reference"] or "",
                        reverses=each["reverses"],
                        detail=each["detail"],
                    )
                    for each in page["entries"]
                    if each["client_reference"] and datetime.fromisoformat(each["at"]) >= since
                ]
                cursor = page["next_cursor"]
    return tuple(entry for entry in found if entry.change_id not in others)
