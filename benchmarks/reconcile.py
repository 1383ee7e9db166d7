"""Differences seeded among all accounts: how many are found, how many alarms are false, how fast.

The bundled batch runs first, so that the clean set holds 300 changes that came to every end. The
differences are made by other parties than we: somebody sells at the CRM, or charges at billing,
and tells nobody.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from adapters.vendors.billing import BillingClient
from adapters.vendors.crm import CrmClient
from benchmarks.batch import play_batch
from benchmarks.fault_runs import Options
from benchmarks.report import Report
from domain.catalogue import INTERNET, PRICE_MINOR, Product
from domain.reconciliation import products_value
from domain.vendor_values import BillingPosting, PriceLine, ServiceUpdate, VendorCall
from http_client import AsyncClient
from sandbox._base.accounts import Account, bundled_accounts
from settings import CHECKOUT
from tests.support.comparing import compare, differences
from tests.support.live import LiveStack

SEEDED: Final = 1000
AT_ONCE: Final = 8
WITHIN: Final = 900.0
DOCUMENT: Final = CHECKOUT / "docs" / "reconciliation-bench.md"
BUNDLED: Final = "The clean set is the bundled accounts, none of which had a change."
AFTER_THE_BATCH: Final = (
    "The bundled batch of 300 changes ran before, so the clean set holds changes that came to "
    "every end."
)
_FLIPPED: Final = Product.TECH_SUPPORT

Pair = tuple[str, str]
"""What the CRM says is held and what billing charges for, as they are compared."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One run, as the API tells it, and how long it took from asking to its end."""

    seconds: float
    run: dict[str, Any]
    found: Mapping[str, Pair]
    """Unexplained differences: of services held by account; others by `account/field`."""
    explained: int


async def measure(stack: LiveStack, options: Options) -> Report:
    """A clean run, a thousand differences, a run that has to find them and nothing else."""
    await asyncio.to_thread(play_batch, stack)
    return await find_seeded(stack, options, AFTER_THE_BATCH)


async def find_seeded(stack: LiveStack, options: Options, clean_set: str = BUNDLED) -> Report:
    """The same on a stack as it stands; `clean_set` says what that is."""
    headers = {"Authorization": f"Bearer {stack.credentials['operator']}"}
    async with AsyncClient(
        base_url=stack.api_url, headers=headers, trust_env=False, timeout=30
    ) as api:
        clean = await run_now(api)
        expected = await seed(stack, options.changes or SEEDED, clean.found)
        seeded = await run_now(api)
        one = await run_now(api, next(iter(expected)))
    fresh = {key: pair for key, pair in seeded.found.items() if key not in clean.found}
    right = sum(expected.get(key) == pair for key, pair in fresh.items())
    wrong = len(fresh) - right
    report = Report(
        name="reconcile",
        title=f"{len(expected):,} differences among {clean.run['counts']['accounts']:,} accounts",
        rows=[
            _row("clean", clean),
            _row("seeded", seeded),
            _row("one account", one),
        ],
        ratios={
            "found of seeded": right / len(expected),
            "false alarms": float(wrong + len(clean.found)),
        },
        notes=[
            *(
                f"{each['system']}: {each['items']:,} things in {each['pages']} pages and "
                f"{each['calls']} calls, {each['seconds']:.1f} s, "
                f"{100 * (each['share_used'] or 0):.1f} % of its rate of {each['vendor_rate']:g}/s"
                for each in seeded.run["systems"]
                if each["vendor_rate"]
            ),
            (
                f"The clean set: {len(clean.found)} unexplained differences, and "
                f"{clean.explained} explained by a change under way or just applied."
            ),
        ],
        passed=right == len(expected) and not wrong and not clean.found,
    )
    if options.report:
        DOCUMENT.write_text(_document(report, clean_set), encoding="utf-8")
    return report


def _row(name: str, ran: Ran) -> dict[str, Any]:
    return {
        "run": name,
        "seconds": ran.seconds,
        "accounts": ran.run["counts"]["accounts"],
        "values compared": ran.run["counts"]["values"],
        "calls": sum(each["calls"] for each in ran.run["systems"]),
        "new": ran.run["counts"]["new"],
        "most of a rate": max(each["share_used"] or 0.0 for each in ran.run["systems"]),
    }


