"""Disagreements: where a system has another value than the field's owner, and what to do."""

from collections.abc import Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import streamlit as st

from domain.contracts_reconciliation import (
    DifferencePermissionView,
    DifferenceView,
    FieldCountView,
    ReconciliationRunView,
)
from domain.identifiers import System
from domain.reconciliation import Field
from domain.reconciliation_decisions import DifferenceAction, DifferenceState
from support_ui import asking, decisions, paging, session, ui
from support_ui.calls.transport import ApiError
from support_ui.decisions import Shown
from support_ui.view_models import disagreements, text, words

_LIST: Final = "differences"
_ROWS: Final = 25
_DIFFERENCE: Final = "difference"
_CHOSEN: Final = "disagreements.chosen"
"""The difference the list itself put into the address; any other comes from a mailed link."""

_UNDER_WAY: Final = "disagreements.under_way"
_ONE: Final = "disagreements.account"
_RUN_FORM: Final = "reconcile"
_WIDTHS: Final = {
    "Account": 105,
    "Field": 150,
    "Owner": 80,
    "Owner says": 240,
    "Other": 95,
    "Other says": 240,
    "State": 130,
    "Since": 85,
    "Explained by": 165,
}


@st.fragment(run_every=4.0)
def _last_run() -> None:
    """What the last comparison is worth; live while one is under way."""
    with ui.guarded():
        summary, now = session.api().reconciliation(), session.now()
        running = summary.under_way
        before = st.session_state.get(_UNDER_WAY)
        st.session_state[_UNDER_WAY] = running.id if running else None
        if before and running is None:
            st.rerun()  # the list below has what the run found
        with st.container(border=True, gap="small"):
            with st.container(horizontal=True, vertical_alignment="center"):
                with st.container(width="stretch"):
                    ui.rich(disagreements.summary_line(summary, now))
                _run_now(running)
            if summary.next_action:
                st.caption(text.plain(summary.next_action))
            if running:
                _reading(running)
            elif summary.last_full_run:
                with st.expander("How each system was read"):
                    _read(summary.last_full_run)
        if summary.last_full_run:
            _counts(summary.fields)


def _run_now(running: ReconciliationRunView | None) -> None:
    st.text_input(
        "One account",
        key=_ONE,
        placeholder="All accounts, or one",
        label_visibility="collapsed",
        width=190,
    )
    st.button(
        "Compare now",
        key="compare_now",
        icon=":material/compare_arrows:",
        disabled=running is not None,
        on_click=_compare,
        args=(asking.request_key(_RUN_FORM),),
    )


def _reading(run: ReconciliationRunView) -> None:
    which = f"account {text.plain(run.account_id)}" if run.account_id else "all accounts"
    st.markdown(
        f":material/sync: **Comparing {which} now**, begun by {text.plain(run.started_by)} "
        f"{text.age(run.started_at, session.now())}."
    )
    _read(run)


def _read(run: ReconciliationRunView) -> None:
    ui.static_table(
        disagreements.read_rows(run), empty="Nothing was read.", alt="How each system was read"
    )


def _compare(idempotency_key: str) -> None:
    """Runs once per click; a second click is the same request."""
    account = asking.entered(_ONE)
    run = asking.ask(
        partial(session.api().reconcile, idempotency_key=idempotency_key, account_id=account),
        lambda _: "The comparison has begun. What it finds appears here as it ends.",
        form=_RUN_FORM,
    )
    if run:
        st.session_state[_UNDER_WAY] = run.id


def _counts(fields: Sequence[FieldCountView]) -> None:
    rows = disagreements.count_rows(fields)
    if rows:
        ui.static_table(rows, empty="", alt="Differences that stand, by field and owner")
    st.caption(disagreements.compared_sentence(fields))


def _filters() -> tuple[tuple[DifferenceState, ...], str | None, str | None, str | None]:
    with st.grid(4, min_column_width=200):
        states = st.multiselect(
            "State",
            [state.value for state in DifferenceState],
            key="state",
            bind="query-params",
            format_func=lambda value: disagreements.STATE[DifferenceState(value)].label,
            placeholder="To be dealt with",
        )
        field = st.selectbox(
            "Field",
            [field.value for field in Field],
            index=None,
            key="field",
            bind="query-params",
            format_func=lambda value: disagreements.FIELD[Field(value)],
            placeholder="Any field",
        )
        system = st.selectbox(
            "Differs at",
            [System.BILLING.value, System.THROUGHLINE.value],
            index=None,
            key="system",
            bind="query-params",
            format_func=lambda value: words.SYSTEM[System(value)],
            placeholder="Any system",
        )
        account = st.text_input(
            "Account", key="account", bind="query-params", placeholder="Any account"
        )
    wanted = tuple(DifferenceState(state) for state in states)
    return wanted, field, system, (account or "").strip() or None


