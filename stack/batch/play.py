"""Plays the batch through the API: hands every row in, then does what its rows say, to the end."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final

from domain.service_change import Action, ChangeStatus
from stack.api_caller import ApiCaller, ApiRefusedError, Upload
from stack.batch.billing import BillingSandbox
from stack.batch.documents import MEDIA_TYPE, document
from stack.batch.rows import Act, BatchRow, Move, Submitter
from stack.batch.verdict import Played

AT_ONCE: Final = 8
"""Requests under way at the same time; the API's database pool is ten."""
ATTENDED_PER_LOOK: Final = 32
"""So many changes at most are dealt with before the whole batch is looked at again."""
LOOK_EVERY_SECONDS: Final = 1.0
STALL_SECONDS: Final = 90.0
"""Nothing has moved for so long: the batch is judged as it stands."""

NOTE_PREFIX: Final = "Demo batch"

Told = Callable[[], None]

_ACTION: Final[Mapping[Act, Action]] = {
    Act.APPROVE: Action.APPROVE,
    Act.REJECT: Action.REJECT,
    Act.CANCEL: Action.CANCEL,
}


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays: the API as each of its callers, and billing for the customers who pay there."""

    portal: ApiCaller
    partner: ApiCaller
    operator: ApiCaller
    second_operator: ApiCaller
    support: ApiCaller
    billing: BillingSandbox

    def submitter(self, row: BatchRow) -> ApiCaller:
        """Who hands the row in, brings its documents and cancels it."""
        return {
            Submitter.PORTAL: self.portal,
            Submitter.PARTNER: self.partner,
            Submitter.OPERATOR: self.operator,
        }[row.submitted_by]

    def decider(self, row: BatchRow) -> ApiCaller:
        """The operator who decides: nobody approves what they submitted."""
        return self.second_operator if row.submitted_by is Submitter.OPERATOR else self.operator


class Batch:
    """One run. `run_id` makes its idempotency keys its own; `now` fixes the dates asked for.

    `told` is called whenever something may have changed. All methods raise StackError when the
    API or billing cannot be reached.
    """

    def __init__(
        self, rows: Sequence[BatchRow], cast: Cast, *, run_id: str, now: datetime, told: Told
    ) -> None:
        self.played = [Played(row) for row in rows]
        self._cast = cast
        self._run_id = run_id
        self._now = now
        self._told = told

    async def submit(self) -> None:
        """Hand in every row; repeated requests last, when what they repeat is on record."""
        for repeats in (False, True):
            await self._for_each(
                self._submit, [row for row in self.played if bool(row.row.same_as) is repeats]
            )

    async def play(self) -> None:
        """Make every move of every row, until all have settled or nothing moves any more."""
        loop = asyncio.get_running_loop()
        before, moved_at = "", loop.time()
        accepted = [each for each in self.played if each.change_id]
        while not all(each.settled for each in accepted):
            standing = await self._standing(accepted)
            restless = [each for each in accepted if each.calls_for(standing.get(each.change_id))]
            await self._for_each(self._attend, restless[:ATTENDED_PER_LOOK])
            if (after := repr([(each.status, each.moves) for each in accepted])) != before:
                before, moved_at = after, loop.time()
            elif loop.time() - moved_at > STALL_SECONDS:
                return
            else:
                await asyncio.sleep(LOOK_EVERY_SECONDS)
            self._told()

    async def look_again(self) -> None:
        """Read every change once more: how it stands in the end, not how it stood when played."""
        await self._for_each(self._look, [each for each in self.played if each.change_id])

    async def _for_each(
        self, work: Callable[[Played], Awaitable[None]], rows: Sequence[Played]
    ) -> None:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(each: Played) -> None:
            async with gate:
                await work(each)
            self._told()

        await asyncio.gather(*(one(each) for each in rows))

    async def _submit(self, each: Played) -> None:
        row = each.row
        api = self._cast.submitter(row)
        request = {
            "account_id": row.account_id,
            "kind": row.kind,
            "requested_date": row.requested_day.on(row.account_id, self._now).isoformat(),
            "details": row.details,
            "note": f"{NOTE_PREFIX} {self._run_id}, {row.ref}: {row.group}.",
        }
        document = None if row.document_late else _document(row)
        key = f"{self._run_id}-{row.ref}"
        try:
            first = await api.submit(request, idempotency_key=key, document=document)
            each.look(first.change)
            if row.sent_twice:
                again = await api.submit(request, idempotency_key=key, document=document)
                if not again.replayed or again.change.id != first.change.id:
                    each.objections.append("sent twice, it was not answered with the first answer")
        except ApiRefusedError as error:
            each.objections.append(str(error))

    async def _standing(self, accepted: Sequence[Played]) -> dict[str, ChangeStatus]:
        since = min(each.submitted_at for each in accepted if each.submitted_at)
        listed = await self._cast.support.changes(submitted_from=since)
        return {change.id: change.status for change in listed}

    async def _look(self, each: Played) -> None:
        each.look(await self._cast.support.change(each.change_id))

    async def _attend(self, each: Played) -> None:
        """See how the change stands, and make the moves due."""
        await self._look(each)
        for move in each.due():
            try:
                await self._make(move, each)
            except ApiRefusedError as error:
                if error.problem.status == HTTPStatus.CONFLICT:
                    return  # it has moved on meanwhile; the next look says where to
                each.objections.append(f"{move.do}: {error}")
            each.made(move)
        await self._look(each)

    async def _make(self, move: Move, each: Played) -> None:
        """Repeating it is harmless: each move of a row has a key of its own."""
        key = f"{self._run_id}-{each.row.ref}-{move.do}"
        if move.do is Act.PAY:
            await self._cast.billing.pay_what_is_overdue(each.row.account_id, key)
            return
        if move.do is Act.UPLOAD and (late := _document(each.row)):
            await self._cast.submitter(each.row).upload(each.change_id, late)
            return
        api = (self._cast.submitter if move.do is Act.CANCEL else self._cast.decider)(each.row)
        body = {"reason": move.reason} | (each.plan_hashes if move.do is Act.APPROVE else {})
        await api.act(each.change_id, _ACTION[move.do], idempotency_key=key, body=body)


def _document(row: BatchRow) -> Upload | None:
    if row.document is None:
        return None
    ref = row.same_as or row.ref
    content = document(row.document, f"Throughline demo, {ref}")
    return Upload(f"{ref}.{row.document}", content, MEDIA_TYPE[row.document])
