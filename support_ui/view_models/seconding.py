"""Decisions that wait for a second person, as that person has to see them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.contracts import PermissionView, ServiceChangeView
from domain.contracts_desk import SecondApprovalView
from domain.contracts_failures import PendingDecisionView
from domain.wording import upper_first
from support_ui.view_models import corrections, lists, text, words


@dataclass(frozen=True, slots=True)
class Pending:
    """A proposal with the API's word on whether this caller may answer it.

    `refusal` is None if they may.
    """

    decision: PendingDecisionView
    refusal: str | None


def pending(
    change: ServiceChangeView, queue: Iterable[SecondApprovalView], otherwise: str
) -> list[Pending]:
    """The change's proposals as they were read with the change, each with the queue's word.

    What the queue does not hold any more, or does not show this caller, cannot be answered;
    `otherwise` says why.
    """
    mine: Mapping[str, PermissionView] = {item.id: item.caller for item in queue}
    return [
        Pending(decision, _refusal(mine.get(decision.id), otherwise))
        for decision in change.pending_decisions
    ]


def _refusal(caller: PermissionView | None, otherwise: str) -> str | None:
    if caller is None:
        return otherwise
    return None if caller.allowed else caller.reason or "The API does not allow it."


def queue_row(waiting: SecondApprovalView, now: datetime) -> lists.Row:
    """One decision that waits for a second person."""
    return {
        "Account": waiting.change.account_id,
        "Proposed": upper_first(words.ACTION[waiting.action].does),
        "By": waiting.proposed_by,
        "Why": waiting.reason,
        "When": text.age(waiting.proposed_at, now),
        "Expires": text.age(waiting.expires_at, now),
        "You": "May decide" if waiting.caller.allowed else waiting.caller.reason or "May not",
    }


def of_queue(waiting: SecondApprovalView) -> Pending:
    """A proposal of the queue, which brings the API's word on whether this caller may answer it."""
    return Pending(waiting, _refusal(waiting.caller, ""))


def about(waiting: SecondApprovalView) -> str:
    """Which change a proposal is about, and how it stands; Markdown."""
    change = waiting.change
    return (
        f"**{text.plain(change.summary)}**, account {text.plain(change.account_id)}  ·  "
        f"{words.STATUS[change.status].badge}"
    )


def heading(decision: PendingDecisionView) -> str:
    """What was proposed, as Markdown."""
    return f"Waits for a second person: {words.ACTION[decision.action].does}"


def standing(decision: PendingDecisionView, now: datetime) -> str:
    """Who proposed it when, and until when it can be confirmed; Markdown."""
    gone = decision.expires_at <= now
    return (
        f"Proposed by **{text.plain(decision.proposed_by)}** "
        f"{text.age(decision.proposed_at, now)}  ·  "
        f"{'expired' if gone else 'expires'} {text.age(decision.expires_at, now)}"
    )


def evidence_rows(decision: PendingDecisionView) -> list[dict[str, str]]:
    """What skipping rests on."""
    return [
        {"Evidence": text.humanise(name), "Named": f"`{value}`"}
        for name, value in decision.evidence.items()
    ]


def difference_rows(decision: PendingDecisionView) -> list[dict[str, str]]:
    """What a correction would change."""
    return corrections.difference_rows(decision.differences)


def binding(decision: PendingDecisionView) -> str:
    """What exactly a confirmation names, as Markdown."""
    return (
        f"Confirming names what is shown here (`{text.short_hash(decision.sha256)}`). "
        "If the change has moved on meanwhile, it is refused and shown anew."
    )
