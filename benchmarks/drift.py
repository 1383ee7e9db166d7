"""Drift: seeded changes of recorded payloads, all told right; and the clock, on a whole stack.

The vendor goes on sending what is odd while the mapping is confirmed, so what is released is
released by the mapping alone.
"""

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from benchmarks.fault_runs import Options
from benchmarks.report import Report, table_of
from http_client import AsyncClient
from settings import CHECKOUT
from tests.support.journey import Journey, journeys, plain_rows
from tests.support.live import LiveStack
from tests.support.polling import eventually
from tests.support.schema_mutations import judged, mutations, objection

MUTATIONS: Final = 1000
CHANGES: Final = 12
"""Parked for one cause: one, then ten, then the rest."""

SHOWN_WITHIN: Final = 10.0
RELEASED_WITHIN: Final = 60.0
_PATIENCE: Final = 180.0
_REPORT: Final = CHECKOUT / "docs" / "drift-bench.md"


@dataclass(frozen=True, slots=True)
class Oddity:
    """What a vendor does from now on, and what a person says it means."""

    name: str
    vendor: str
    fault: dict[str, Any]
    known: str


ODDITIES: Final = (
    Oddity(
        "a new standing at billing",
        "billing",
        {"kind": "new_status", "method": "GET", "path_prefix": "/v1/accounts"},
        "current",
    ),
    Oddity(
        "a renamed field at the CRM",
        "crm",
        {"kind": "rename_field", "method": "GET", "path_prefix": "/accounts", "field": "lifecycle"},
        "lifecycleV2",
    ),
)


async def measure(stack: LiveStack, options: Options) -> Report:
    """Both parts in one run."""
    told = Counter[str]()
    wrong = []
    for mutated in mutations(options.seed, MUTATIONS):
        why = objection(mutated, judged(mutated))
        told[f"{mutated.how}, {'right' if why is None else 'WRONG'}"] += 1
        if why is not None:
            wrong.append(f"{mutated.recorded.system} {mutated.recorded.operation}: {why}")
    rows: list[dict[str, Any]] = [
        {"what": f"{how} ({count})", "seconds": "", "aim": ""}
        for how, count in sorted(told.items())
    ]
    times = []
    async with journeys(stack) as journey:
        for number, oddity in enumerate(ODDITIES):
            shown, released = await _clocked(stack, journey, oddity, options, number)
            times.append((shown, released))
            rows.append({"what": f"{oddity.name}: shown", "seconds": shown, "aim": SHOWN_WITHIN})
            rows.append(
                {"what": f"{oddity.name}: released", "seconds": released, "aim": RELEASED_WITHIN}
            )
    slowest = max(shown for shown, _ in times), max(released for _, released in times)
    report = Report(
        name="drift",
        title=f"{MUTATIONS} changed payloads (seed {options.seed}); {CHANGES} parked changes",
        rows=rows,
        ratios={
            "wrong of 1,000": float(len(wrong)),
            "seconds to the inbox, worst": slowest[0],
            "seconds from mapping to all released, worst": slowest[1],
        },
        notes=wrong[:20],
        passed=not wrong and slowest[0] <= SHOWN_WITHIN and slowest[1] <= RELEASED_WITHIN,
    )
    if options.report:
        _REPORT.write_text(_page(report), encoding="utf-8")
    return report


async def _clocked(
    stack: LiveStack, journey: Journey, oddity: Oddity, options: Options, number: int
) -> tuple[float, float]:
    """Seconds from the first odd payload to the inbox, and from the mapping to all released."""
    count = options.changes or CHANGES
    rows = list(islice(plain_rows(), number * count, (number + 1) * count))
    before = {item["id"] for item in await _inbox(journey)}
    with stack.faulty(oddity.vendor, **oddity.fault | {"calls": 100_000}) as vendor:
        ids = await asyncio.gather(*(journey.submit(row) for row in rows))

        async def struck() -> bool:
            faults = await asyncio.to_thread(vendor.get, "/_control/faults")
            return any(each["hits"] for each in faults.json()["faults"])

        await eventually(struck, bool, within=_PATIENCE)
        begun = time.monotonic()
        item = await _new_item(journey, before)
        shown = time.monotonic() - begun
        for id_ in ids:
            await journey.reaches(id_, "needs_attention")
        mapped = await _mapped(stack, item, oddity.known)
        for id_ in ids:
            await journey.reaches(id_, "awaiting_approval")
        return shown, time.monotonic() - mapped


async def _inbox(journey: Journey) -> list[dict[str, Any]]:
    query = {"state": "open", "parks": "true"}
    answer = await journey.operator.get("/v1/drift", params=query)
    found: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
    return found


async def _new_item(journey: Journey, before: set[str]) -> str:
    """The drift that parks something, once it is to be seen."""

    async def look() -> list[str]:
        return [
            item["id"]
            for item in await _inbox(journey)
            if item["id"] not in before and item["parked"]
        ]

    found = await eventually(look, bool, within=_PATIENCE)
    return found[0]


async def _mapped(stack: LiveStack, item_id: str, known: str) -> float:
    """An operator proposes, an admin confirms; when the confirmation was on record."""
    post = _poster(stack)
    path = f"/v1/drift/{item_id}"
    told = {"reason": "The vendor says so in its release notes."}
    item = await post("operator", f"{path}/actions/map", told | {"known": known})
    proposal = item["proposal"]
    answer = told | {"verdict": "confirm", "seen_sha256": proposal["sha256"]}
    await post("admin", f"{path}/second-approvals/{proposal['id']}", answer)
    return time.monotonic()


def _poster(stack: LiveStack) -> Callable[[str, str, dict[str, Any]], Awaitable[dict[str, Any]]]:
    async def post(caller: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {
            "Authorization": f"Bearer {stack.credentials[caller]}",
            "Idempotency-Key": uuid.uuid4().hex,
        }
        async with AsyncClient(base_url=stack.api_url, trust_env=False, timeout=30) as client:
            answer = await client.post(path, json=body, headers=headers)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    return post


def _page(report: Report) -> str:
    verdict = "Everything held." if report.passed else "Something did not hold."
    return (
        "# The drift bench\n\n"
        "`./throughline bench drift --report` writes this page. Recorded answers and events of all "
        "four vendors are changed by a seed in the ways vendors change them, and each has to be "
        "told right: nothing guessed, nothing crashed, nothing passed over. Then a whole stack "
        "runs while a vendor begins to send something odd and goes on sending it: how long until "
        "the drift inbox shows it with what it parked, and how long from the confirmed mapping "
        f"until everything parked has gone on.\n\n{verdict}\n\n```\n{table_of(report)}```\n"
    )
