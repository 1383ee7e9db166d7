"""One row under way: what was seen of its change, and whether that is what was expected. No I/O."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from domain.contracts import CheckView, ServiceChangeView
from domain.service_change import FINAL, ChangeStatus, CheckOutcome
from stack.batch.rows import BatchRow, Move

RESTING: Final = frozenset(
    {ChangeStatus.INCOMPLETE, ChangeStatus.AWAITING_APPROVAL, ChangeStatus.NEEDS_ATTENTION}
)
"""Where a change stays until somebody moves."""


@dataclass(slots=True)
class Played:
    """A row and its change. `status` is None until the API has taken it."""

    row: BatchRow
    change_id: str = ""
    submitted_at: datetime | None = None
    status: ChangeStatus | None = None
    plan_hashes: dict[str, str] = field(default_factory=dict)
    """What an approval names: the plan and the document it was read with."""
    codes: frozenset[str] | None = None
    """What stood in the way when the change first came to rest or ended; None before that."""
    parties: frozenset[str] = frozenset()
    words: str = ""
    """Why it stands as it does, for a person."""
    objections: list[str] = field(default_factory=list)
    """What the API did otherwise than expected on the way."""
    moves: list[Move] = field(default_factory=list)
    """Those still to be made."""
    moved: bool = False
    """Whether a move was made in the present status, which it may still be about to leave."""

    def __post_init__(self) -> None:
        self.moves = list(self.row.moves)

    def look(self, change: ServiceChangeView) -> None:
        """Take note of the change as it is now."""
        self.change_id, self.submitted_at = change.id, change.submitted_at
        self._stands(change.status)
        self.words = _words(change)
        if change.plan is not None:
            hashes = {
                "plan_sha256": change.plan.sha256,
                "document_sha256": change.plan.document_sha256,
            }
            self.plan_hashes = {name: value for name, value in hashes.items() if value}
        if self.codes is None and change.status in RESTING | FINAL:
            self.codes = frozenset(check.code for check in _against(change))
            self.parties = frozenset(item.party for item in change.waiting_on)

    def calls_for(self, standing: ChangeStatus | None) -> bool:
        """Whether somebody has to look after it, given the status it is listed with."""
        if standing in RESTING | FINAL:
            return standing is not self.status or bool(self.due())
        if standing is not None:
            self._stands(standing)
        return False

    def due(self) -> list[Move]:
        """The moves to make in the present status, in order."""
        return [move for move in self.moves if move.when is self.status]

    def made(self, move: Move) -> None:
        """A move has been made, or was refused for good."""
        self.moves.remove(move)
        self.moved = True

    @property
    def settled(self) -> bool:
        """Whether nothing more will happen: it has ended, or it rests and no move is left.

        A row that rests elsewhere than where its next move is due is not settled: it may yet get
        there, as when a payment's webhook comes a moment after a new document.
        """
        if self.status in FINAL:
            return True
        return self.status in RESTING and not self.moves and not self.moved

    def _stands(self, status: ChangeStatus) -> None:
        self.moved = self.moved and status is self.status
        self.status = status

    def deviations(self) -> list[str]:
        """How it differs from what the batch file expects, as sentences; none if it does not."""
        expected = self.row.expected
        found = list(self.objections)
        if self.status is not expected.status:
            found.append(f"is {self.status or 'not accepted'}, not {expected.status}")
        codes = self.codes or frozenset()
        if codes != set(expected.codes):
            found.append(f"was held up by {_listed(codes)}, not by {_listed(expected.codes)}")
        if self.parties != set(expected.parties):
            found.append(f"waited for {_listed(self.parties)}, not for {_listed(expected.parties)}")
        return found


def _listed(names: frozenset[str] | tuple[str, ...]) -> str:
    return ", ".join(sorted(names)) or "nothing"


def _against(change: ServiceChangeView) -> list[CheckView]:
    return [check for check in change.checks if check.outcome is not CheckOutcome.PASSED]


def _words(change: ServiceChangeView) -> str:
    if change.failure is not None:
        failure = change.failure
        return f"{failure.system}, {failure.step}: {failure.words or failure.reason}"
    return " ".join(check.detail for check in _against(change)) or change.next_action or ""
