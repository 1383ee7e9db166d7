"""Which actions are offered and how they are confirmed. The API alone says what is allowed."""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.contracts import MayActAnswer, PlanView, ServiceChangeView
from domain.service_change import Action
from support_ui.view_models import text, words


@dataclass(frozen=True, slots=True)
class Offer:
    """One action as this caller sees it; `refusal` is the API's sentence where it says no.

    `roles` is empty while the status forbids the action to everybody.
    """

    action: Action
    words: words.ActionWords
    roles: str
    refusal: str | None


def offers(may_act: Iterable[MayActAnswer], only: frozenset[Action] | None = None) -> list[Offer]:
    """The actions the API spoke about, in its order, narrowed to `only` where given."""
    return [
        Offer(
            answer.action,
            words.ACTION[answer.action],
            ", ".join(words.ROLE[role].lower() for role in answer.roles),
            None if answer.caller.allowed else answer.caller.reason or "The API does not allow it.",
        )
        for answer in may_act
        if only is None or answer.action in only
    ]


def confirmation(action: Action, change: ServiceChangeView) -> str:
    """What to tell the person once the API has taken the action."""
    done = words.ACTION[action].past
    status = words.STATUS[change.status].label.lower()
    return f"{done}: {change.id} of account {change.account_id} is now {status}."


def ask_for_reason(action: Action) -> str:
    """What to say instead of asking the API, which takes no decision without its reason."""
    return f"Write the reason first, then {words.ACTION[action].label.lower()}."


def binding(plan: PlanView) -> str:
    """What exactly an approval names, as Markdown."""
    document = (
        f"document version {plan.document_version} (`{text.short_hash(plan.document_sha256)}`)"
        if plan.document_sha256
        else "no document"
    )
    effects = f"{len(plan.effects)} effect" + ("" if len(plan.effects) == 1 else "s")
    return f"Approving names {document} and the {effects} of plan `{text.short_hash(plan.sha256)}`."
