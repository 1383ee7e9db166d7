"""Whose work something is, in a line."""

from collections.abc import Iterable
from datetime import datetime

from domain.contracts_assignments import AssignmentView
from support_ui.view_models import text


def by_subject(assignments: Iterable[AssignmentView]) -> dict[str, AssignmentView]:
    """Looked up by what they are about."""
    return {assignment.subject: assignment for assignment in assignments}


def standing(assignment: AssignmentView | None, now: datetime) -> str:
    """Who has it and until when it is put off; for `ui.rich`."""
    if assignment is None or (not assignment.assignee and not assignment.follow_up_at):
        return "Nobody has taken this yet."
    who = (
        f"Taken by **{text.plain(assignment.assignee)}**"
        if assignment.assignee
        else "Nobody has taken this"
    )
    since = text.hover(text.age(assignment.set_at, now), assignment.set_at)
    said = f" {since}, by {text.plain(assignment.set_by)}: “{text.plain(assignment.note)}”"
    return f"{who}{_until(assignment, now)}.{said}"


def cell(assignment: AssignmentView | None, now: datetime) -> str:
    """The same for a cell of a table."""
    if assignment is None:
        return ""
    until = f"put off, back {text.age(assignment.follow_up_at, now)}" if assignment.put_off else ""
    return ", ".join(part for part in (assignment.assignee or "", until) if part)


def _until(assignment: AssignmentView, now: datetime) -> str:
    if assignment.follow_up_at is None:
        return ""
    when = text.hover(text.moment(assignment.follow_up_at, now), assignment.follow_up_at)
    return f", put off until {when}" if assignment.put_off else ", to be looked at now"
