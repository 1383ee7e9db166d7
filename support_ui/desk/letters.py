"""The changes behind a cause, and what may be done to the one that is chosen."""

import streamlit as st

from domain.contracts_desk import DeadLetterGroupView
from support_ui import decisions, session, ui
from support_ui.view_models import actions, dead_letters, places, words
from support_ui.view_models.actions import Offer

LETTER = "letter"
"""The part of the address that names the chosen change."""


def show(fingerprint: str, group: DeadLetterGroupView | None) -> None:
    """Every change that stands still for the cause, and the way to correct, skip or retry one."""
    page = session.api().dead_letters(fingerprint)
    if not page.items:
        st.caption("Nothing stands still for this cause any more.")
        return
    st.markdown("##### What stands still", anchors=False)
    chosen = ui.chosen_row(
        [dead_letters.letter_row(item, session.now()) for item in page.items],
        [item.change_id for item in page.items],
        st.query_params.get(LETTER),
        name=f"letters.{fingerprint}",
        alt="Changes that stand still for this cause, the soonest due first",
        columns={
            "Due": 130,
            "Account": 110,
            "Change": 190,
            "Stands still": 100,
            "It said": 410,
            "Attempts": st.column_config.NumberColumn(width=80),
            "Last error": 95,
        },
    )
    st.query_params[LETTER] = chosen
    if page.next_cursor:
        st.caption(dead_letters.cut_short(len(page.items), group))
    _ways(chosen)


def _ways(change_id: str) -> None:
    """To the change, and to each action with its form open; what is refused says why."""
    api = session.api()
    offers = actions.offers(
        api.change(change_id),
        api.answers(change_id).may_act,
        frozenset(dead_letters.FROM_A_LETTER),
    )
    by_action = {offer.action: offer for offer in offers}
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        ui.change_link(change_id)
        for action, label in dead_letters.FROM_A_LETTER.items():
            if action in by_action:
                _way(change_id, label, by_action[action])


def _way(change_id: str, label: str, offer: Offer) -> None:
    st.page_link(
        places.CHANGE_PAGE,
        label=label,
        icon=f":material/{words.ACTION[offer.action].icon}:",
        help=offer.hint,
        disabled=offer.refusal is not None,
        query_params={"id": change_id, decisions.ACTING: str(offer.action)},
    )
