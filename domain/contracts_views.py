"""What the API answers about saved views and about rights. Shapes only, no rules."""

from datetime import datetime
from typing import Any

from domain.contracts_failures import View
from domain.filters import ListPage
from domain.service_change import ChangeStatus, Role


class ViewAlertView(View):
    """The last time a view held more than it should; `resolved_at` None: it still does."""

    above: int
    held: int
    opened_at: datetime
    resolved_at: datetime | None


class SavedViewView(View):
    """Filters of a page under a name.

    `alert_above`: operations are told once it holds more; `held` is what it held at `looked_at`,
    counted no further than one above that. `may_edit`: the caller may change or delete it.
    """

    id: str
    page: ListPage
    name: str
    owner: str
    shared: bool
    filters: dict[str, Any]
    alert_above: int | None
    held: int | None
    looked_at: datetime | None
    alert: ViewAlertView | None
    may_edit: bool
    created_at: datetime
    updated_at: datetime


class RoleRightView(View):
    """Whether a role has a right, and what limits it there."""

    role: Role
    allowed: bool
    condition: str


class RightView(View):
    """Something one may do, and who may.

    `statuses` are those in which the action exists; none: it is about no single change.
    `second_person` says when a colleague has to confirm; None: never.
    """

    right: str
    statuses: list[ChangeStatus]
    condition: str
    roles: list[RoleRightView]
    second_person: str | None
