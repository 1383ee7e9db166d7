"""A job over every account while tokens live five seconds and the secret is replaced under it.

Meanwhile changes go through the same CRM. The rotation takes the way a person takes it: staged,
tried and promoted by a second admin through the API; then the vendor accepts the old one no more.
"""

import asyncio
import math
import secrets
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from adapters.keyring import Keyring
from adapters.postgres.engine import create_engine, sessions
from adapters.postgres.secret_source import StoredSecrets
from adapters.vendors.crm import CrmClient
from adapters.vendors.transport import utc_now
from benchmarks.accounts import requests
from benchmarks.fault_runs import Options
from benchmarks.report import Report
from domain.credentials import Secret, refresh_margin
from domain.errors import VendorError
from domain.identifiers import System
from domain.vendor_values import VendorCall
from http_client import CALLER_TIMEOUT, AsyncClient
from sandbox._base.accounts import bundled_accounts
from settings import CHECKOUT
from stack.children import database_url
from tests.support.live import LiveStack
from tests.support.polling import eventually

TOKEN_LIFE: Final = 5.0
READERS: Final = 8
CHANGES: Final = 20
ROTATES_AT: Final = 0.35
PROMOTED_BY: Final = 0.95
FILE: Final = CHECKOUT / "docs" / "rotation-bench.md"
_UNAUTHORIZED: Final = 401


class Counting:
    """The secrets as a process of ours has them, and how often a token was had for each."""

    def __init__(self, source: StoredSecrets) -> None:
        self._source = source
        self.tokens: Counter[int] = Counter()

    async def secrets(self, *, afresh: bool = False) -> Sequence[Secret]:
        return await self._source.secrets(afresh=afresh)

    async def worked(self, version: int) -> None:
        await self._source.worked(version)

    async def refused(self, version: int, words: str) -> None:
        await self._source.refused(version, words)

    async def refreshed(self, version: int, expires_at: datetime) -> None:
        self.tokens[version] += 1
        await self._source.refreshed(version, expires_at)


@dataclass
class Job:
    """What the job did."""

    wanted: int
    read: int = 0
    refusals: list[str] = field(default_factory=list)
    refused_exchanges: int = 0
    promoted_at: float | None = None
    """How much of the job was done when the new secret was promoted."""
    seconds: float = 0.0


async def measure(stack: LiveStack, options: Options) -> Report:
    """No refused call, no failed change, one token for each that ends, one more at the rotation."""
    with stack.vendor("crm") as vendor:
        vendor.put("/_control/token-life", json={"seconds": TOKEN_LIFE}).raise_for_status()
    settings = stack.settings
    engine = create_engine(database_url(settings), pool_size=4, application="throughline-bench")
    ring = Keyring(settings.keyring.get_secret_value())
    source = Counting(StoredSecrets(sessions(engine), ring, System.CRM, utc_now))
    accounts = [each.account_id for each in bundled_accounts()]
    job = Job(len(accounts))
    async with (
        AsyncClient(base_url=stack.api_url, timeout=CALLER_TIMEOUT, trust_env=False) as api,
        CrmClient(
            settings.crm_base_url, client_id=settings.crm_client_id, client_secret=source
        ) as crm,
    ):
        changes = await _submit(stack, api)
        await _run(stack, api, crm, job, accounts)
        failed = await _failed(stack, api, changes)
    await engine.dispose()
    return _told(job, source.tokens, failed, options)


async def _run(
    stack: LiveStack, api: AsyncClient, crm: CrmClient, job: Job, accounts: list[str]
) -> None:
    queue = iter(accounts)
    turn = asyncio.Event()

    async def read() -> None:
        for account in queue:
            call = VendorCall(f"bench-{account}")
            try:
                await crm.read_account(call, account)
            except VendorError as error:
                job.refusals.append(f"{account}: {error.code}")
            job.read += 1
            job.refused_exchanges += sum(e.http_status == _UNAUTHORIZED for e in call.exchanges)
            if job.read >= ROTATES_AT * job.wanted:
                turn.set()

    async def rotate() -> None:
        await turn.wait()
        await _rotate(stack, api)
        job.promoted_at = job.read / job.wanted

    begun = time.perf_counter()
    await asyncio.gather(rotate(), *(read() for _ in range(READERS)))
    job.seconds = time.perf_counter() - begun


