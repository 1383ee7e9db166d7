"""Forms that act on a change. What was shown is what is sent; the API decides.

Each form carries one idempotency key until the API has decided, so a double click is harmless,
and the plan and document hashes of the moment it was drawn, so a stale page is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st

from domain.contracts import ServiceChangeView
from domain.service_change import Action
from support_ui import session
from support_ui.api_client import ApiError
from support_ui.view_models import actions, problems, text
from support_ui.view_models.actions import Offer

_WHY: Final = "Why, in a sentence. It is kept with the decision and the submitter can read it."


@dataclass(frozen=True, slots=True)
class Shown:
    """What the person saw when they clicked; a second click on the same form is the same request.

    `leaves`: once decided, the change is no longer what the page is about.
    """

    change_id: str
    action: Action
    reason_field: str
    form: str
    idempotency_key: str
    hashes: Mapping[str, str]
    leaves: bool


def decide(change: ServiceChangeView, offers: Sequence[Offer]) -> None:
    """Approve or reject in one form with one reason field; nothing for what is not allowed."""
    with st.form(f"decide.{change.id}", border=False, enter_to_submit=False):
        reason_field = f"reason.{change.id}"
        st.text_area(
            "Reason",
            key=reason_field,
            placeholder=_WHY,
            height=80,
        )
        if change.plan:
            st.caption(actions.binding(change.plan))
        with st.container(horizontal=True):
            for offer in offers:
                _submit(change, offer, reason_field, in_queue=True)
    for offer in offers:
        if offer.refusal:
            st.caption(f"**{offer.words.label}:** {text.plain(offer.refusal)}")


def action_bar(change: ServiceChangeView, offers: Sequence[Offer]) -> None:
    """One button per action with the roles that may take it; refusals stand beside theirs."""
    with st.grid(4, min_column_width=260):
        for offer in offers:
            with st.container(gap="xsmall"):
                if offer.refusal is None:
                    _popover(change, offer)
                else:
                    st.button(
                        offer.words.label,
                        key=f"refused.{offer.action}",
                        icon=f":material/{offer.words.icon}:",
                        disabled=True,
                    )
                if offer.roles:
                    st.caption(f"May {offer.words.label.lower()}: {offer.roles}")
                if offer.refusal:
                    st.caption(f"You cannot: {text.plain(offer.refusal)}")


def _popover(change: ServiceChangeView, offer: Offer) -> None:
    with st.popover(f"{offer.words.label}…", icon=f":material/{offer.words.icon}:"):
        st.markdown(offer.words.effect)
        with st.form(f"{offer.action}.{change.id}", border=False, enter_to_submit=False):
            reason_field = f"reason.{offer.action}.{change.id}"
            st.text_area("Reason", key=reason_field, placeholder=_WHY, height=80)
            if offer.action is Action.APPROVE and change.plan:
                st.caption(actions.binding(change.plan))
            _submit(change, offer, reason_field, in_queue=False)


def _submit(change: ServiceChangeView, offer: Offer, reason_field: str, *, in_queue: bool) -> None:
    form = f"{offer.action}.{change.id}"
    primary = offer.action is Action.APPROVE or not in_queue
    shown = Shown(
        change_id=change.id,
        action=offer.action,
        reason_field=reason_field,
        form=form,
        idempotency_key=session.request_key(form),
        hashes=_hashes(change, offer.action),
        leaves=in_queue,
    )
    st.form_submit_button(
        offer.words.label,
        key=f"submit.{form}",
        type="primary" if primary else "secondary",
        icon=f":material/{offer.words.icon}:",
        disabled=offer.refusal is not None,
        on_click=_act,
        args=(shown,),
    )


def _hashes(change: ServiceChangeView, action: Action) -> dict[str, str]:
    """What an approval names, so that it cannot be about anything the person did not see."""
    if action is not Action.APPROVE or change.plan is None:
        return {}
    named = {"plan_sha256": change.plan.sha256}
    if change.plan.document_sha256:
        named["document_sha256"] = change.plan.document_sha256
    return named


def _act(shown: Shown) -> None:
    """Runs once per click, with what was on the screen at that moment."""
    reason = str(st.session_state.get(shown.reason_field) or "").strip()
    if not reason:
        session.flash("warning", actions.ask_for_reason(shown.action))
        return
    try:
        after = session.api().act(
            shown.change_id,
            shown.action,
            idempotency_key=shown.idempotency_key,
            body={"reason": reason, **shown.hashes},
        )
    except ApiError as error:
        if error.settled:
            session.retire_request_key(shown.form)
        session.flash("error", problems.told(error.problem, error.retry_after))
    else:
        session.retire_request_key(shown.form)
        session.flash("success", text.plain(actions.confirmation(shown.action, after)))
        if shown.leaves:
            st.query_params.pop("id", None)
