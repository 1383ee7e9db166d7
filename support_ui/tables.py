"""The tables several pages show: their columns and how wide each is."""

from collections.abc import Sequence

import streamlit as st

from support_ui import ui
from support_ui.view_models import lists, report, today, words
from support_ui.view_models.places import Place


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
            "Late by": ui.wide(100),
            "Open for": ui.wide(100),
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


def broken_table(rows: Sequence[lists.Row], places: Sequence[Place]) -> None:
    """Causes for which changes came to a standstill; each leads to what stands still for it."""
    looks = (today.NEW_CAUSE, today.KNOWN_CAUSE)
    ui.link_table(
        rows,
        key="broken",
        alt="Causes for which changes came to a standstill, those that stand still yet first",
        opens=ui.Opens("Cause", places, "Opens what stands still for this cause", 430),
        columns={
            "Cause is": st.column_config.MultiselectColumn(
                width=110,
                options=[look.label for look in looks],
                color=[look.colour for look in looks],
                help="New: it stopped no change before.",
            ),
            "System": ui.wide(110),
            "Still open": ui.wide(110),
            "First": ui.wide(110),
            "Last": ui.wide(110),
        },
    )


def assigned_table(rows: Sequence[lists.Row], places: Sequence[Place]) -> None:
    """What the reader has taken or was handed; each leads to where it is done."""
    ui.link_table(
        rows,
        key="assigned",
        alt="What is assigned to you, the longest first",
        opens=ui.Opens("Assigned", places, "Opens it", 210),
        columns={
            "What": ui.wide(170),
            "Yours since": ui.wide(110),
            "Handed over by": ui.wide(140),
            "Reason": ui.wide(420),
        },
    )


def sent_table(rows: Sequence[lists.Row], places: Sequence[Place]) -> None:
    """Attempts across changes; each leads to what was said both ways."""
    ui.link_table(
        rows,
        key="sent",
        alt="Every attempt at every vendor, the newest first",
        opens=ui.Opens("Change id", places, "Opens what was said both ways"),
        columns={
            "Ended": ui.wide(175),
            "System": ui.wide(100),
            "Step": ui.wide(180),
            "Attempt": st.column_config.NumberColumn(width=75),
            "Outcome": ui.wide(170),
            "HTTP": ui.wide(60),
            "Took": ui.wide(80),
            "Said": ui.wide(320),
        },
    )


def exception_table(rows: Sequence[lists.Row], places: Sequence[Place]) -> None:
    """What was not as it should be in the morning; each leads to where it stands now."""
    ui.link_table(
        rows,
        key="exceptions",
        alt="Exceptions, the gravest first",
        opens=ui.Opens("What", places, "Opens what there is of it now", 360),
        columns={
            "": st.column_config.MultiselectColumn(
                width=115,
                options=[look.label for look in report.SEVERITY.values()],
                color=[look.colour for look in report.SEVERITY.values()],
            ),
            "Changes": st.column_config.NumberColumn(width=80),
            "Past their time": ui.wide(115),
            "Oldest": ui.wide(100),
            "Whose work": ui.wide(160),
            "What to do": ui.wide(430),
        },
    )


def became_active_table(rows: Sequence[lists.Row]) -> None:
    """What became active; the change id of each row opens its page."""
    ui.link_table(
        rows,
        key="became_active",
        alt="Changes that became active, the earliest first",
        columns={
            "Kind": ui.wide(190),
            "Approved by": ui.wide(140),
            "Approved": ui.wide(190),
            "Last effect applied": ui.wide(190),
            "Active": ui.wide(190),
        },
    )


def report_day_table(rows: Sequence[lists.Row], places: Sequence[Place]) -> None:
    """Reports that were kept; each opens that day's."""
    looks = (report.COMPLETE, report.INCOMPLETE)
    ui.link_table(
        rows,
        key="report_days",
        alt="Reports that were kept, the latest day first",
        opens=ui.Opens("Day", places, "Opens that day's report", 130),
        columns={
            "State": st.column_config.MultiselectColumn(
                width=120,
                options=[look.label for look in looks],
                color=[look.colour for look in looks],
            ),
            "Missing": ui.wide(420),
            "Built": ui.wide(190),
            "By": ui.wide(120),
            "SHA-256": ui.wide(120),
        },
    )
