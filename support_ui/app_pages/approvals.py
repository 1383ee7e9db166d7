"""Approvals: what waits for a decision, what the decision would do, and the decision."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus

import streamlit as st

from domain.contracts import ServiceChangeView
from domain.contracts_approvals import ApprovalView
from support_ui import (
    assignments,
    bulk,
    decisions,
    documents,
    paging,
    picking,
    second_person,
    session,
    ui,
)
from support_ui.calls.transport import ApiError
from support_ui.view_models import actions, approvals, change, places, text, words

_LISTS = {False: "approvals", True: "put_off"}
_EMPTY = {
    False: (
        "Nothing waits for a decision",
        "A change appears here once its four checks have passed, unless it is put off.",
    ),
    True: ("Nothing is put off", "What somebody puts off is here until its time has come."),
}
_ROWS = 25
_PLAN_WIDTH, _PAGE_WIDTH = 540, 690
"""In pixels, side by side where there is room: a letter page in the viewer takes 660."""

_CHOSEN = "approvals.chosen"
"""The change the list itself put into the address; any other comes from a link somebody sent."""

_WIDTHS = {
    "Account": 110,
    "What": 270,
    "Monthly price": 150,
    "Difference": 95,
    "Checks": 110,
    "Submitted": 95,
    "Due": 110,
    "Whose": 150,
    "You may": 140,
}


def _queue(*, put_off: bool) -> None:
    """The queue, then what is ticked: one change whole, or several together."""
    bulk.work_off()
    mine = st.toggle("Only what I have taken", key="mine", bind="query-params")
    caller = session.me()
    assignee = caller.principal if mine and caller else None
    name, narrowed = _LISTS[put_off], (put_off, assignee)
    page = session.api().approvals(
        put_off=put_off, assignee=assignee, cursor=paging.cursor(name, narrowed), limit=_ROWS
    )
    found = {item.change.id: item for item in page.items}
    wanted = st.query_params.get("id")
    if wanted not in found and wanted == st.session_state.get(_CHOSEN):
        wanted = None
    if not found and not wanted:
        heading, sentence = _EMPTY[put_off]
        ui.nothing_here(heading, sentence, "task_alt")
        return
    if wanted and wanted not in found:
        _mailed(wanted)
        return
    ticked = picking.picked_rows(
        [approvals.queue_row(item, session.now()) for item in page.items],
        list(found),
        wanted,
        name=f"queue.{name}",
        alt="Changes that wait for a decision, the soonest due first",
        columns=_WIDTHS,
    )
    paging.controls(name, narrowed, page.next_cursor, len(page.items))
    if len(ticked) == 1:
        st.session_state[_CHOSEN] = st.query_params["id"] = ticked[0]
        _open(found[ticked[0]])
        return
    st.query_params.pop("id", None)
    if ticked:
        bulk.decide([found[id_] for id_ in ticked])
    else:
        st.caption("Tick one change to see what it would do; tick several to decide them at once.")


def _mailed(change_id: str) -> None:
    """A change that a link leads to, wherever in the queue it is, if it is."""
    st.button("Back to the queue", icon=":material/arrow_back:", on_click=st.query_params.clear)
    try:
        item = session.api().approval(change_id)
    except ApiError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        _no_longer_waiting(session.api().change(change_id))
    else:
        _open(item)


def _no_longer_waiting(chosen: ServiceChangeView) -> None:
    status = words.STATUS[chosen.status]
    st.info(
        f"{text.plain(chosen.id)} does not wait for a decision: it is {status.label.lower()}.",
        icon=f":material/{status.icon}:",
    )
    ui.change_link(chosen.id)


def _open(item: ApprovalView) -> None:
    now = session.now()
    chosen = session.api().change(item.change.id)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(change.heading(chosen), anchor=False, width="stretch")
            ui.change_link(chosen.id)
        st.markdown(change.standing(chosen, now))
        assignments.show(f"change:{chosen.id}", item.assignment)
        with st.container(horizontal=True, gap="medium"):
            with st.container(width=_PLAN_WIDTH):
                _what_will_happen(chosen)
                st.markdown("##### What was asked for", anchors=False)
                ui.static_table(change.request_rows(chosen), empty="", alt="What was asked for")
                st.markdown("##### Decision", anchors=False)
                decisions.decide(chosen, actions.offers(chosen, item.may_act))
            with st.container(width=_PAGE_WIDTH):
                st.markdown("##### Document", anchors=False)
                documents.shown(chosen, now)
        st.markdown("##### Checks and what they rest on", anchors=False)
        ui.static_table(
            approvals.evidence_rows(item.checks, now), empty="No check ran.", alt="Checks"
        )


def _what_will_happen(chosen: ServiceChangeView) -> None:
    st.markdown("##### What will happen if you approve", anchors=False)
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


_PARTS: dict[str, Callable[[], None]] = {
    "Waiting for approval": partial(_queue, put_off=False),
    places.SECOND_PERSON: second_person.queue,
    "Put off": partial(_queue, put_off=True),
}
"""One tab each, named in the address; only the open one is read and drawn."""

ui.title("Approvals", "What waits for a person's decision, and what the decision would do.")
for tab, show in zip(
    st.tabs(list(_PARTS), key="tab", bind="query-params"), _PARTS.values(), strict=True
):
    if tab.open:
        with tab, ui.guarded():
            show()