async def _rotate(stack: LiveStack, api: AsyncClient) -> None:
    """Stage, try, have it promoted; then the vendor takes the old one back."""
    new = secrets.token_urlsafe(32)
    old = stack.settings.crm_client_secret.get_secret_value()
    with stack.vendor("crm") as vendor:
        vendor.post("/_control/secrets", json={"secret": new}).raise_for_status()

    async def post(caller: str, path: str, **body: Any) -> dict[str, Any]:  # noqa: ANN401 - any field
        headers = {
            "Authorization": f"Bearer {stack.credentials[caller]}",
            "Idempotency-Key": uuid.uuid4().hex,
        }
        answer = await api.post(
            f"/v1/credentials/crm/{path}", json={"reason": "Benchmark.", **body}, headers=headers
        )
        assert answer.is_success, answer.text
        told: dict[str, Any] = answer.json()["versions"][0]
        return told

    version = (await post("admin", "stage", secret=new))["version"]
    tried = await post("admin", f"versions/{version}/actions/try")
    assert tried["accepted"], tried
    promote = f"versions/{version}/actions/promote"
    await post("second_admin", promote, seen_sha256=tried["seen_sha256"])
    with stack.vendor("crm") as vendor:
        vendor.post("/_control/secrets/retired", json={"secret": old}).raise_for_status()


async def _submit(stack: LiveStack, api: AsyncClient) -> list[str]:
    ids = []
    for request in islice(requests(datetime.now(UTC)), CHANGES):
        headers = {
            "Authorization": f"Bearer {stack.credentials['portal']}",
            "Idempotency-Key": request.key,
        }
        answer = await api.post("/v1/service-changes", json=request.change, headers=headers)
        ids.append(answer.raise_for_status().json()["id"])
    return ids


async def _failed(stack: LiveStack, api: AsyncClient, changes: list[str]) -> list[str]:
    """Changes that came to a stop, once none is under way any more."""
    signed = {"Authorization": f"Bearer {stack.credentials['operator']}"}

    async def status(change_id: str) -> str:
        answer = await api.get(f"/v1/service-changes/{change_id}", headers=signed)
        return str(answer.raise_for_status().json()["status"])

    async def statuses() -> list[str]:
        return [await status(each) for each in changes]

    ends = await eventually(
        statuses, lambda seen: not {"pending", "checking"} & set(seen), within=120
    )
    failures = {"needs_attention", "rejected"}
    return [each for each, end in zip(changes, ends, strict=True) if end in failures]


def _told(job: Job, tokens: Counter[int], failed: list[str], options: Options) -> Report:
    lasts = TOKEN_LIFE - refresh_margin(TOKEN_LIFE)
    due = math.ceil(job.seconds / lasts)
    had = sum(tokens.values())
    in_the_middle = job.promoted_at is not None and job.promoted_at < PROMOTED_BY
    held = not job.refusals and not failed and had <= due + 2 and in_the_middle
    rows = [
        {"what": "accounts read", "count": job.read},
        {"what": "calls refused to the job", "count": len(job.refusals)},
        {"what": "exchanges answered 401 on the way", "count": job.refused_exchanges},
        {"what": "changes under way meanwhile", "count": CHANGES},
        {"what": "changes that failed", "count": len(failed)},
        {"what": "tokens due: one at first and one for each that ends", "count": due},
        {"what": "tokens had", "count": had},
    ]
    share, by_version = 100 * (job.promoted_at or 0), dict(sorted(tokens.items()))
    notes = [
        f"The job took {job.seconds:.1f} s; tokens lived {TOKEN_LIFE:g} s, renewed {lasts:g} s on.",
        f"Promoted after {share:.0f} % of the job; tokens had by version: {by_version}.",
        "passed" if held else f"FAILED {job.refusals[:5] or failed[:5]}",
    ]
    report = Report(
        "rotation",
        "Every account read while the secret is replaced",
        rows,
        {"tokens had per token due": had / due, "accounts per second": job.read / job.seconds},
        notes,
        passed=held,
    )
    if options.report:
        FILE.write_text(_page(report), encoding="utf-8")
    return report


def _page(report: Report) -> str:
    lines = [
        "# A secret replaced in the middle of a job",
        "",
        (
            "`./throughline bench rotation --report` wrote this page. A job reads every account of "
            "the CRM with tokens that live five seconds, while changes go through the same system. "
            "In the middle a new secret is staged, tried and promoted by a second admin through "
            "the API, and then the vendor accepts the old one no more. Promised: no call refused "
            "to the job, no failed change, one token for each that ends and one more at the "
            "rotation."
        ),
        "",
        "| | count |",
        "|---|---|",
        *(f"| {row['what']} | {row['count']} |" for row in report.rows),
        "",
        *(f"- {note}" for note in report.notes),
    ]
    return "\n".join(lines) + "\n"
