"""Who stopped what: one change, a kind, a system or everything. No vendor is called meanwhile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from domain.gates import Gate
from domain.identifiers import System
from domain.service_change import Role

EVERYTHING: Final = "everything"
MAY_PAUSE: Final = frozenset({Role.OPERATOR, Role.ADMIN})
_SYSTEMS: Final = frozenset(map(str, System))


@dataclass(frozen=True, slots=True)
class Pause:
    """A stop by a person, until they lift it. `scope`: everything, a system, a kind or an id."""

    scope: str
    actor: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Traffic:
    """What stood between a change and the vendors when it was loaded, by the database's clock."""

    gates: Mapping[System, Gate] = field(default_factory=dict)
    """Gates that are not wide open, or that count failures."""
    pauses: Sequence[Pause] = ()
    """Those that concern the change: its own, its kind's, every system's, and everything's."""

    def pause_of(self, system: System) -> Pause | None:
        """The pause that forbids a call to the system, if there is one; the widest first."""
        mine = [p for p in self.pauses if p.scope == str(system) or p.scope not in _SYSTEMS]
        return min(mine, key=lambda pause: pause.scope != EVERYTHING, default=None)

    def is_free(self, system: System) -> bool:
        """Whether the system may be called without asking anybody."""
        gate = self.gates.get(system)
        return self.pause_of(system) is None and (gate is None or gate.stands_open)
