"""What the API answers about drift and mappings. Shapes only, no rules; see `contracts.py`."""

from datetime import datetime
from typing import Any

from domain.contracts_failures import View
from domain.drift import DriftAction, DriftKind, DriftState
from domain.identifiers import System
from domain.mappings import MappingKind, MappingState


class MappingView(View):
    """What a new word or field means in known ones. `raw` is what came: a value or a name.

    `confirmed_*` say who answered the proposal, whichever way.
    """

    id: str
    item_id: str
    system: System
    kind: MappingKind
    subject: str
    raw: str
    known: str
    version: int
    state: MappingState
    proposed_by: str
    reason: str
    proposed_at: datetime
    expires_at: datetime
    confirmed_by: str | None
    confirm_reason: str | None
    confirmed_at: datetime | None
    retired_by: str | None
    retire_reason: str | None
    retired_at: datetime | None


class PendingMappingView(MappingView):
    """A mapping that waits for a second person.

    `sha256` covers the mapping and the drift it is about; a confirmation names it. `refusal` says
    why the one who asks cannot be that second person.
    """

    sha256: str
    refusal: str | None


class DriftDifferenceView(View):
    """One path at which a payload's shape differs from those accepted; no type: not there."""

    path: str
    before: list[str]
    after: list[str]


class DriftPermissionView(View):
    """Whether the caller may do this now, and why not."""

    action: DriftAction
    allowed: bool
    reason: str | None


class DriftItemSummary(View):
    """One way in which a vendor's payloads differ, as a row of a list.

    `came` is what came instead of what is `expected`; `parked` counts the changes and `held` the
    events that stand still for it now.
    """

    id: str
    kind: DriftKind
    system: System
    operation: str
    path: str
    subject: str
    came: str
    expected: str
    sentence: str
    parks: bool
    state: DriftState
    count: int
    first_seen_at: datetime
    last_seen_at: datetime
    parked: int
    held: int
    pending: bool
    """A mapping waits for a second person."""
    next_action: str | None


class DriftReplayView(View):
    """A replay that released what was parked."""

    id: str
    state: str
    sentence: str
    items: int
    created_at: datetime
    finished_at: datetime | None


class DriftItemView(DriftItemSummary):
    """One drift, whole. `choices` are the only things it can be mapped to."""

    sample: Any
    """The first such payload, redacted."""
    diff: list[DriftDifferenceView]
    mapping_kind: MappingKind | None
    choices: list[str]
    proposal: PendingMappingView | None
    mappings: list[MappingView]
    """Everything that was ever proposed for it, the newest first."""
    replays: list[DriftReplayView]
    may_act: list[DriftPermissionView]
    decided_by: str | None
    decided_at: datetime | None
    reason: str


class DriftChangeView(View):
    """A change that met a drift."""

    change_id: str
    account_id: str
    seen_at: datetime
    parked: bool
    """It stands still for this now."""
    step: str | None
    opened_at: datetime | None
