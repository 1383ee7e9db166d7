"""Drift: what vendors send other than before, and what people say it means."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus

import streamlit as st

from domain.contracts_drift import DriftItemView
from domain.drift import DriftState
from domain.mappings import MappingState
from domain.service_change import Role
from support_ui import drift_forms, paging, session, ui
from support_ui.calls.transport import ApiError
from support_ui.view_models import drift, text

_ROWS = 25
_CHANGES = 20
_ID = "id"
_CHOSEN = "drift.chosen"
"""The drift the list itself put into the address; any other comes from a link somebody sent."""

_DECIDED = (DriftState.MAPPED, DriftState.ACCEPTED, DriftState.DISMISSED)
_EMPTY = {
    "open": (
        "Nothing is held up",
        "What a vendor sends and nothing here understands appears here within seconds.",
    ),
    "noted": (
        "Nothing new was noted",
        "New fields that nothing here acts on are noted here once; they hold nothing up.",
    ),
    "decided": ("Nothing was decided yet", "What was mapped, accepted or dismissed stays here."),
}
_WIDTHS = {
    "What": 430,
    "System": 100,
    "Kind": 130,
    "Parked": 75,
    "Seen": 75,
    "First seen": 95,
    "Last seen": 95,
    "State": 120,
}


def _inbox(name: str, states: tuple[DriftState, ...], *, parks: bool | None) -> None:
    wanted = st.query_params.get(_ID)
    page = session.api().drift(
        states=states, parks=parks, cursor=paging.cursor(f"drift.{name}", None), limit=_ROWS
    )
    found = {item.id: item for item in page.items}
    if wanted and wanted not in found and wanted != st.session_state.get(_CHOSEN):
        _mailed(wanted)
        return
    if not found:
        heading, sentence = _EMPTY[name]
        ui.nothing_here(heading, sentence, "task_alt")
        return
    chosen = ui.chosen_row(
        [drift.row(item, session.now()) for item in page.items],
        list(found),
        wanted,
        name=f"drift.{name}",
        alt="What differs, the newest first",
        columns=_WIDTHS,
    )
    st.session_state[_CHOSEN] = st.query_params[_ID] = chosen
    paging.controls(f"drift.{name}", None, page.next_cursor, len(page.items))
    _open(session.api().drift_item(chosen))


def _mailed(item_id: str) -> None:
    """A drift that a link leads to, whatever became of it."""
    st.button("Back to the inbox", icon=":material/arrow_back:", on_click=st.query_params.clear)
    try:
        item = session.api().drift_item(item_id)
    except ApiError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        ui.problem(error)
    else:
        _open(item)


def _open(item: DriftItemView) -> None:
    now = session.now()
    with st.container(border=True):
        st.subheader(text.plain(item.sentence), anchor=False)
        ui.rich(drift.standing(item, now))
        if item.next_action:
            st.info(text.plain(item.next_action), icon=":material/arrow_forward:")
        if item.proposal:
            drift_forms.answer(item, item.proposal)
        with st.container(horizontal=True, gap="medium"):
            with st.container(width=600):
                _evidence(item)
            with st.container(width=600):
                _decision(item)
        if item.parks:
            st.markdown("##### Changes that met it", anchors=False)
            _changes(item.id)


def _evidence(item: DriftItemView) -> None:
    ui.static_table(drift.fact_rows(item), empty="", alt="Where it is and what is expected")
    if item.diff:
        st.markdown("##### Differs from what came before", anchors=False)
        ui.static_table(drift.diff_rows(item.diff), empty="", alt="Paths that differ")
    st.markdown("##### The first one, redacted", anchors=False)
    if isinstance(item.sample, dict | list):
        st.json(item.sample, expanded=3)
    else:
        st.caption(text.plain(str(item.sample or "Nothing could be kept of it.")))


def _decision(item: DriftItemView) -> None:
    if item.state is DriftState.OPEN:
        if not item.proposal:
            st.markdown("##### What it means", anchors=False)
            drift_forms.propose(item)
    else:
        st.markdown("##### What was decided", anchors=False)
        by = text.plain(item.decided_by or "")
        when = text.age(item.decided_at, session.now())
        st.markdown(
            f"{drift.STATE[item.state].badge} by **{by}**, {when}: “{text.plain(item.reason)}”"
        )
    if item.replays:
        _release(item.id)
    if item.mappings:
        st.markdown("##### Mappings proposed for it", anchors=False)
        rows = [drift.mapping_row(each, session.now()) for each in item.mappings]
        kept = [{k: v for k, v in row.items() if k not in {"System", "Why"}} for row in rows]
        ui.static_table(kept, empty="", alt="Mappings proposed for it")


@st.fragment(run_every=5.0)
def _release(item_id: str) -> None:
    """How far the release is, looked at again by itself."""
    with ui.guarded():
        item = session.api().drift_item(item_id)
        st.markdown("##### Release of what was parked", anchors=False)
        ui.static_table(
            drift.replay_rows(item, session.now()), empty="", alt="Replays that release it"
        )


def _changes(item_id: str) -> None:
    page = session.api().drift_changes(item_id, limit=_CHANGES)
    if not page.items:
        st.caption("No change met it: it came with an event, or when a vendor was polled.")
        return
    ui.link_table(
        [drift.change_row(each, session.now()) for each in page.items],
        key=f"drift.changes.{item_id}",
        alt="Changes that met it, the latest first",
        columns={
            "Account": ui.wide(120),
            "Now": ui.wide(120),
            "Step": ui.wide(220),
            "Met it": ui.wide(110),
        },
    )
    if page.next_cursor:
        st.caption(f"The {len(page.items)} latest are shown.")


def _mappings() -> None:
    page = session.api().mappings(cursor=paging.cursor("mappings", None), limit=_ROWS)
    if not page.items:
        ui.nothing_here(
            "Nothing is mapped",
            "What two persons have mapped stands here, every version with its dates.",
            "translate",
        )
        return
    ui.static_table(
        [drift.mapping_row(each, session.now()) for each in page.items],
        empty="",
        alt="Mappings, the newest first",
    )
    paging.controls("mappings", None, page.next_cursor, len(page.items))
    caller = session.me()
    active = [each for each in page.items if each.state is MappingState.ACTIVE]
    if caller and caller.role is Role.ADMIN and active:
        with st.expander("Retire a mapping", icon=":material/history:"):
            names = {each.id: each for each in active}
            chosen = st.selectbox(
                "Which",
                list(names),
                key="retire.which",
                format_func=lambda id_: f"{names[id_].raw} → {names[id_].known}",
            )
            drift_forms.retire(names[chosen])


_PARTS: dict[str, Callable[[], None]] = {
    "Holds something up": partial(_inbox, "open", (DriftState.OPEN,), parks=True),
    "Noted": partial(_inbox, "noted", (DriftState.OPEN,), parks=False),
    "Decided": partial(_inbox, "decided", _DECIDED, parks=None),
    "Mappings": _mappings,
}
"""One tab each, named in the address; only the open one is read and drawn."""

ui.title("Drift", "What vendors send other than before, and what it means.")
for tab, show in zip(
    st.tabs(list(_PARTS), key="tab", bind="query-params"), _PARTS.values(), strict=True
):
    if tab.open:
        with tab, ui.guarded():
            show()
