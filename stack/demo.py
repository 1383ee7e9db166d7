"""`./throughline demo`: plays the bundled batch on the running stack and prints what came of it."""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Final

from rich.console import Console
from rich.live import Live

from domain.identifiers import VENDORS
from domain.service_change import ChangeStatus
from http_client import CALLER_TIMEOUT, AsyncClient
from settings import Settings
from stack.api_caller import ApiCaller
from stack.batch import report
from stack.batch.billing import BillingSandbox
from stack.batch.earlier_runs import cancel_left_open, reset_vendors
from stack.batch.ledgers import EFFECT_OF, object_to, read_ledgers
from stack.batch.play import Batch, Cast
from stack.batch.prices import Comparison, compare
from stack.batch.rows import BatchRow, read_batch
from stack.batch.verdict import Played
from stack.errors import StackError
from stack.paths import StatePaths
from stack.secret_files import is_sandbox, variable
from stack.submit import signed_in

PATIENCE_SECONDS: Final = 60.0
"""So long may a program of the stack be restarting before the demo gives up."""
LINE_EVERY_SECONDS: Final = 5.0


def run_demo(settings: Settings, console: Console, rows: Sequence[BatchRow] | None = None) -> bool:
    """Play the batch, print progress and results; True if every row ended as the file expects.

    `rows` are those of the bundled file unless others are given.

    Repeating it is fine: what an earlier run left open is cancelled first, and the sandbox vendors
    are put back to the bundled data, so that the same accounts can be changed again.

    Raises:
        StackError: the stack cannot be reached, or a vendor is not the sandbox.
    """
    for vendor in VENDORS:
        if not is_sandbox(settings, vendor):
            raise StackError(
                f"{variable(f'{vendor}_base_url')} is not the sandbox; the demo would change real "
                "accounts. Unset it, or use `./throughline submit`."
            )
    return asyncio.run(_run_demo(settings, console, read_batch() if rows is None else rows))


async def _run_demo(settings: Settings, console: Console, rows: Sequence[BatchRow]) -> bool:
    async with _cast(settings) as cast:
        await _clear_earlier_runs(cast, settings, console)
        now = datetime.now(UTC)
        run_id = f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"
        console.print(f"Demo run {run_id}: {len(rows)} service changes of the bundled accounts.")
        with _progress(console) as show:
            batch = Batch(rows, cast, run_id=run_id, now=now, told=lambda: show(batch.played))
            await batch.submit()
            await batch.play()
            await batch.look_again()
        object_to(batch.played, await read_ledgers(settings, patience=PATIENCE_SECONDS))
        comparisons = await _compare_prices(cast.billing, batch.played)
    _print_results(batch.played, comparisons, settings, console)
    return not any(each.deviations() for each in batch.played)


@asynccontextmanager
async def _cast(settings: Settings) -> AsyncIterator[Cast]:
    """Everybody who plays, signed in."""
    async with AsyncExitStack() as open_clients:

        async def caller(name: str) -> ApiCaller:
            signed = signed_in(settings, name, patience=PATIENCE_SECONDS)
            return await open_clients.enter_async_context(signed)

        http = AsyncClient(
            base_url=settings.billing_base_url, timeout=CALLER_TIMEOUT, trust_env=False
        )
        key = settings.billing_api_key.get_secret_value()
        await open_clients.enter_async_context(http)
        yield Cast(
            portal=await caller("portal"),
            partner=await caller("partner"),
            operator=await caller("operator"),
            second_operator=await caller("second_operator"),
            support=await caller("support"),
            billing=BillingSandbox(http, key, patience=PATIENCE_SECONDS),
        )


async def _clear_earlier_runs(cast: Cast, settings: Settings, console: Console) -> None:
    if not sum((await cast.support.counts()).values()):
        return
    cancelled = await cancel_left_open(cast.operator)
    await reset_vendors(settings, patience=PATIENCE_SECONDS)
    console.print(
        "This stack was used before. The sandbox vendors are put back to the bundled accounts, so "
        f"that the batch can change them again; {cancelled} changes that earlier demo runs left "
        "open were cancelled. Everything stays on record here."
    )


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[Sequence[Played]], None]]:
    """Gives what shows the progress: redrawn in place on a terminal, else a line now and then."""
    if console.is_terminal:
        with Live(console=console, refresh_per_second=4) as live:
            yield lambda played: live.update(report.progress(played))
        return
    told_at = time.monotonic()

    def tell(played: Sequence[Played]) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= LINE_EVERY_SECONDS:
            told_at = time.monotonic()
            console.print(report.progress_line(played), soft_wrap=True, highlight=False)

    yield tell


async def _compare_prices(billing: BillingSandbox, played: Sequence[Played]) -> list[Comparison]:
    active = [each.row for each in played if each.status is ChangeStatus.ACTIVE]
    return [compare(row, await billing.monthly_minor(row.account_id)) for row in active]


def _print_results(
    played: Sequence[Played],
    comparisons: Sequence[Comparison],
    settings: Settings,
    console: Console,
) -> None:
    console_url = settings.console_base_url
    console.print(report.groups_table(played))
    wrong = [each for each in played if each.deviations()]
    for each in wrong:
        text = report.deviation_text(each, console_url)
        console.print(f"[red]✗[/] {text}", soft_wrap=True, highlight=False)
    console.print(report.prices_table(comparisons))
    end = f"[red]{len(wrong)} not as expected[/]" if wrong else "[green]all as expected[/]"
    active = sum(each.status is ChangeStatus.ACTIVE for each in played)
    console.print(
        f"{len(played)} service changes, {end}. The vendors' own ledgers were asked for the "
        f"{active} active ones ({', '.join(EFFECT_OF.values()).replace('_', ' ')}: each once) and "
        "for the others (never).",
        soft_wrap=True,
    )
    left = Counter(each.status for each in played)
    console.print(
        f"{left[ChangeStatus.AWAITING_APPROVAL]} wait for your approval at {console_url}/approvals"
        f" (sign in with the operator's key of {StatePaths(settings.state_dir).credentials}); "
        f"{left[ChangeStatus.INCOMPLETE]} wait for a customer at "
        f"{console_url}/find?status=incomplete.",
        soft_wrap=True,
        highlight=False,
    )
