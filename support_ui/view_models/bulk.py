"""A decision about many changes: what is sent for each, and what became of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from domain.contracts_approvals import ApprovalView
from domain.service_change import Action
from domain.wording import upper_first
from support_ui.view_models import text, words


class Became(StrEnum):
    """What became of one item."""

    DONE = "done"
    REFUSED = "refused"
    UNDECIDED = "undecided"
    """No answer that counts; sent again it is the same request."""


LOOK = {
    Became.DONE: words.Look("Done", "green", "check_circle"),
    Became.REFUSED: words.Look("Refused", "red", "block"),
    Became.UNDECIDED: words.Look("No answer yet", "orange", "hourglass_empty"),
}


@dataclass(frozen=True, slots=True)
class Item:
    """One change of many, as it was shown: `body` names the plan and document that were seen."""

    change_id: str
    account_id: str
    what: str
    key: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one item, and the sentence that says so (Markdown)."""

    became: Became
    sentence: str


@dataclass(frozen=True, slots=True)
class Job:
    """One action on many changes; `results` by change."""

    action: Action
    items: tuple[Item, ...]
    results: dict[str, Result] = field(default_factory=dict)

    @property
    def left(self) -> list[Item]:
        """What has not been sent yet."""
        return [item for item in self.items if item.change_id not in self.results]

    def of(self, became: Became) -> list[Item]:
        """Items of which this became."""
        return [
            item
            for item in self.items
            if item.change_id in self.results and self.results[item.change_id].became is became
        ]

    def once_more(self) -> "Job":
        """The same job with what was not answered still to be sent, under the same keys."""
        undecided = {item.change_id for item in self.of(Became.UNDECIDED)}
        kept = {id_: result for id_, result in self.results.items() if id_ not in undecided}
        return replace(self, results=kept)


def item(approval: ApprovalView, action: Action, reason: str, key: str) -> Item:
    """What is sent for one change: the reason, and of an approval what it is about."""
    body: dict[str, Any] = {"reason": reason}
    if action is Action.APPROVE and approval.plan is not None:
        body["plan_sha256"] = approval.plan.sha256
        if approval.plan.document_sha256:
            body["document_sha256"] = approval.plan.document_sha256
    change = approval.change
    return Item(change.id, change.account_id, change.summary, key, body)


def told(job: Job) -> str:
    """What became of all of them, in one sentence."""
    counted = [
        f"{len(found)} {words_}"
        for became, words_ in (
            (Became.DONE, words.ACTION[job.action].past.lower()),
            (Became.REFUSED, "refused"),
            (Became.UNDECIDED, "not answered yet"),
        )
        if (found := job.of(became))
    ]
    return upper_first(", ".join(counted)) + "."


def rows(job: Job) -> Iterable[dict[str, str]]:
    """A result per item; what needs a person first."""
    order = (Became.REFUSED, Became.UNDECIDED, Became.DONE)
    for became in order:
        for each in job.of(became):
            yield {
                "Result": LOOK[became].badge,
                "Account": text.plain(each.account_id),
                "What": text.plain(each.what),
                "Change": f"`{each.change_id}`",
                "Told": job.results[each.change_id].sentence,
            }
