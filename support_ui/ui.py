"""Pieces several pages are laid out from: headings, badges, tables, empty and error states."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from domain.contracts import Me
from domain.contracts_failures import FailureView
from domain.service_change import Action
from support_ui import asking, session
from support_ui.calls.transport import ApiError
from support_ui.view_models import failures, lists, places, problems, text, words
from support_ui.view_models import outlook as outlook_view
from support_ui.view_models.places import Place

_ROWS_AT_ONCE: Final = 8
"""Of a list with a detail below it; more are reached by scrolling."""

_HEADING: Final = "ui.heading"
_OPENING: Final = "ui.opening"
_FLASHES: Final = {"success": st.success, "warning": st.warning, "error": st.error}
_FLASH_ICONS: Final = {
    "success": ":material/check_circle:",
    "warning": ":material/edit_note:",
    "error": ":material/block:",
}


def top_row(caller: Me, heading: str) -> None:
    """The heading, who is signed in, a way to look again, and the way out."""
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(width="stretch"):
            st.session_state[_HEADING] = st.empty()
        st.session_state[_HEADING].title(heading, anchor=False)
        role = "" if caller.principal == caller.role else f", {words.ROLE[caller.role].lower()}"
        st.caption(f"Signed in as **{text.plain(caller.principal)}**{role}", width="content")
        st.button("Refresh", key="refresh", type="tertiary", icon=":material/refresh:")
        st.button(
            "Sign out",
            key="sign_out",
            type="tertiary",
            icon=":material/logout:",
            on_click=session.sign_out,
        )


def flash() -> None:
    """Show what the last action has to say, once.

    Its place is there in any case: what stands below keeps its own while the page is drawn anew.
    """
    told = asking.flashed()
    with st.empty():
        if told:
            _FLASHES[told.tone](told.sentence, icon=_FLASH_ICONS[told.tone])


def title(heading: str, subtitle: str) -> None:
    """A heading of the page's own, in the top row, and one line under it."""
    st.session_state[_HEADING].title(heading, anchor=False)
    small(subtitle)


def small(body: str) -> None:
    """Small print that may hold code, which a caption would draw too pale to read."""
    st.markdown(f":small[{body}]")


def rich(body: str) -> None:
    """Markdown that may hold `text.hover`; whatever came from outside is to be `text.plain`."""
    st.markdown(body, unsafe_allow_html=True)


def nothing_here(heading: str, sentence: str, icon: str) -> None:
    """An empty state: what is empty, and when it will not be."""
    with st.container(border=True, horizontal_alignment="center", gap="xsmall"):
        st.markdown(
            f"#### :gray[:material/{icon}:] {heading}", text_alignment="center", anchors=False
        )
        st.caption(sentence, text_alignment="center")


def problem(error: ApiError) -> None:
    """What the API refused or could not do, in its own words, and what to do next."""
    sentence = problems.told(error.problem, error.retry_after)
    if error.status == HTTPStatus.FORBIDDEN:
        st.warning(sentence, icon=":material/lock:")
    elif error.status == HTTPStatus.NOT_FOUND:
        st.warning(sentence, icon=":material/search_off:")
    else:
        st.error(sentence, icon=":material/cloud_off:")
    if error.problem.correlation_id:
        small(f"If you ask for help, name correlation id `{error.problem.correlation_id}`.")


@contextmanager
def guarded() -> Iterator[None]:
    """Show what the API refuses where it was asked; a sign-in that has ended leads to another."""
    try:
        yield
    except ApiError as error:
        if error.status == HTTPStatus.UNAUTHORIZED:
            session.forget()
            st.rerun()
        problem(error)


def static_table(rows: Sequence[Mapping[str, str]], *, empty: str, alt: str) -> None:
    """A short table whose cells are Markdown and wrap, or a sentence when there is nothing."""
    if rows:
        st.table([dict(row) for row in rows], border="horizontal", hide_index=True, alt=alt)
    else:
        st.caption(empty)


def outlook(change_id: str, action: Action) -> None:
    """What an action would mean for each step of a change, as the API tells it now."""
    with guarded():
        told = session.api().outlook(change_id, action)
        if sentence := outlook_view.sentence(told):
            st.caption(sentence)
        if rows := outlook_view.rows(told):
            st.caption("What it means for each step that stands")
            static_table(rows, empty="", alt="What it means for each step that stands")


