"""What the API answers of people and whose work is whose. Shapes only, no rules."""

from datetime import datetime

from domain.contracts_failures import View
from domain.service_change import Role


class AssignmentView(View):
    """Whose work a subject is. `subject` is `change:<id>` or `cause:<fingerprint>`.

    `put_off`: nobody has to look before `follow_up_at`; a cause that comes up again is no longer
    put off, whatever the time.
    """

    subject: str
    assignee: str | None
    follow_up_at: datetime | None
    put_off: bool
    note: str
    set_by: str
    set_at: datetime


class PersonView(View):
    """Somebody work can be handed to. `last_seen_at` is None for those who only have a key."""

    principal: str
    role: Role
    last_seen_at: datetime | None
