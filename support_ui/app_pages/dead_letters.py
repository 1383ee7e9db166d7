"""Dead letters: what stands still, by cause, and what brings it to an end."""

import streamlit as st

from domain.contracts_desk import DeadLetterGroupView, ReplayView
from domain.desk import CauseState
from domain.drift import is_drift_id
from support_ui import assignments, paging, session, ui
from support_ui.calls.transport import ApiError
from support_ui.desk import items, letters, overview, retrying
from support_ui.view_models import dead_letters, desk_trend, text, words

_LIST = "causes"
_ROWS = 25
_WORK = "work"
_CAUSE = "cause"
_CHOSEN = "dead_letters.chosen"
"""The cause the list itself put into the address; any other comes from a link somebody sent."""


def _part() -> str:
    """Whose causes are looked at, as the address says it."""
    chosen = st.segmented_control(
        "Whose work",
        list(dead_letters.WORK),
        key=_WORK,
        bind="query-params",
        default=next(iter(dead_letters.WORK)),
        required=True,
        label_visibility="collapsed",
    )
    return str(chosen)


def _desk() -> None:
    above = st.container()
    part = _part()
    caller = session.me()
    work = dead_letters.work_of(part, caller.principal if caller else "")
    page = session.api().causes(work=work, cursor=paging.cursor(_LIST, part), limit=_ROWS)
    replay = _replay()
    wanted = st.query_params.get(_CAUSE) or _cause_of(replay)
    found = {group.fingerprint: group for group in page.items}
    unit = desk_trend.UNITS[overview.unit()]
    trend = session.api().trend(unit, session.zone_name(), list(found))
    with above:
        overview.trend(trend)
        overview.held_back(page.items, session.api().pauses())
    by_link = replay is not None or wanted != st.session_state.get(_CHOSEN)
    if wanted and wanted not in found and by_link:
        _cause(wanted, session.api().cause(wanted), replay, mailed=True)
        return
    if not page.items:
        heading, sentence = dead_letters.NOTHING[part]
        ui.nothing_here(heading, sentence, "task_alt")
        return
    chosen = _choose(page.items, desk_trend.of_causes(trend), wanted)
    if chosen != wanted:
        for name in (retrying.REPLAY, letters.LETTER):
            st.query_params.pop(name, None)
        replay = None
    st.session_state[_CHOSEN] = st.query_params[_CAUSE] = chosen
    paging.controls(_LIST, part, page.next_cursor, len(page.items))
    _cause(chosen, found[chosen], replay, mailed=False)


def _replay() -> ReplayView | None:
    """The replay the address names; one there is not says so, and the rest is shown."""
    name = st.query_params.get(retrying.REPLAY)
    if not name:
        return None
    try:
        return session.api().replay(name, items.wanted(name))
    except ApiError as error:
        ui.problem(error)
        return None


def _cause_of(replay: ReplayView | None) -> str | None:
    named = replay.selection.get("fingerprint") if replay else None
    return str(named) if named else None


def _choose(
    groups: list[DeadLetterGroupView], trends: dict[str, list[int]], wanted: str | None
) -> str:
    now = session.now()
    return ui.chosen_row(
        [dead_letters.cause_row(group, trends[group.fingerprint], now) for group in groups],
        [group.fingerprint for group in groups],
        wanted,
        name=_LIST,
        alt="Causes for which changes stand still, the longest overdue first",
        columns={
            "Clock": st.column_config.MultiselectColumn(
                width=95,
                options=[look.label for look in dead_letters.CLOCK.values()],
                color=[look.colour for look in dead_letters.CLOCK.values()],
            ),
            "Due": 125,
            "Changes": 75,
            "Standing": st.column_config.AreaChartColumn(
                width=110, y_min=0, help="How many stood still, over the time of the picture above"
            ),
            "Cause": 430,
            "State": st.column_config.MultiselectColumn(
                width=85,
                options=[look.label for look in words.CAUSE.values()],
                color=[look.colour for look in words.CAUSE.values()],
            ),
            "Whose": 130,
            "Team": 160,
        },
    )


def _cause(
    fingerprint: str,
    group: DeadLetterGroupView | None,
    replay: ReplayView | None,
    *,
    mailed: bool,
) -> None:
    if mailed:
        st.button("Back to all causes", icon=":material/arrow_back:", on_click=_back)
    with st.container(border=True, gap="small"):
        if group:
            _standing(group)
            retrying.button(group)
        else:
            _resolved(fingerprint)
        with st.empty():  # what stands below keeps its place while the page is drawn anew
            if replay:
                retrying.show(replay)
        letters.show(fingerprint, group)
        retrying.earlier(fingerprint)


def _standing(group: DeadLetterGroupView) -> None:
    now = session.now()
    st.markdown(f"##### {text.plain(group.cause)}", anchors=False)
    ui.rich(dead_letters.cause_standing(group, now))
    for hold in group.holds:
        ui.rich(dead_letters.hold(hold, now))
    if is_drift_id(group.reason):
        ui.drift_link(group.reason)
    elif group.reason:
        st.markdown(text.plain(group.reason))
    st.info(text.plain(group.next_action), icon=":material/arrow_forward:")
    assignments.show(f"cause:{group.fingerprint}", group.assignment)


def _resolved(fingerprint: str) -> None:
    """A cause for which nothing stands still, by its name if anything ever did."""
    known = session.api().first_of_cause(fingerprint)
    name = text.plain(known.cause) if known else f"Cause `{text.plain(fingerprint)}`"
    st.markdown(f"##### {name} {words.CAUSE[CauseState.RESOLVED].badge}", anchors=False)


def _back() -> None:
    for name in (_CAUSE, retrying.REPLAY, letters.LETTER):
        st.query_params.pop(name, None)


ui.title("Dead letters", "Changes that cannot go on by themselves, and what would move them.")
_desk()
