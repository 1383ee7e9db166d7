"""Makes room for another run: ends what earlier ones left open, puts the sandbox back."""

import asyncio
from http import HTTPStatus
from typing import Final

from domain.identifiers import VENDORS
from domain.service_change import OPEN, Action
from http_client import CALLER_TIMEOUT, AsyncClient
from settings import Settings
from stack.api_caller import ApiCaller, ApiRefusedError, send_patiently
from stack.batch.play import NOTE_PREFIX
from stack.errors import StackError

LOOK_EVERY_SECONDS: Final = 1.0
CLOSING_SECONDS: Final = 120.0


async def cancel_left_open(operator: ApiCaller) -> int:
    """Cancel every open change of an earlier run and wait for its end; gives their number.

    They are told from other changes by the note each row of the batch carries. Safe to repeat.

    Raises:
        StackError: some are still open after CLOSING_SECONDS.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + CLOSING_SECONDS
    of_batch: dict[str, bool] = {}
    while True:
        still_open = [change.id for change in await operator.changes(statuses=OPEN)]
        for change_id in set(still_open) - of_batch.keys():
            note = (await operator.change(change_id)).note
            of_batch[change_id] = note.startswith(NOTE_PREFIX)
        left = [change_id for change_id in still_open if of_batch[change_id]]
        if not left:
            return sum(of_batch.values())
        if loop.time() > until:
            raise StackError(
                f"{len(left)} changes of an earlier demo run do not end, such as {left[0]}; "
                "the console says what they wait for."
            )
        for change_id in left:
            await _cancel(operator, change_id)
        await asyncio.sleep(LOOK_EVERY_SECONDS)


async def _cancel(operator: ApiCaller, change_id: str) -> None:
    try:
        await operator.act(
            change_id,
            Action.CANCEL,
            idempotency_key=f"new-demo-run-{change_id}",
            body={"reason": "Left open by an earlier demo run; a new one begins."},
        )
    except ApiRefusedError as error:
        if error.problem.status != HTTPStatus.CONFLICT:
            raise
        # It is moving by itself, to its end or to a state in which it can be cancelled.


async def reset_vendors(settings: Settings, *, patience: float) -> None:
    """Put the sandbox vendors back to the bundled data. Safe to repeat."""
    async with AsyncClient(timeout=CALLER_TIMEOUT, trust_env=False) as http:
        for vendor in VENDORS:
            url = f"{getattr(settings, f'{vendor}_base_url')}/_control/reset"
            answer = await send_patiently(http, "POST", url, patience=patience)
            answer.raise_for_status()