def failure_headline(told: FailureView) -> None:
    """The cause alone."""
    banner = st.error if told.dead_letter else st.warning
    banner(failures.headline(told), icon=":material/error:")


def failure_facts(told: FailureView) -> None:
    """Whose work a failure is, what to do, and the errors at both ends of its story."""
    with st.container(border=True, gap="small"):
        with st.grid(3, min_column_width=230, gap="medium"):
            for fact in failures.facts(told, session.now()):
                with st.container(gap="xxsmall"):
                    st.caption(f":material/{fact.icon}: {fact.label}")
                    for line in filter(None, fact.lines):
                        st.markdown(f":small[{line}]")
        if told.drift:
            drift_link(told.drift)
        if told.dead_letter:
            link(
                places.cause(told.fingerprint),
                "Everything that stands still for this cause",
                "manage_search",
            )


def drift_link(item_id: str) -> None:
    """A link to what a vendor's answer differs in."""
    link(places.drift(item_id), "What differs, and what it can be mapped to", "difference")


def chosen_row(
    rows: Sequence[lists.Row],
    ids: Sequence[str],
    wanted: str | None,
    *,
    name: str,
    alt: str,
    columns: Mapping[str, int | ColumnConfig],
) -> str:
    """A list one row of which is always chosen; returns its id.

    `columns` are widths in pixels, or whole columns where text is not enough.
    """
    key = f"{name}.{hash(tuple(ids))}"

    def whole_row() -> None:
        cells = st.session_state[key]["selection"]["cells"]
        if cells:
            st.session_state[key] = {"selection": {"rows": [cells[0][0]]}}

    state = st.dataframe(
        rows,
        key=key,
        hide_index=True,
        row_height=36,
        height="content" if len(rows) <= _ROWS_AT_ONCE else 330,
        on_select=whole_row,
        selection_mode=["single-row-required", "single-cell"],
        selection_default={"selection": {"rows": [ids.index(wanted) if wanted in ids else 0]}},
        alt=alt,
        column_config={
            name: wide(column) if isinstance(column, int) else column
            for name, column in columns.items()
        },
    )
    chosen = state["selection"]["rows"]
    return ids[chosen[0]] if chosen and chosen[0] < len(ids) else ids[0]


@dataclass(frozen=True, slots=True)
class Opens:
    """What the `Open` cells of a table are called, and where that of each row leads."""

    label: str
    places: Sequence[Place]
    help: str = "Opens the change"
    width: int = 190


def link_table(
    rows: Sequence[lists.Row],
    *,
    key: str,
    alt: str,
    columns: Mapping[str, ColumnConfig],
    opens: Opens | None = None,
) -> None:
    """Rows whose `Open` cell leads somewhere; if nothing else is said it is a change id."""
    clicked = f"{key}.open"
    opens = opens or Opens("Change id", [places.change(str(row["Open"])) for row in rows])

    def opened() -> None:
        st.session_state[_OPENING] = opens.places[st.session_state[clicked]["row"]]

    st.dataframe(
        [
            {**row, "Open": f":material/open_in_full: {row['Open']}" if row["Open"] else ""}
            for row in rows
        ],
        key=key,
        hide_index=True,
        row_height=38,
        height="content",
        alt=alt,
        column_config={
            **columns,
            "Open": st.column_config.ButtonColumn(
                opens.label,
                type="tertiary",
                alignment="left",
                width=opens.width,
                help=opens.help,
                on_click=opened,
                key=clicked,
            ),
        },
    )
    chosen: Place | None = st.session_state.pop(_OPENING, None)
    if chosen:
        st.switch_page(chosen.page, query_params=chosen.query)


def wide(pixels: int) -> ColumnConfig:
    """A column of text this wide."""
    return st.column_config.TextColumn(width=pixels)


def change_link(change_id: str, label: str = "Open the change") -> None:
    """A link to a change that may be copied and mailed."""
    link(places.change(change_id), label, "open_in_full")


def link(to: Place, label: str, icon: str = "arrow_forward") -> None:
    """A link that may be copied and mailed."""
    st.page_link(to.page, label=label, icon=f":material/{icon}:", query_params=to.query)