def _differences() -> None:
    states, field, system, account = narrowed = _filters()
    page = session.api().differences(
        states=states or disagreements.DEFAULT_STATES,
        field=field,
        system=system,
        account_id=account,
        cursor=paging.cursor(_LIST, narrowed),
        limit=_ROWS,
    )
    found = [item.id for item in page.items]
    wanted = st.query_params.get(_DIFFERENCE)
    if wanted not in found and wanted == st.session_state.get(_CHOSEN):
        wanted = None
    if not found and not wanted:
        ui.nothing_here(
            "No disagreement to deal with",
            "When a system has another value than the field's owner, it appears here after the "
            "next comparison. Choose other states to see what was explained, dismissed or ended.",
            "handshake",
        )
        return
    if wanted and wanted not in found:
        _mailed(wanted)
        return
    chosen = ui.chosen_row(
        [disagreements.row(item, session.now()) for item in page.items],
        found,
        wanted,
        name=_LIST,
        alt="Differences between systems, the oldest first, both values side by side",
        columns=_WIDTHS,
    )
    paging.controls(_LIST, narrowed, page.next_cursor, len(page.items))
    st.session_state[_CHOSEN] = st.query_params[_DIFFERENCE] = chosen
    _open(session.api().difference(chosen))


def _mailed(difference_id: str) -> None:
    """A difference that a link leads to, wherever in the list it is."""
    st.button("Back to the list", icon=":material/arrow_back:", on_click=st.query_params.clear)
    try:
        _open(session.api().difference(difference_id))
    except ApiError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        ui.problem(error)


def _open(difference: DifferenceView) -> None:
    now = session.now()
    with st.container(border=True):
        st.subheader(disagreements.heading(difference), anchor=False)
        ui.rich(disagreements.standing(difference, now))
        with st.grid(2, min_column_width=320):
            for side in disagreements.sides(difference, now):
                with st.container(border=True, height="stretch", gap="xsmall"):
                    st.markdown(side.title)
                    st.markdown(f"##### {side.value}", anchors=False)
                    for line in side.lines:
                        ui.rich(f":small[{line}]")
        if difference.explanation:
            told = difference.explanation
            st.info(
                f"{disagreements.REASON[told.reason]}: {text.plain(told.sentence)}",
                icon=":material/info:",
            )
            ui.change_link(told.change_id, f"Open {told.change_id}")
        if difference.failure:
            st.warning(text.plain(difference.failure), icon=":material/build:")
        if line := disagreements.decision_line(difference, now):
            st.markdown(line)
        if difference.repairs:
            st.markdown("##### Repairs on record", anchors=False)
            ui.static_table(
                disagreements.repair_rows(difference.repairs, now), empty="", alt="Repairs"
            )
        _decide(difference)


def _decide(difference: DifferenceView) -> None:
    offers = disagreements.offered(difference)
    if not offers:
        return
    st.markdown(f"**A repair:** {text.plain(disagreements.repair_sentence(difference))}")
    with st.form(f"decide.{difference.id}", border=False, enter_to_submit=False):
        reason = decisions.reason(
            difference.id, hint="Why, in a sentence. It is kept with the difference."
        )
        with st.container(horizontal=True):
            for offer in offers:
                decisions.submit(
                    _shown(difference, offer, reason),
                    disagreements.label(offer),
                    icon=disagreements.ACTION[offer.action].icon,
                    primary=offer is offers[0],
                    disabled=not offer.allowed,
                )
    for offer in offers:
        if offer.reason:
            name = disagreements.ACTION[offer.action].label
            st.caption(f"**{name}:** {text.plain(offer.reason)}")


def _shown(
    difference: DifferenceView, offer: DifferencePermissionView, reason: str
) -> Shown[DifferenceView]:
    api, action = session.api(), DifferenceAction(offer.action)

    def send(key: str, body: Mapping[str, Any]) -> DifferenceView:
        return api.decide_difference(difference.id, action, idempotency_key=key, body=body)

    return Shown(
        form=f"{action}.{difference.id}",
        reason_field=reason,
        asks_to=disagreements.ACTION[action].label.lower(),
        send=send,
        tells=lambda after: disagreements.confirmation(action, after),
        given={"seen_sha256": difference.sha256},
    )


ui.title(
    "Disagreements",
    "Where a system has another value than the field's owner. Nothing is written before somebody "
    "decides.",
)
_last_run()
with ui.guarded():
    _differences()
