"""What vendors told: the inbox at a glance, its events, and one of them whole."""

from datetime import datetime
from functools import partial
from typing import Final

import streamlit as st

from domain.contracts_inbox import InboxEventSummary, InboxEventView
from domain.identifiers import System
from domain.vendor_events import SENDERS, InboxState
from support_ui import asking, paging, session, ui
from support_ui.view_models import messages, text, words

_LIST: Final = "events"
_ROWS: Final = 50
_EVENT: Final = "event"
"""The part of the address that names the event whose details are shown."""

_CHOSEN: Final = "received.chosen"
"""The event the list itself put into the address; any other comes from a link somebody sent."""

_TYPED: Final = {
    "account_id": ("Account", "7590-VHVEG"),
    "reference": ("Vendor's reference", "il_… or a ticket"),
    "change_id": ("Change id", "chg_…"),
}
_WIDTHS: Final = {
    "Received": 95,
    "From": 90,
    "State": 120,
    "Type": 200,
    "What came of it": 310,
    "Again": 70,
    "Account": 110,
    "Reference": 165,
    "By": 80,
}


def show() -> None:
    """The tab."""
    now = session.now()
    _glance(now)
    filters = _filters()
    narrowed = tuple(sorted((name, str(value)) for name, value in filters.items() if value))
    page = session.api().events(filters, cursor=paging.cursor(_LIST, narrowed), limit=_ROWS)
    wanted = st.query_params.get(_EVENT)
    by_link = wanted if wanted != st.session_state.get(_CHOSEN) else None
    linked = messages.event_of(by_link or "")
    if linked and by_link not in {messages.event_name(each) for each in page.items}:
        _back()
        _whole(*linked, now)
        return
    if not page.items:
        ui.nothing_here(
            "No event here",
            "No event fits these filters. Loosen them to see more."
            if narrowed
            else "What vendors send to our webhooks, or tell when asked, appears here.",
            "inbox",
        )
        return
    chosen = _choose(page.items, wanted, now)
    paging.controls(_LIST, narrowed, page.next_cursor, len(page.items))
    _whole(chosen.system, chosen.event_id, now)


def _back() -> None:
    st.button(
        "Back to every event", key="received.back", icon=":material/arrow_back:", on_click=_leave
    )


def _leave() -> None:
    st.query_params.pop(_EVENT, None)


def _glance(now: datetime) -> None:
    cards = [messages.inbox_card(each, now) for each in session.api().inbox_summary().systems]
    with st.grid(max(len(cards), 1), min_column_width=320):
        for card in cards:
            with st.container(border=True, height="stretch", gap="xsmall"):
                with st.container(horizontal=True, vertical_alignment="center"):
                    st.markdown(f"**{words.SYSTEM[card.system]}**", width="stretch")
                    st.markdown(card.look.badge, width="content")
                for line in card.lines:
                    ui.rich(f":small[{line}]")


def _filters() -> dict[str, str | list[str] | None]:
    with st.grid(5, min_column_width=170):
        system = st.selectbox(
            "From",
            SENDERS,
            index=None,
            key="from",
            bind="query-params",
            format_func=lambda each: words.SYSTEM[System(each)],
            placeholder="Any system",
        )
        states = st.multiselect(
            "State",
            [state.value for state in InboxState],
            key="state",
            bind="query-params",
            format_func=lambda value: words.INBOX[InboxState(value)].label,
            placeholder="Any state",
        )
        typed = {
            name: st.text_input(label, key=name, bind="query-params", placeholder=hint)
            for name, (label, hint) in _TYPED.items()
        }
    entered = {name: (value or "").strip() or None for name, value in typed.items()}
    return {"system": str(system) if system else None, "state": states, **entered}


def _choose(
    events: list[InboxEventSummary], wanted: str | None, now: datetime
) -> InboxEventSummary:
    by_name = {messages.event_name(each): each for each in events}
    chosen = ui.chosen_row(
        [messages.event_row(each, now) for each in events],
        list(by_name),
        wanted,
        name=_LIST,
        alt="Events of vendors, the newest first",
        columns=_WIDTHS,
    )
    st.session_state[_CHOSEN] = st.query_params[_EVENT] = chosen
    return by_name[chosen]


def _whole(system: System, event_id: str, now: datetime) -> None:
    event = session.api().event(system, event_id)
    with st.container(border=True, gap="small"):
        st.markdown(messages.headline(event))
        for line in messages.story(event, now):
            ui.rich(line)
        for change_id in event.change_ids:
            ui.change_link(change_id, f"It concerned change {change_id}")
        if event.next_action:
            st.info(text.plain(event.next_action), icon=":material/arrow_forward:")
        _release(event)
        if event.duplicates:
            st.markdown("##### Arrivals", anchors=False)
            st.caption(messages.again(event))
            ui.static_table(messages.arrival_rows(event, now), empty="", alt="Arrivals")
        with st.grid(2, min_column_width=380, gap="medium"):
            with st.container(gap="xsmall"):
                st.markdown("##### Known by", anchors=False)
                ui.static_table(messages.identifier_rows(event), empty="", alt="Known by")
                st.markdown("##### Headers", anchors=False)
                ui.static_table(
                    messages.header_rows(event.headers),
                    empty="None: it came by polling.",
                    alt="Headers",
                )
            with st.container(gap="xsmall"):
                st.markdown("##### Body, without what may be personal", anchors=False)
                if event.body is None:
                    st.caption("It cannot be read as JSON; its bytes are kept.")
                else:
                    st.json(event.body)


def _release(event: InboxEventView) -> None:
    """The form that has an event processed again; why not, where it waits for somebody else."""
    if event.state not in messages.STUCK:
        return
    if not event.may_release:
        st.caption(f":material/lock: {text.plain(event.release_refused or '')}")
        return
    name = messages.event_name(event)
    with st.form(f"release.{name}", border=False, enter_to_submit=False):
        st.text_area("Reason", key=f"release.why.{name}", height=80)
        st.form_submit_button(
            "Release: have it processed again",
            key=f"release.send.{name}",
            type="primary",
            icon=":material/outbox:",
            on_click=_send,
            args=(event,),
        )


def _send(event: InboxEventView) -> None:
    """A second click finds it queued, or processed, and is refused; it is released once."""
    why = asking.entered(f"release.why.{messages.event_name(event)}")
    if not why:
        asking.flash("warning", "Say why it may be processed now; the reason is kept.")
        return
    asking.ask(
        partial(session.api().release, event.system, event.event_id, reason=why),
        lambda after: (
            f"Released: the event is {words.INBOX[after.state].label.lower()}, "
            "and is worked off within seconds."
        ),
    )
