"""What people do with one change, from submission to its end. Waits on the board, acts by the API.

What a play does stands in PLAYS; everything else a change may need, such as a document that is
asked for or an approval after a revision, is the same for all of them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from domain.service_change import FINAL, ChangeStatus
from http_client import Response
from tests.faults.board import Board, Row
from tests.faults.evidence import Contest
from tests.faults.people import People, UnansweredError
from tests.faults.schedule import Play, Submission
from tests.faults.wishes import Wish

PAPER: Final = "Signed by the customer"
_CONFLICT: Final = 409


@dataclass(slots=True)
class Story:
    """One change and those who deal with it."""

    people: People
    board: Board
    change_id: str
    play: Play
    number: int

    async def approve(self, who: str = "operator", key: str | None = None) -> Response:
        """Approve what stands on record now."""
        return await self.people.act(who, self.change_id, "approve", key=key)

    async def applying(self) -> None:
        """Wait until it is being applied, or past it."""
        await self.board.reaches(
            self.change_id, {ChangeStatus.APPLYING, ChangeStatus.NEEDS_ATTENTION}
        )

    async def revise(self, who: str = "portal") -> dict[str, Any]:
        """Hand in another version."""
        answer = await self.people.upload(who, self.change_id, f"{PAPER}, revised")
        told: dict[str, Any] = answer.json() if answer.is_success else {}
        return told


async def _approve(story: Story) -> None:
    await story.approve()


async def _reject(story: Story) -> None:
    await story.people.act("operator", story.change_id, "reject")


async def _cancel_early(story: Story) -> None:
    await story.people.act("portal", story.change_id, "cancel")


async def _cancel_late(story: Story) -> None:
    await story.approve()
    await story.applying()
    answer = await story.people.act("second_operator", story.change_id, "cancel")
    if answer.is_success:
        await give_second_opinions(story.people, story.change_id)


async def _revise_before(story: Story) -> None:
    await story.revise()
    await story.approve()  # of a plan that is about to be void: taken, or refused as stale


async def _revise_during(story: Story) -> None:
    await story.approve()
    await story.applying()
    await story.revise()


async def _double_click(story: Story) -> None:
    key = f"{story.people.run}-double-{story.number}"
    answers = await asyncio.gather(story.approve(key=key), story.approve(key=key))
    if {answer.status_code for answer in answers} not in ({200}, {_CONFLICT}):
        told = [answer.status_code for answer in answers]
        story.people.log.remarks.append(f"double click on {story.change_id}: {told}")


async def _two_operators(story: Story) -> None:
    answers = await asyncio.gather(story.approve("operator"), story.approve("second_operator"))
    statuses = tuple(answer.status_code for answer in answers)
    if set(statuses) != {_CONFLICT}:  # it had left the approval before either came
        story.people.log.contests.append(Contest(story.change_id, statuses))


async def _stale_approval(story: Story) -> None:
    seen = await story.people.read(story.change_id)
    if seen["plan"] is None or not (await story.revise()):
        return
    await story.people.forbidden(
        "operator",
        story.change_id,
        "approve",
        "stale approval",
        {
            "plan_sha256": seen["plan"]["sha256"],
            "document_sha256": seen["plan"]["document_sha256"],
        },
    )


async def _self_approval(story: Story) -> None:
    await story.people.forbidden("operator", story.change_id, "approve", "self-approval")
    await story.approve("second_operator")


async def _wrong_role(story: Story) -> None:
    await story.people.forbidden("support", story.change_id, "approve", "wrong role")
    await story.approve()


async def _wrong_status(story: Story) -> None:
    await story.people.act("operator", story.change_id, "reject")
    row = await story.board.reaches(story.change_id, ())
    if row.status in FINAL:
        await story.people.forbidden("operator", story.change_id, "approve", "wrong status")


PLAYS: Final[Mapping[Play, Callable[[Story], Awaitable[None]]]] = {
    Play.APPROVE: _approve,
    Play.REJECT: _reject,
    Play.CANCEL_EARLY: _cancel_early,
    Play.CANCEL_LATE: _cancel_late,
    Play.LATE_DOCUMENT: _approve,
    Play.REVISE_BEFORE: _revise_before,
    Play.REVISE_DURING: _revise_during,
    Play.REVISE_AFTER: _approve,
    Play.DOUBLE_CLICK: _double_click,
    Play.TWO_OPERATORS: _two_operators,
    Play.STALE_APPROVAL: _stale_approval,
    Play.SELF_APPROVAL: _self_approval,
    Play.WRONG_ROLE: _wrong_role,
    Play.WRONG_STATUS: _wrong_status,
}
"""What is done when the change first waits for an approval."""


async def perform(people: People, board: Board, submission: Submission, wish: Wish, n: int) -> None:
    """Submit the change and see it to its end."""
    submitter = "operator" if submission.play is Play.SELF_APPROVAL else "portal"
    text = None if submission.play is Play.LATE_DOCUMENT else PAPER
    change_id = await people.submit(submitter, wish, text, n)
    if change_id is None:
        return
    story = Story(people, board, change_id, submission.play, n)
    played = False
    row: Row | None = None
    while (row := await board.rests(change_id, after=row)).status not in FINAL:
        try:
            if row.status is ChangeStatus.AWAITING_APPROVAL:
                act, played = _again if played else PLAYS[submission.play], True
                await act(story)
            elif row.status is ChangeStatus.INCOMPLETE:
                await _complete(story, submitter)
        except UnansweredError:
            row = None  # look again, and try again
    if submission.play is Play.REVISE_AFTER and row.status is ChangeStatus.ACTIVE:
        await _revise_after(story)


async def _again(story: Story) -> None:
    """Approve once more, by somebody who did not submit it."""
    await story.approve("second_operator")


async def _complete(story: Story, submitter: str) -> None:
    """Bring what is asked for; what only time or a vendor can bring is looked at again."""
    if story.play is Play.LATE_DOCUMENT:
        await story.people.upload(submitter, story.change_id, PAPER)
    else:
        await story.people.act("support", story.change_id, "retry")


async def _revise_after(story: Story) -> None:
    """A version that comes when all is done moves nothing until somebody says so."""
    told = await story.revise()
    if told.get("state") == "pending_review":
        await story.people.act("operator", story.change_id, "discard_revision")


async def give_second_opinions(people: People, change_id: str) -> int:
    """Confirm, as another person, every decision that waits for one; how many there were."""
    change = await people.read(change_id)
    pending = change.get("pending_decisions") or []
    for decision in pending:
        operator = (await people.get("/v1/me", "operator")).json()["principal"]
        other = "second_operator" if decision["proposed_by"] == operator else "operator"
        await people.post(
            other,
            f"/v1/service-changes/{change_id}/second-approvals/{decision['id']}",
            {"verdict": "confirm", "reason": "Seen.", "seen_sha256": decision["sha256"]},
        )
    return len(pending)
