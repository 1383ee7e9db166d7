"""Today: where changes stand, what waits for people, how the vendors answer."""

from datetime import datetime

import streamlit as st

from domain.contracts import ServiceChangeSummary
from support_ui import session, tables, ui
from support_ui.view_models import health, lists, text, today, words

_OLDEST_SHOWN = 10
_MOST_READ = 1000
"""Of what waits for people; more than this and the oldest are found on the page Find."""


@st.fragment(run_every=10.0)
def _live() -> None:
    api, now = session.api(), session.now()
    with ui.guarded():
        _counts(today.status_groups(api.counts()))
        st.subheader("Waiting for people, the oldest first", anchor=False)
        _oldest(lists.by_age(api.every_change(today.WAITING_FOR_PEOPLE, _MOST_READ)), now)
        st.subheader("Systems of record", anchor=False)
        _vendors([health.vendor_card(item, now) for item in api.integrations()])
        st.page_link(
            ui.OWNERSHIP_PAGE, label="Which system owns which field", icon=":material/key:"
        )
    st.caption(f"As of {text.moment(now, now)}. Looks again every 10 s.")


def _oldest(waiting: list[ServiceChangeSummary], now: datetime) -> None:
    if not waiting:
        ui.nothing_here(
            "Nobody is waited for",
            "Changes that need a document, a decision or a hand appear here.",
            "task_alt",
        )
        return
    tables.change_table(
        [today.waiting_row(change, now) for change in waiting[:_OLDEST_SHOWN]],
        key="oldest",
        alt="The oldest changes that wait for a person",
    )


def _counts(groups: list[today.StatusGroup]) -> None:
    with st.grid(3, min_column_width=225):
        for group in groups:
            with st.container(border=True, height="stretch", gap="xsmall"):
                st.metric(group.title, f"{group.total:,}")
                for item in group.counts:
                    _count_line(item)


def _count_line(item: today.StatusCount) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(
            ui.FIND_PAGE,
            label=words.STATUS[item.status].badge,
            icon="",
            query_params={"status": words.STATUS[item.status].label},
        )
        st.markdown(f"**{item.count:,}**", width="stretch", text_alignment="right")


def _vendors(cards: list[health.VendorCard]) -> None:
    if not cards:
        st.caption("No system of record is connected.")
        return
    with st.grid(4, min_column_width=260):
        for card in cards:
            with st.container(border=True, height="stretch", gap="xsmall"):
                st.markdown(f"**{card.title}** {card.look.badge}")
                for line in card.lines:
                    st.caption(line)


st.caption("Where changes stand, what waits for people, how the vendors answer.")
_live()
