"""The tables several pages show: their columns and how wide each is."""

from collections.abc import Sequence

import streamlit as st

from support_ui import ui
from support_ui.view_models import lists, words


def change_table(rows: Sequence[lists.Row], *, key: str, alt: str) -> None:
    """A list of changes; the id of each row opens its page."""
    ui.link_table(
        rows,
        key=key,
        alt=alt,
        columns={
            "Status": st.column_config.MultiselectColumn(
                width=150,
                options=[look.label for look in words.STATUS.values()],
                color=[look.colour for look in words.STATUS.values()],
            ),
            "Account": ui.wide(110),
            "Change": ui.wide(230),
            "Waits for / next": ui.wide(300),
            "Waiting for": ui.wide(90),
            "Found by": ui.wide(260),
            "Submitted": ui.wide(90),
            "Updated": ui.wide(90),
        },
    )


def audit_table(rows: Sequence[lists.Row]) -> None:
    """The audit list; the change id of each row opens its page."""
    ui.link_table(
        rows,
        key="audit",
        alt="Audit entries, the newest first",
        columns={
            "When": ui.wide(175),
            "Who": ui.wide(120),
            "As": ui.wide(80),
            "Did": ui.wide(140),
            "Outcome": ui.wide(100),
            "Before → after": ui.wide(220),
            "Reason": ui.wide(240),
            "More": ui.wide(240),
            "Account": ui.wide(110),
            "Correlation id": ui.wide(290),
        },
    )


def letter_table(rows: Sequence[lists.Row]) -> None:
    """What stands still for one cause; the change id of each row opens its page."""
    ui.link_table(
        rows,
        key="letters",
        alt="Changes that stand still for this cause, the oldest first",
        columns={
            "Account": ui.wide(110),
            "Stands still": ui.wide(100),
            "Attempts": st.column_config.NumberColumn(width=80),
            "First error": ui.wide(100),
            "Last error": ui.wide(100),
            "It said": ui.wide(420),
        },
    )
