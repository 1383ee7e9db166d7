"""What may be done to a change: a button per action, and the form of the one that is open."""

from collections.abc import Sequence

import streamlit as st

from domain.contracts import ServiceChangeView
from domain.service_change import Action
from support_ui import decisions, ui
from support_ui.change import opening
from support_ui.view_models import actions, corrections
from support_ui.view_models.actions import Offer
from support_ui.view_models.corrections import DetailField, Entered
from support_ui.view_models.verdicts import ABOUT_A_STEP, StepVerdict

_EVIDENCE = {
    "vendor_reference": ("The vendor's reference", "As the vendor names it, such as an order id"),
    "ticket": ("Ticket", "Where it says that it was done, or need not be"),
}


def show(change: ServiceChangeView, offers: Sequence[Offer], verdict: StepVerdict | None) -> None:
    """A button per action, those that are not possible in grey; the open form; and why not.

    `verdict` says whether trying the step again is safe; it stands beside the buttons about it.
    """
    acting = st.query_params.get(decisions.ACTING)
    about_the_step = [offer for offer in offers if verdict and offer.action in ABOUT_A_STEP]
    if verdict and about_the_step:
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            for offer in about_the_step:
                _button(offer, acting)
            st.markdown(f":small[{verdict.line}]", width="stretch")
    with st.container(horizontal=True, gap="small"):
        for offer in offers:
            if offer not in about_the_step:
                _button(offer, acting)
    for offer in offers:
        if offer.action == acting and offer.refusal is None:
            _form(change, offer, verdict)
    refused = actions.refusal_rows(offers)
    if refused:
        label = f"What you cannot do now, and why ({len(refused)})"
        everything = len(refused) == len(offers)
        with st.expander(label, expanded=everything, key=f"refused.{change.id}"):
            ui.static_table(refused, empty="", alt="Actions you cannot take now")


def _button(offer: Offer, acting: str | None) -> None:
    is_open = offer.action == acting
    st.button(
        offer.label,
        key=f"open.{offer.action}",
        icon=f":material/{offer.words.icon}:",
        type="primary" if is_open else "secondary",
        help=offer.hint,
        disabled=offer.refusal is not None,
        on_click=_close if is_open else _open,
        args=() if is_open else (offer.action,),
    )


def _open(action: Action) -> None:
    st.query_params[decisions.ACTING] = action


def _close() -> None:
    st.query_params.pop(decisions.ACTING, None)


def _form(change: ServiceChangeView, offer: Offer, verdict: StepVerdict | None) -> None:
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"##### {offer.submit}", anchors=False, width="stretch")
            st.button("Close", key="close", type="tertiary", icon=":material/close:",
                      on_click=_close)  # fmt: skip
        st.markdown(offer.words.effect)
        if verdict and offer.action in ABOUT_A_STEP:
            st.markdown(verdict.line)
        if offer.second_person:
            st.info(
                "Nothing moves until a second person has confirmed it on this page.",
                icon=":material/group:",
            )
        if offer.words.undoes:
            ui.outlook(change.id, offer.action)
        if offer.action is Action.CORRECT and change.masked_fields:
            st.markdown("What is masked cannot be corrected; show it first.")
            opening.personal_switch(change, "correct")
            return
        given = _correction(change) if offer.action is Action.CORRECT else None
        form = f"form.{offer.action}.{change.id}"
        with st.form(form, border=False, enter_to_submit=False):
            typed = _evidence(change) if offer.action is Action.SKIP else None
            reason_field = decisions.reason(f"{offer.action}.{change.id}")
            if offer.action is Action.APPROVE and change.plan:
                st.caption(actions.binding(change.plan))
            body = None if given is None else {"changes": given}
            shown = decisions.of_action(change, offer, reason_field, given=body, typed=typed)
            decisions.submit(
                shown, offer.submit, icon=offer.words.icon, primary=True, disabled=given == {}
            )


def _evidence(change: ServiceChangeView) -> dict[str, str]:
    """Fields for what skipping rests on; returns the widget of each."""
    st.caption("Name the vendor's own reference, a ticket that says it was done, or both.")
    widgets = {name: f"evidence.{name}.{change.id}" for name in _EVIDENCE}
    with st.grid(2, min_column_width=260):
        for name, (label, hint) in _EVIDENCE.items():
            st.text_input(label, key=widgets[name], placeholder=hint)
    return widgets


def _correction(change: ServiceChangeView) -> dict[str, object]:
    """Fields for what is corrected and the difference they make; returns the difference."""
    fields = corrections.detail_fields(change)
    with st.grid(3, min_column_width=220):
        wanted = st.date_input(
            "Requested date", change.requested_date, key=f"correct.date.{change.id}"
        )
        details = {each.path: _detail(change, each) for each in fields}
    note = st.text_area("Note", change.note, key=f"correct.note.{change.id}", height=80)
    entered = Entered(wanted, note, details)
    changed = corrections.changes(change, entered)
    st.caption("What the correction would change")
    ui.static_table(
        corrections.difference_rows(corrections.differences(change, changed)),
        empty="Nothing yet. Change something above; the difference is shown here first.",
        alt="What the correction would change",
    )
    return changed


def _detail(change: ServiceChangeView, each: DetailField) -> str:
    key = f"correct.{'.'.join(each.path)}.{change.id}"
    if not each.choices:
        return st.text_input(each.label, each.value, key=key)
    chosen = st.selectbox(
        each.label,
        each.choices,
        index=each.choices.index(each.value),
        key=key,
        format_func=corrections.choice_label,
    )
    return str(chosen)
