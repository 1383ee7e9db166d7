"""Whose work is whose."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from domain.contracts import Page
from domain.contracts_assignments import AssignmentView, PersonView
from support_ui.calls.transport import LIST_LIMIT, Connection, Query, decode

_ASSIGNMENT = TypeAdapter(AssignmentView)
_ASSIGNMENTS = TypeAdapter(Page[AssignmentView])
_PEOPLE = TypeAdapter(list[PersonView])


class AssignmentCalls(Connection):
    """What is taken, handed over and put off."""

    def assignments(
        self, *, subjects: Sequence[str] = (), assignee: str | None = None
    ) -> list[AssignmentView]:
        """Those of the subjects, or somebody's; at most a page."""
        query: Query = {"subject": list(subjects), "assignee": assignee, "limit": LIST_LIMIT}
        return self.get("/v1/assignments", _ASSIGNMENTS, query).items

    def assign(self, subject: str, body: Mapping[str, Any]) -> AssignmentView:
        """Set whose work it is and until when it is put off; safe to repeat."""
        return decode(self.send("PUT", f"/v1/assignments/{subject}", json=dict(body)), _ASSIGNMENT)

    def people(self) -> list[PersonView]:
        """Everybody work can be handed to."""
        return self.get("/v1/people", _PEOPLE)
