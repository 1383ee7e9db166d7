"""Every attempt of a change; of the chosen one, what was said both ways."""

from typing import Final

import streamlit as st

from domain.contracts import ServiceChangeView
from support_ui import paging, session, ui
from support_ui.change import opening
from support_ui.view_models import attempts, evidence
from support_ui.view_models.attempts import Said

_LIST: Final = "attempts"
_AT_ONCE: Final = 50


def show(change: ServiceChangeView) -> None:
    """The attempts, the oldest first, and the one that is chosen."""
    wanted = evidence.opened(opening.name(), "attempt")
    page = session.api().attempts(change.id, cursor=paging.cursor(_LIST, change.id), limit=_AT_ONCE)
    now = session.now()
    if not page.items:
        ui.nothing_here("No attempt yet", "No system has been called for this change.", "refresh")
        return
    chosen = ui.chosen_row(
        attempts.rows(page.items, now),
        [str(each.id) for each in page.items],
        wanted,
        name=f"attempts.{wanted}",
        alt="Every attempt of every step, the oldest first",
        columns={
            "Began": 175,
            "Step": 200,
            "System": 100,
            "Attempt": 70,
            "Outcome": 160,
            "HTTP": 60,
            "Took": 80,
            "Tried again": 120,
            "Said": 300,
        },
    )
    paging.controls(_LIST, change.id, page.next_cursor, len(page.items))
    # Linked to from elsewhere in the list, the attempt is shown although it is on another page.
    on_page = {str(each.id) for each in page.items}
    with ui.guarded():
        _detail(change, wanted if wanted and wanted not in on_page else chosen)


def _detail(change: ServiceChangeView, attempt_id: str) -> None:
    attempt = session.api().attempt(change.id, attempt_id, opening.personal())
    with st.container(border=True, gap="small"):
        st.markdown(attempts.headline(attempt))
        if attempt.effect_key:
            ui.small(f"Idempotency key `{attempt.effect_key}`")
        exchanges = attempts.said(attempt)
        if not exchanges:
            st.caption("Nothing was said: the try ended before the system was called.")
        for number, each in enumerate(exchanges):
            _exchange(each, open_=number == len(exchanges) - 1)
        st.caption(
            "Personal members of bodies are not kept with an exchange; the payload holds what was "
            "sent."
        )


def _exchange(exchange: Said, *, open_: bool) -> None:
    label = f"{exchange.heading}: {exchange.answer}".replace("[", "(").replace("]", ")")
    with (
        st.expander(label, expanded=open_, icon=":material/swap_horiz:"),
        st.grid(2, min_column_width=340, gap="medium"),
    ):
        with st.container(gap="xsmall"):
            st.markdown("**Request**")
            _half(exchange.request, exchange.request_headers, "Headers of the request")
        with st.container(gap="xsmall"):
            st.markdown("**Answer**")
            _half(exchange.response, exchange.response_headers, "Headers of the answer")


def _half(body: object, headers: list[dict[str, str]], alt: str) -> None:
    if headers:
        ui.static_table(headers, empty="", alt=alt)
    if body is None:
        st.caption("No body.")
    elif isinstance(body, str):
        st.code(body, language=None, wrap_lines=True)
    else:
        st.json(body)
