"""The dead-letter desk as an operator works it: through the API alone, until nothing is parked."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from domain.service_change import FINAL, ChangeStatus
from tests.faults.board import MOVING, Board
from tests.faults.people import People
from tests.faults.plays import give_second_opinions

PLANS: Final[Mapping[str, tuple[str, ...]]] = {
    "revision_pending": ("apply_revision", "discard_revision", "retry", "reject", "cancel"),
    "refused": ("retry", "reject", "cancel"),
}
"""Failure code -> what is tried, one after the other, until the change is no longer parked."""

USUALLY: Final = ("retry", "retry", "retry", "reject", "cancel")
REPLAYED: Final = 3
"""So many changes of one cause are replayed together instead of one by one."""

REPLAYS: Final = 2
"""What did not help twice is worked one by one."""

MOVES_WITHIN: Final = 90.0
"""Seconds in which a change leaves the desk after an action, or the next one is tried."""


@dataclass(slots=True)
class DeadLetter:
    """One parking of one change, and how it came to its end."""

    change_id: str
    cause: str
    actions: list[str] = field(default_factory=list)
    end: str = "parked"


@dataclass(slots=True)
class Desk:
    """Works what is parked, and keeps what was done about it."""

    people: People
    board: Board
    letters: dict[str, DeadLetter] = field(default_factory=dict)
    replays: list[str] = field(default_factory=list)

    async def clear(self, within: float) -> None:
        """Bring every parked change to an end; gives up after the seconds."""
        loop = asyncio.get_running_loop()
        until = loop.time() + within
        while loop.time() < until:
            parked = self.board.in_statuses({ChangeStatus.NEEDS_ATTENTION})
            if not parked and not self.board.in_statuses(MOVING):
                break
            await self._replay_together()
            await asyncio.gather(*map(self._work, parked))
            await asyncio.sleep(0.5)
        for letter in self.letters.values():
            letter.end = str(self.board.rows[letter.change_id].status)

    async def _work(self, change_id: str) -> None:
        """The next action on one parked change, and a while for it to move."""
        change = await self.people.read(change_id)
        if change["status"] != ChangeStatus.NEEDS_ATTENTION:
            return
        letter = self._letter(change)
        if change.get("pending_decisions"):
            letter.actions.append("second approval")
            await give_second_opinions(self.people, change_id)
            return
        code = (change["failure"] or {}).get("code", "")
        plan = PLANS.get(code, USUALLY)
        action = plan[min(len(letter.actions), len(plan) - 1)]
        before = self.board.rows[change_id]
        answer = await self.people.act("operator", change_id, action, reason="From the desk.")
        letter.actions.append(f"{action}: {answer.status_code}")
        if not answer.is_success:
            return
        if await give_second_opinions(self.people, change_id):
            letter.actions.append("second approval")
        try:
            async with asyncio.timeout(MOVES_WITHIN):
                await self.board.rests(change_id, after=before)
        except TimeoutError:
            letter.actions.append("did not move")

    async def _replay_together(self) -> None:
        """Where one cause parked several changes, replay that cause; one by one where we cannot."""
        answer = await self.people.get("/v1/dead-letters", query={"limit": "100"})
        if answer.status_code != HTTPStatus.OK:
            return
        for group in answer.json()["items"]:
            tried = self.replays.count(group["fingerprint"])
            if group["count"] < REPLAYED or group["code"] in PLANS or tried >= REPLAYS:
                continue
            self.replays.append(group["fingerprint"])
            body = {"fingerprint": group["fingerprint"], "reason": "The cause is gone."}
            before = {id_: self.board.rows.get(id_) for id_ in group["changes"]}
            told = await self.people.post(
                "operator", "/v1/dead-letters/replays", {**body, "dry_run": False}
            )
            for change_id, row in before.items():
                if row is None or row.status in FINAL:
                    continue
                letter = self._letter(await self.people.read(change_id), group["fingerprint"])
                letter.actions.append(f"replay: {told.status_code}")
            if told.is_success:
                await self._until_moved(group["changes"])

    async def _until_moved(self, ids: list[str]) -> None:
        """Give a replay its time: it begins with one, then ten, then the rest."""
        loop = asyncio.get_running_loop()
        until = loop.time() + MOVES_WITHIN
        while loop.time() < until:
            parked = set(self.board.in_statuses({ChangeStatus.NEEDS_ATTENTION}))
            if not parked & set(ids):
                return
            await asyncio.sleep(0.5)

    def _letter(self, change: Mapping[str, Any], cause: str | None = None) -> DeadLetter:
        failure = change["failure"] or {}
        words = (failure.get("system"), failure.get("step"), failure.get("code"))
        fallback = " ".join(str(word) for word in words)
        return self.letters.setdefault(
            change["id"], DeadLetter(change["id"], cause or failure.get("fingerprint") or fallback)
        )
