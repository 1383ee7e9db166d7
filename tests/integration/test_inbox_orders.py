"""In whatever order the webhooks of a change come, and however often: one end."""

import itertools
import json
import random

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from tests.support.webhook_orders import COUNT, deliver, end_state, subject

SAMPLE = 60
SEED = 20261124


async def test_a_sample_of_orders_of_seven_webhooks_each_twice_comes_to_one_end(
    sessions: async_sessionmaker[AsyncSession],
) -> None:
    orders = list(itertools.permutations(range(COUNT)))
    sample = [orders[0], orders[-1], *random.Random(SEED).sample(orders, SAMPLE)]
    ends: dict[str, list[tuple[int, ...]]] = {}
    for number, order in enumerate(sample):
        this = await subject(sessions, number)
        await deliver(sessions, this, order)
        ends.setdefault(await end_state(sessions, this), []).append(order)

    (end,) = ends
    state = json.loads(end)
    assert state["ticket"][0] == "closed"
    assert state["version"][0] == 5
    assert state["unprocessed"] == 0
    assert state["duplicates"] == [1] * COUNT
    assert state["told"]["ticketing #"] == 5