async def run_now(api: AsyncClient, account_id: str | None = None) -> Ran:
    """One run, or one account, asked for by whoever `api` speaks as; once it has ended."""
    begun = time.perf_counter()
    run = await compare(api, within=WITHIN, account_id=account_id)
    seconds = time.perf_counter() - begun
    found: dict[str, Pair] = {}
    explained = 0
    async for each in differences(api, run["id"]):
        if each["explanation"] is not None:
            explained += 1
        elif each["closed_at"] is None:
            vendors = each["other"]["system"] == "billing" and each["field"] == "services_held"
            key = each["account_id"] + ("" if vendors else f"/{each['field']}")
            found[key] = (each["owner"]["value"], each["other"]["value"])
    return Ran(seconds, run, found, explained)


async def seed(stack: LiveStack, wanted: int, already: Mapping[str, Pair]) -> dict[str, Pair]:
    """Half of them sold at the CRM, half charged at billing; what each is to be found as."""
    touched = await _touched(stack)
    free = [
        account
        for account in bundled_accounts()
        if account.lifecycle == "open"
        and {Product(name) for name in account.products} & INTERNET
        and account.account_id not in touched
        and account.account_id not in already
    ][:wanted]
    async with AsyncExitStack() as open_:
        settings = stack.settings
        crm = await open_.enter_async_context(
            CrmClient(
                settings.crm_base_url,
                client_id=settings.crm_client_id,
                client_secret=settings.crm_client_secret.get_secret_value(),
            )
        )
        billing = await open_.enter_async_context(
            BillingClient(
                settings.billing_base_url,
                api_key=settings.billing_api_key.get_secret_value(),
            )
        )
        turn = asyncio.Semaphore(AT_ONCE)

        async def drift(number: int, account: Account) -> tuple[str, Pair]:
            held = frozenset(Product(name) for name in account.products)
            other = held ^ {_FLIPPED}
            async with turn:
                if number % 2:
                    await _sell(crm, account.account_id, other, held)
                    return account.account_id, (products_value(other), products_value(held))
                await _charge(billing, account.account_id, other, held)
                return account.account_id, (products_value(held), products_value(other))

        made = await asyncio.gather(*(drift(*each) for each in enumerate(free)))
    return dict(made)


async def _touched(stack: LiveStack) -> set[str]:
    """Accounts the batch had changes for; what stands there is another story."""
    headers = {"Authorization": f"Bearer {stack.credentials['support']}"}
    found: set[str] = set()
    async with AsyncClient(base_url=stack.api_url, headers=headers, trust_env=False) as api:
        cursor: str | None = None
        while True:
            query = {"limit": "200", **({"cursor": cursor} if cursor else {})}
            page = (await api.get("/v1/service-changes", params=query)).raise_for_status().json()
            found |= {each["account_id"] for each in page["items"]}
            cursor = page["next_cursor"]
            if cursor is None:
                return found


async def _sell(
    crm: CrmClient, account_id: str, after: frozenset[Product], before: frozenset[Product]
) -> None:
    await crm.apply_service_update(
        _others(),
        ServiceUpdate(account_id, "shop", "Sold in a shop", after - before, before - after),
    )


async def _charge(
    billing: BillingClient, account_id: str, after: frozenset[Product], before: frozenset[Product]
) -> None:
    lines = tuple(
        PriceLine(product, quantity, PRICE_MINOR[product])
        for quantity, products in ((1, after - before), (-1, before - after))
        for product in products
    )
    await billing.post_change(_others(), BillingPosting(account_id, "desk", 0, lines))


def _others() -> VendorCall:
    """A call of somebody else's."""
    return VendorCall("somebody-else", idempotency_key=f"others-{uuid4().hex}")


def _document(report: Report, clean_set: str) -> str:
    columns = list(report.rows[0])
    lines = [
        "# Reconciliation, as measured",
        "",
        (
            f"`./throughline bench reconcile --report`, {datetime.now(UTC):%Y-%m-%d}. "
            f"{report.title}: half of them sold at the CRM and half charged at billing by somebody "
            f"else than we. {clean_set}"
        ),
        "",
        "| " + " | ".join(columns) + " |",
        "|" + "---|" * len(columns),
        *(
            "| "
            + " | ".join(f"{v:.2f}" if isinstance(v, float) else str(v) for v in row.values())
            + " |"
            for row in report.rows
        ),
        "",
        *(f"- {name}: {ratio:g}" for name, ratio in report.ratios.items()),
        *(f"- {note}" for note in report.notes),
        "",
        (
            "Seconds are those of two cores shared with the whole stack and whatever else runs "
            "there. On an idle machine the pace, a share of each vendor's rate, sets how long a "
            "run takes: fifteen pages at a quarter of ten requests a second are six seconds."
        ),
        "",
    ]
    return "\n".join(lines)
