"""What waits for a second person: in a queue and on its change, seen whole, then answered."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import streamlit as st

from domain.contracts import ServiceChangeView
from domain.contracts_failures import PendingDecisionView
from support_ui import decisions, paging, session, ui
from support_ui.calls.transport import ApiError
from support_ui.decisions import Shown
from support_ui.view_models import actions, seconding, text, words
from support_ui.view_models.seconding import Pending

_LIST: Final = "proposals"
_ROWS: Final = 25
_PROPOSAL: Final = "proposal"
"""The part of the address that names the chosen proposal."""

_WIDTHS: Final = {
    "Account": 110,
    "Proposed": 170,
    "By": 120,
    "Why": 270,
    "When": 90,
    "Expires": 80,
    "You": 280,
}
_NO_LONGER: Final = "It does not wait any more, or its time has run out; propose it again."
_VERDICTS: Final = (
    ("confirm", "Confirm: {does}", "Confirmed", "check"),
    ("decline", "Decline", "Declined", "close"),
)


def show(change: ServiceChangeView) -> None:
    """A card per pending decision; nothing where none waits."""
    if not change.pending_decisions:
        return
    for pending in _asked(change):
        _card(change.id, pending)


def queue() -> None:
    """Everything that waits for a second person, the oldest first, and the chosen one whole."""
    page = session.api().proposals(cursor=paging.cursor(_LIST, None), limit=_ROWS)
    if not page.items:
        ui.nothing_here(
            "No proposal waits",
            "What takes two persons appears here from its proposal until it is answered.",
            "group",
        )
        return
    found = {item.id: item for item in page.items}
    chosen = found[
        ui.chosen_row(
            [seconding.queue_row(item, session.now()) for item in page.items],
            list(found),
            st.query_params.get(_PROPOSAL),
            name="second_approvals",
            alt="Decisions that wait for a second person, the oldest first",
            columns=_WIDTHS,
        )
    ]
    st.query_params[_PROPOSAL] = chosen.id
    paging.controls(_LIST, None, page.next_cursor, len(page.items))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(seconding.about(chosen), width="stretch")
        ui.change_link(chosen.change.id)
    _card(chosen.change.id, seconding.of_queue(chosen))


def _asked(change: ServiceChangeView) -> list[Pending]:
    """The proposals as the page was read; the queue only adds what this caller may do."""
    try:
        queue = session.api().second_approvals(change.id).items
    except ApiError as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        return seconding.pending(change, [], error.problem.detail)
    return seconding.pending(change, queue, _NO_LONGER)


def _card(change_id: str, pending: Pending) -> None:
    decision = pending.decision
    icon = words.ACTION[decision.action].icon
    with st.container(border=True, gap="small"):
        st.markdown(f"##### :orange[:material/group:] {seconding.heading(decision)}", anchors=False)
        st.markdown(seconding.standing(decision, session.now()))
        st.markdown(f"**Why:** “{text.plain(decision.reason)}”")
        st.markdown(f":material/{icon}: {words.ACTION[decision.action].effect}")
        if decision.differences:
            st.caption("What the correction changes")
            ui.static_table(
                seconding.difference_rows(decision), empty="", alt="What the correction changes"
            )
        if decision.evidence:
            st.caption("What skipping rests on")
            ui.static_table(
                seconding.evidence_rows(decision), empty="", alt="What skipping rests on"
            )
        if words.ACTION[decision.action].undoes:
            ui.outlook(change_id, decision.action)
        _verdict(change_id, pending)


def _verdict(change_id: str, pending: Pending) -> None:
    decision = pending.decision
    name = f"second.{decision.id}"
    with st.form(name, border=False, enter_to_submit=False):
        reason_field = decisions.reason(name, disabled=pending.refusal is not None)
        st.caption(seconding.binding(decision))
        with st.container(horizontal=True):
            for verdict, label, past, icon in _VERDICTS:
                decisions.submit(
                    _shown(change_id, decision, reason_field, verdict, past),
                    label.format(does=words.ACTION[decision.action].does),
                    icon=icon,
                    primary=verdict == "confirm",
                    disabled=pending.refusal is not None,
                )
    if pending.refusal:
        st.caption(f"**You cannot answer this:** {text.plain(pending.refusal)}")


def _shown(
    change_id: str,
    decision: PendingDecisionView,
    reason_field: str,
    verdict: str,
    past: str,
) -> Shown[ServiceChangeView]:
    api = session.api()  # bound now: what is sent is what was shown

    def send(key: str, body: Mapping[str, Any]) -> ServiceChangeView:
        return api.second(change_id, decision.id, idempotency_key=key, body=body)

    return Shown(
        form=f"{verdict}.{decision.id}",
        reason_field=reason_field,
        asks_to=verdict,
        send=send,
        tells=lambda after: actions.seconded(past, decision, after),
        given={"verdict": verdict, "seen_sha256": decision.sha256},
        leaves=(_PROPOSAL,),
    )
