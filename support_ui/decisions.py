"""How a decision is sent. What was shown is what is sent; the API decides.

Each form carries one idempotency key until the API has decided, so a double click is harmless,
and the hashes of the moment it was drawn, so a stale page is refused.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

import streamlit as st

from domain.contracts import ServiceChangeView
from domain.service_change import Action
from support_ui import asking, session
from support_ui.view_models import actions, text
from support_ui.view_models.actions import Offer

After = TypeVar("After")

ACTING: Final = "act"
"""The part of a page's address that names the action whose form is open."""

_WHY: Final = "Why, in a sentence. It is kept with the decision and the submitter can read it."


@dataclass(frozen=True, slots=True)
class Shown(Generic[After]):
    """What the person saw when they clicked; a second click on the same form is the same request.

    `given` goes out as it stands. `typed` names fields of `evidence` by the widget that holds
    each, `chosen` fields of the request itself. `leaves`: parts of the address that are about the
    decision and end with it.
    """

    form: str
    reason_field: str
    asks_to: str
    send: Callable[[str, Mapping[str, Any]], After]
    tells: Callable[[After], str]
    given: Mapping[str, Any] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)
    chosen: Mapping[str, str] = field(default_factory=dict)
    leaves: tuple[str, ...] = ()


def decide(change: ServiceChangeView, offers: Sequence[Offer]) -> None:
    """Approve or reject in one form with one reason field; nothing for what is not allowed."""
    with st.form(f"decide.{change.id}", border=False, enter_to_submit=False):
        reason_field = reason(change.id)
        if change.plan:
            st.caption(actions.binding(change.plan))
        with st.container(horizontal=True):
            for offer in offers:
                label = offer.submit if offer.second_person else offer.label
                shown = of_action(change, offer, reason_field, leaves=("id",))
                submit(
                    shown,
                    label,
                    icon=offer.words.icon,
                    primary=offer.action is Action.APPROVE,
                    disabled=offer.refusal is not None,
                )
    for offer in offers:
        if offer.refusal:
            st.caption(f"**{offer.label}:** {text.plain(offer.refusal)}")


def reason(name: str, *, disabled: bool = False, hint: str = _WHY) -> str:
    """The field every decision has; returns the name of its widget."""
    widget = f"reason.{name}"
    st.text_area("Reason", key=widget, placeholder=hint, height=80, disabled=disabled)
    return widget


def of_action(
    change: ServiceChangeView,
    offer: Offer,
    reason_field: str,
    *,
    given: Mapping[str, Any] | None = None,
    typed: Mapping[str, str] | None = None,
    leaves: tuple[str, ...] = (ACTING,),
) -> Shown[ServiceChangeView]:
    """An action on a change, as its form shows it now."""
    api, action = session.api(), offer.action  # bound now: what is sent is what was shown

    def send(key: str, body: Mapping[str, Any]) -> ServiceChangeView:
        return api.act(change.id, action, idempotency_key=key, body=body)

    return Shown(
        form=f"{action}.{change.id}",
        reason_field=reason_field,
        asks_to=offer.words.label.lower(),
        send=send,
        tells=lambda after: actions.confirmation(action, after),
        given=_seen(change, offer) | dict(given or {}),
        typed=typed or {},
        leaves=leaves,
    )


def submit(
    shown: Shown[Any], label: str, *, icon: str, primary: bool, disabled: bool = False
) -> None:
    """The button of a form that sends what the form shows."""
    st.form_submit_button(
        label,
        key=f"submit.{shown.form}",
        type="primary" if primary else "secondary",
        icon=f":material/{icon}:",
        disabled=disabled,
        on_click=_send,
        args=(shown, asking.request_key(shown.form)),
    )


def _seen(change: ServiceChangeView, offer: Offer) -> dict[str, Any]:
    """What an action names, so that it cannot be about anything the person did not see."""
    if offer.version is not None:
        return {"document_version": offer.version}
    if offer.action is not Action.APPROVE or change.plan is None:
        return {}
    named = {"plan_sha256": change.plan.sha256}
    if change.plan.document_sha256:
        named["document_sha256"] = change.plan.document_sha256
    return named


def _send(shown: Shown[Any], idempotency_key: str) -> None:
    """Runs once per click, with what was on the screen at that moment."""
    why = asking.entered(shown.reason_field)
    if not why:
        asking.flash("warning", actions.ask_for_reason(shown.asks_to))
        return
    body: dict[str, Any] = {"reason": why, **shown.given}
    picked = {name: asking.entered(widget) for name, widget in shown.chosen.items()}
    body |= {name: value for name, value in picked.items() if value}
    if shown.typed:
        typed = {name: asking.entered(widget) for name, widget in shown.typed.items()}
        body["evidence"] = {name: value for name, value in typed.items() if value}
    after = asking.ask(
        lambda: shown.send(idempotency_key, body),
        lambda after: text.plain(shown.tells(after)),
        form=shown.form,
    )
    if after is None:
        return
    for part in shown.leaves:
        st.query_params.pop(part, None)
