"""All orders of seven webhooks of one change, each twice: how many ends, and how long it takes.

Every order has an account and a change of its own in one PostgreSQL, and goes one arrival at a
time through the door's statement and the relay's processor.
"""

import itertools
import time
from collections import Counter
from statistics import quantiles

from adapters.postgres.engine import create_engine, sessions
from benchmarks.report import Report
from tests.support.webhook_orders import COUNT, deliver, end_state, subject


async def measure(database_url: str) -> Report:
    """Distinct ends over all orders (one is right), and milliseconds per order."""
    engine = create_engine(database_url, pool_size=2, application="throughline-bench")
    opened = sessions(engine)
    ends: Counter[str] = Counter()
    seconds: list[float] = []
    begun = time.perf_counter()
    for number, order in enumerate(itertools.permutations(range(COUNT))):
        started = time.perf_counter()
        this = await subject(opened, number)
        await deliver(opened, this, order)
        seconds.append(time.perf_counter() - started)
        ends[await end_state(opened, this)] += 1
    took = time.perf_counter() - begun
    await engine.dispose()
    hundredths = quantiles(seconds, n=100)
    orders = len(seconds)
    return Report(
        name="webhooks",
        title=f"All orders of {COUNT} webhooks of one change, each twice",
        rows=[
            {
                "orders": orders,
                "arrivals": orders * COUNT * 2,
                "distinct ends": len(ends),
                "seconds": took,
                "p50 per order, ms": hundredths[49] * 1000,
                "p99 per order, ms": hundredths[98] * 1000,
            }
        ],
        ratios={"ends to one": float(len(ends))},
        notes=[f"{count} orders: {end}" for end, count in ends.most_common(5)],
    )
