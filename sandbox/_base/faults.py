"""What can go wrong on purpose, and which call it hits next. Carries no fault out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class FaultKind(StrEnum):
    """The kinds of the contract. `fault_injection.py` says what each does."""

    STATUS = "status"
    RATE_LIMIT = "rate_limit"
    DROP_AFTER_EFFECT = "drop_after_effect"
    DROP_BEFORE_EFFECT = "drop_before_effect"
    DELAY = "delay"
    TRUNCATE = "truncate"
    RENAME_FIELD = "rename_field"
    REMOVE_FIELD = "remove_field"
    RETYPE_FIELD = "retype_field"
    NEW_FIELD = "new_field"
    NEW_STATUS = "new_status"
    HTML = "html"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - a kind of fault, not a secret
    LAGGING_READS = "lagging_reads"


STATUS_FIELDS: Final = frozenset({"status", "lifecycle", "standing"})
"""Where the vendors keep a status; `new_status` changes these unless it is given a `field`."""

_READS: Final = frozenset({"GET", "HEAD"})
_REQUIRED: Final[Mapping[FaultKind, tuple[str, str]]] = {
    FaultKind.RENAME_FIELD: ("field", "the field to rename"),
    FaultKind.REMOVE_FIELD: ("field", "the field to leave out"),
    FaultKind.RETYPE_FIELD: ("field", "the field to give another type"),
    FaultKind.NEW_FIELD: ("field", "the name of the field to add"),
}


class Fault(BaseModel):
    """A fault for the next `calls` calls that match. Values a kind does not use are ignored.

    `every` spares calls between: of so many that match, the last one is struck.
    `retry_after` is sent as it stands: seconds, an HTTP date, anything else; None leaves the header
    out. `after_effect` makes `status` and `delay` answer once the request was carried out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: FaultKind
    calls: Annotated[int, Field(ge=1)] = 1
    every: Annotated[int, Field(ge=1)] = 1
    method: str | None = None
    path_prefix: str | None = None
    status: Annotated[int, Field(ge=200, le=599)] = 503
    headers: dict[str, str] = {}
    after_effect: bool = False
    retry_after: int | str | None = 1
    delay_seconds: Annotated[float, Field(gt=0, le=300)] = 5.0
    field: str | None = None
    new_name: str | None = None
    value: str = "under_migration"

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        needed = _REQUIRED.get(self.kind)
        if needed and getattr(self, needed[0]) is None:
            raise ValueError(f"a {self.kind} fault needs `{needed[0]}`: {needed[1]}")
        return self

    def matches(self, method: str, path: str) -> bool:
        """Whether a call is one of those meant."""
        return (
            (self.method is None or self.method.upper() == method)
            and path.startswith(self.path_prefix or "/")
            and (self.kind is not FaultKind.LAGGING_READS or method in _READS)
        )


@dataclass(slots=True)
class ActiveFault:
    """A fault that was set, and how often it has struck."""

    fault_id: int
    fault: Fault
    hits: int = 0
    matched: int = 0

    def strikes(self) -> bool:
        """Whether the call at hand, which matches, is struck; counts it either way."""
        self.matched += 1
        struck = self.matched % self.fault.every == 0
        self.hits += struck
        return struck

    @property
    def remaining(self) -> int:
        """Calls it will still strike."""
        return self.fault.calls - self.hits

    def as_json(self) -> dict[str, Any]:
        """As `GET /_control/faults` lists it; used-up ones stay listed until cleared."""
        told = self.fault.model_dump(mode="json", exclude_unset=True)
        return {"fault_id": self.fault_id, **told, "hits": self.hits, "remaining": self.remaining}


@dataclass(slots=True)
class FaultBoard:
    """The faults that are set, in the order they were set. In memory: a restart clears them."""

    credential_path: str | None = None
    """Where credentials are handed out: an expired token cannot matter there."""
    active: list[ActiveFault] = field(default_factory=list)

    def add(self, fault: Fault) -> ActiveFault:
        """Set a fault."""
        active = ActiveFault(len(self.active) + 1, fault)
        self.active.append(active)
        return active

    def strike(self, method: str, path: str) -> Fault | None:
        """The fault this call suffers, counted as a hit: the oldest that matches, at most one."""
        for active in self.active:
            if active.remaining and active.fault.matches(method, path):
                if active.fault.kind is FaultKind.TOKEN_EXPIRED and path == self.credential_path:
                    continue
                if active.strikes():
                    return active.fault
        return None
