"""Approvals: what waits for a decision, what the decision would do, and the decision."""

import streamlit as st

from domain.contracts import ServiceChangeSummary, ServiceChangeView
from domain.service_change import Action, ChangeStatus
from support_ui import decisions, documents, session, ui
from support_ui.view_models import actions, change, lists, text, words

_MOST_READ = 1000
_SHOWN_AT_ONCE = 20
_DECISIONS = frozenset({Action.APPROVE, Action.REJECT})
_SHOWN = "approvals.shown"


def _more() -> None:
    st.session_state[_SHOWN] = st.session_state.get(_SHOWN, _SHOWN_AT_ONCE) + _SHOWN_AT_ONCE


def _queue(waiting: list[ServiceChangeSummary]) -> str:
    """The list; returns the id of the chosen change."""
    shown = waiting[: st.session_state.get(_SHOWN, _SHOWN_AT_ONCE)]
    ids = [item.id for item in shown]
    wanted = st.query_params.get("id")
    if wanted and wanted not in ids:
        return wanted
    chosen = ui.chosen_row(
        [lists.queue_row(item, session.now()) for item in shown],
        ids,
        wanted,
        name="queue",
        alt="Changes that wait for a decision, the most urgent first",
        columns={
            "Account": 110,
            "Change": 180,
            "What": 280,
            "Monthly price": 150,
            "Submitted": 90,
            "Due": 90,
        },
    )
    if len(waiting) > len(shown):
        st.button(f"Show more ({len(waiting) - len(shown)} further)", key="more", on_click=_more)
    return chosen


def _no_longer_waiting(chosen: ServiceChangeView) -> None:
    status = words.STATUS[chosen.status]
    st.info(
        f"{text.plain(chosen.id)} does not wait for a decision: it is {status.label.lower()}.",
        icon=f":material/{status.icon}:",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        ui.change_link(chosen.id)
        st.button("Back to the queue", on_click=st.query_params.clear)


def _chosen(chosen: ServiceChangeView) -> None:
    now = session.now()
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(change.heading(chosen), anchor=False, width="stretch")
            ui.change_link(chosen.id)
        st.markdown(change.standing(chosen, now))
        with st.grid(2, min_column_width=400, gap="medium"):
            with st.container():
                _what_will_happen(chosen)
                st.markdown("##### Checks", anchors=False)
                ui.static_table(change.check_rows(chosen, now), empty="No check ran.", alt="Checks")
            with st.container():
                st.markdown("##### What was asked for", anchors=False)
                ui.static_table(change.request_rows(chosen), empty="", alt="What was asked for")
                st.markdown("##### Document", anchors=False)
                documents.current(chosen, now)
                st.markdown("##### Decision", anchors=False)
                may_act = session.api().answers(chosen.id).may_act
                decisions.decide(chosen, actions.offers(chosen, may_act, _DECISIONS))


def _what_will_happen(chosen: ServiceChangeView) -> None:
    st.markdown("##### What will happen", anchors=False)
    if chosen.plan is None:
        st.caption("There is no plan yet; the checks have to pass first.")
        return
    plan = chosen.plan
    before, after = plan.recurring_before_minor, plan.recurring_after_minor
    st.metric(
        "Monthly price",
        text.price_step(before, after, plan.currency).replace("$", r"\$"),
        text.price_difference(before, after, plan.currency) if before != after else None,
        delta_color="off",
        delta_arrow="off",
    )
    ui.static_table(change.plan_rows(plan), empty="Nothing.", alt="Planned effects")


st.caption("Changes whose checks have passed and that wait for a person's decision.")
waiting = lists.by_urgency(session.api().every_change([ChangeStatus.AWAITING_APPROVAL], _MOST_READ))
if not waiting and "id" not in st.query_params:
    ui.nothing_here(
        "Nothing waits for a decision",
        "A change appears here once its four checks have passed.",
        "task_alt",
    )
else:
    chosen_id = _queue(waiting)
    st.query_params["id"] = chosen_id
    chosen = session.api().change(chosen_id)
    if chosen.status is ChangeStatus.AWAITING_APPROVAL:
        _chosen(chosen)
    else:
        _no_longer_waiting(chosen)
