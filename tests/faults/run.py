"""One run: load and faults, then quiet, then the desk, then the judge."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from stack.children import database_url
from tests.faults.board import MOVING, Board, watched
from tests.faults.catalogue import VENDORS
from tests.faults.desk import Desk
from tests.faults.evidence import AuditEntry, Evidence
from tests.faults.gather import gather
from tests.faults.injector import Injector
from tests.faults.invariants import check
from tests.faults.people import People, people
from tests.faults.plays import perform
from tests.faults.report import FaultReport, Recovery, RunReport
from tests.faults.schedule import Schedule
from tests.faults.vendor_faults import VendorFaults
from tests.faults.wishes import Candidate
from tests.support.live import LiveStack


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds each part of a run may take beyond the load."""

    reach: float = 150.0
    """Faults stay set so long after the load, for calls still to come."""
    quiet: float = 150.0
    desk: float = 240.0
    plays: float = 60.0


USUAL: Final = Patience()


async def run(
    stack: LiveStack,
    schedule: Schedule,
    accounts: Iterator[Candidate],
    *,
    title: str,
    patience: Patience = USUAL,
) -> RunReport:
    """Carry the schedule out on a live stack and judge it. Nothing else may use the stack."""
    begun = datetime.now(UTC)
    vendors = VendorFaults(stack)
    try:
        await vendors.skip_earlier_calls()
        async with (
            people(stack) as callers,
            watched(database_url(stack.settings), callers) as board,
        ):
            injector = Injector(stack, callers, vendors)
            plays = _load(schedule, callers, board, accounts, begun)
            clock = asyncio.get_running_loop().time()
            await injector.carry_out(schedule)
            await _until_reached(injector, schedule, plays, patience, clock)
            await injector.end()
            ended_at = datetime.now(UTC)
            await _until_quiet(board, patience.quiet)
            quiet_at = datetime.now(UTC)
            desk = Desk(callers, board)
            await desk.clear(patience.desk)
            await _finish(plays, callers, patience.plays)
            await desk.clear(patience.desk)
            await vendors.poll()
            evidence = await gather(stack, callers, board, injector)
    finally:
        await vendors.close()
    log = callers.log
    return RunReport(
        title=title,
        seed=schedule.seed,
        begun=begun,
        faults_ended=ended_at,
        quiet=quiet_at,
        ended=datetime.now(UTC),
        accepted=len(log.accepted),
        wanted=len(schedule.submissions),
        ends=dict(Counter(change.status for change in evidence.changes.values())),
        plays=dict(Counter(str(each.play) for each in schedule.submissions)),
        faults=[
            FaultReport(planned.at, planned.fault.title, injector.hits(planned.fault))
            for planned in schedule.faults
        ],
        letters=list(desk.letters.values()),
        recoveries=recoveries(evidence, log.answered_at),
        statuses=dict(log.statuses),
        unasked=list(log.unasked),
        remarks=list(log.remarks),
        samples=len(evidence.samples),
        call_log={vendor: vendors.calls(vendor) for vendor in VENDORS},
        violations=check(evidence),
    )


def _load(
    schedule: Schedule,
    callers: People,
    board: Board,
    accounts: Iterator[Candidate],
    now: datetime,
) -> list["asyncio.Task[None]"]:
    async def later(number: int) -> None:
        submission = schedule.submissions[number]
        wish = wishes[number].wish(submission.wish, now)
        await asyncio.sleep(submission.at)
        await perform(callers, board, submission, wish, number)

    wishes = [next(accounts) for _ in schedule.submissions]
    return [asyncio.create_task(later(number)) for number in range(len(wishes))]


async def _until_reached(
    injector: Injector,
    schedule: Schedule,
    plays: Sequence["asyncio.Task[None]"],
    patience: Patience,
    begun: float,
) -> None:
    """Wait until the load is over and every fault has struck, for the latter only a while."""
    loop = asyncio.get_running_loop()
    until = loop.time() + patience.reach
    while loop.time() < until or not _submitted(schedule, injector):
        await injector.vendors.poll()
        reached = all(injector.hits(planned.fault) for planned in schedule.faults)
        if all(play.done() for play in plays) or (reached and _submitted(schedule, injector)):
            break
        await asyncio.sleep(0.3)
    await asyncio.sleep(max(0.0, begun + schedule.seconds - loop.time()))


def _submitted(schedule: Schedule, injector: Injector) -> bool:
    log = injector.people.log
    refused = sum(remark.startswith("submission") for remark in log.remarks)
    return len(log.accepted) + refused + len(log.unanswered) >= len(schedule.submissions)


async def _until_quiet(board: Board, within: float) -> None:
    """Wait until nothing moves by itself any more, or the time is over."""
    loop = asyncio.get_running_loop()
    until = loop.time() + within
    while loop.time() < until:
        if not board.in_statuses(MOVING):
            return
        await asyncio.sleep(0.3)


async def _finish(plays: Sequence["asyncio.Task[None]"], callers: People, within: float) -> None:
    """Let people end what they are about; who is left waiting is noted."""
    _, waiting = await asyncio.wait(plays, timeout=within)
    for play in waiting:
        play.cancel()
        with suppress(asyncio.CancelledError):
            await play
        callers.log.remarks.append("somebody was left waiting for a change")
    for play in plays:
        if not play.cancelled() and (error := play.exception()) is not None:
            callers.log.remarks.append(f"a play broke off: {error!r}")


def recoveries(evidence: Evidence, answered_at: Sequence[datetime]) -> list[Recovery]:
    """For each kill, how long until what was killed was seen at work again."""
    moves = [e for e in evidence.audit if e.to_status is not None and e.action != "submit"]
    moves.sort(key=lambda entry: entry.at)
    found: list[Recovery] = []
    for kill in evidence.kills:
        progress: Iterable[datetime]
        if kill.component == "api":
            progress = answered_at
        elif kill.component in VENDORS:
            progress = sorted(
                each.at
                for each in evidence.attempts
                if each.system == kill.component and each.outcome == "ok"
            )
        elif kill.component == "temporal":
            progress = _moved_again(moves, kill.at)
        else:
            progress = (entry.at for entry in moves)
        following = next((at for at in progress if at > kill.at), None)
        seconds = (following - kill.at).total_seconds() if following else None
        found.append(Recovery(kill.component, kill.at, seconds))
    return found


def _moved_again(moves: Sequence[AuditEntry], after: datetime) -> Iterator[datetime]:
    """Second moves of a change: the first may have been under way without the engine."""
    moved: set[str | None] = set()
    for entry in moves:
        if entry.at > after:
            if entry.change_id in moved:
                yield entry.at
            moved.add(entry.change_id)
