"""Which actions are offered and how they are confirmed. The API alone says what is allowed."""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.contracts import MayActAnswer, PlanView, ServiceChangeView
from domain.contracts_failures import PendingDecisionView
from domain.service_change import Action, DocumentState
from domain.wording import upper_first
from support_ui.view_models import text, words
from support_ui.view_models.change import MOVING

_ABOUT_A_VERSION = frozenset({Action.APPLY_REVISION, Action.DISCARD_REVISION})
_VERB = {Action.APPLY_REVISION: "Apply", Action.DISCARD_REVISION: "Discard"}


@dataclass(frozen=True, slots=True)
class Offer:
    """One action as this caller sees it; `refusal` is the API's sentence where it says no.

    `roles` is empty while the status forbids the action to everybody. `version` is the document
    version the action is about, if it is about one. `second_person`: it waits for a colleague.
    """

    action: Action
    words: words.ActionWords
    roles: str
    refusal: str | None
    second_person: bool
    version: int | None

    @property
    def label(self) -> str:
        """The name of the button that opens it."""
        if self.version is None:
            return self.words.label
        return f"{_VERB[self.action]} version {self.version}"

    @property
    def hint(self) -> str | None:
        """What hovering over the button tells: why not, or who may besides."""
        if self.refusal is not None:
            return text.plain(self.refusal)
        return f"May do this now: {self.roles}" if self.roles else None

    @property
    def submit(self) -> str:
        """What the button that sends it will do, and whether a second person is asked."""
        does = self.words.does
        if self.version is not None:
            does = f"{_VERB[self.action].lower()} document version {self.version}"
        return f"Ask a second person to {does}" if self.second_person else upper_first(does)


def offers(
    change: ServiceChangeView,
    may_act: Iterable[MayActAnswer],
    only: frozenset[Action] | None = None,
) -> list[Offer]:
    """The actions the API spoke about, in its order, narrowed to `only` where given."""
    version = _waiting_version(change)
    return [
        Offer(
            action=answer.action,
            words=words.ACTION[answer.action],
            roles=", ".join(words.ROLE[role].lower() for role in answer.roles),
            refusal=None
            if answer.caller.allowed
            else answer.caller.reason or "The API does not allow it.",
            second_person=answer.needs_second_person,
            version=version if answer.action in _ABOUT_A_VERSION else None,
        )
        for answer in may_act
        if only is None or answer.action in only
    ]


def _waiting_version(change: ServiceChangeView) -> int | None:
    """The newest document version that waits for a decision."""
    waiting = [
        document.version
        for document in change.document_versions
        if document.state is DocumentState.PENDING_REVIEW
    ]
    return max(waiting, default=None)


def refusal_rows(offers_: Iterable[Offer]) -> list[dict[str, str]]:
    """What this caller may not do now, who may, and why not."""
    return [
        {
            "Action": offer.label,
            "Who may now": upper_first(offer.roles) or "Nobody",
            "Why not you": text.plain(offer.refusal),
        }
        for offer in offers_
        if offer.refusal is not None
    ]


def confirmation(action: Action, after: ServiceChangeView) -> str:
    """What to tell the person once the API has taken the action, or put it before a colleague."""
    if any(pending.action is action for pending in after.pending_decisions):
        return (
            f"Proposed to {words.ACTION[action].does}: {_place(after)} waits for a second person."
        )
    return f"{words.ACTION[action].past}: {_place(after)} {_goes(after)}."


def seconded(verdict: str, decision: PendingDecisionView, after: ServiceChangeView) -> str:
    """What to tell a second person once the API has taken their verdict."""
    return f"{verdict} to {words.ACTION[decision.action].does}: {_place(after)} {_goes(after)}."


def _place(change: ServiceChangeView) -> str:
    return f"{change.id} of account {change.account_id}"


def _goes(change: ServiceChangeView) -> str:
    """Where it stands; a status that passes within seconds would be untrue before it is read."""
    if change.status in MOVING:
        return "goes on by itself"
    return f"is now “{words.STATUS[change.status].label}”"


def ask_for_reason(then: str) -> str:
    """What to say instead of asking the API, which takes no decision without its reason."""
    return f"Write the reason first, then {then}."


def binding(plan: PlanView) -> str:
    """What exactly an approval names, as Markdown."""
    document = (
        f"document version {plan.document_version} (`{text.short_hash(plan.document_sha256)}`)"
        if plan.document_sha256
        else "no document"
    )
    effects = f"{len(plan.effects)} effect" + ("" if len(plan.effects) == 1 else "s")
    return f"Approving names {document} and the {effects} of plan `{text.short_hash(plan.sha256)}`."
