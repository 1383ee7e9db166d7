"""Everything that can be made to go wrong, by name. What is done when stands in a schedule."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from crash_points import CrashPoint


class Family(StrEnum):
    """How a fault is brought about, and by what its hits are counted."""

    KILL = "kill"
    """A process ends by SIGKILL; counted when it is gone."""
    STOP = "stop"
    """A process is stopped for a while; counted when it is gone."""
    CRASH = "crash"
    """A process dies at a named point; counted by the files it leaves."""
    VENDOR = "vendor"
    """A vendor misbehaves; counted by the vendor."""
    WEBHOOK = "webhook"
    """Events come twice, late or forged; counted by the API's answers."""
    DATABASE = "database"
    """The database is there and of no use; counted when it is seen to be so."""


COMPONENTS: Final = (
    "worker",
    "api",
    "relay",
    "postgres",
    "temporal",
    "crm",
    "billing",
    "scheduling",
    "ticketing",
)
"""What runs as a process of its own and can be killed."""

VENDORS: Final = ("crm", "billing", "scheduling", "ticketing")

CRASH_POINTS: Final = tuple(CrashPoint)

WRITES: Final[Mapping[str, tuple[str, str]]] = {
    "crm": ("POST", "/orders"),
    "billing": ("POST", "/v1/accounts"),
    "scheduling": ("POST", "/appointments"),
    "ticketing": ("POST", "/api/tickets"),
}
"""Each vendor's way in for an effect: method and beginning of the path."""

RENAMED: Final[Mapping[str, str]] = {
    "crm": "lifecycle",
    "billing": "standing",
    "scheduling": "status",
    "ticketing": "status",
}
"""A field of each vendor that is acted on."""

DATE_IN: Final = "date-in:"
"""Stands for an HTTP date so many seconds after the fault is set."""

_WRITE: Final = {"write": True}

VENDOR_FAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "drop_after_effect": {"kind": "drop_after_effect", **_WRITE},
    "drop_before_effect": {"kind": "drop_before_effect", **_WRITE},
    "status_500": {"kind": "status", "status": 500},
    "status_502": {"kind": "status", "status": 502, "after_effect": True, **_WRITE},
    "status_503": {"kind": "status", "status": 503},
    "rate_limit_seconds": {"kind": "rate_limit", "retry_after": 3},
    "rate_limit_date": {"kind": "rate_limit", "retry_after": f"{DATE_IN}4"},
    "rate_limit_absurd": {"kind": "rate_limit", "retry_after": "in a fortnight"},
    "rate_limit_missing": {"kind": "rate_limit", "retry_after": None},
    "delay": {"kind": "delay", "delay_seconds": 3},
    "truncate": {"kind": "truncate", **_WRITE},
    "html": {"kind": "html"},
    "rename_field": {"kind": "rename_field"},
    "new_status": {"kind": "new_status"},
    "token_expired": {"kind": "token_expired"},
    "lagging_reads": {"kind": "lagging_reads", "delay_seconds": 3},
    "redirect": {
        "kind": "status",
        "status": 308,
        "headers": {"Location": "http://127.0.0.1:9/elsewhere"},
    },
}
"""Name -> the control's body. `write` narrows it to the vendor's way in for effects."""

RATE_LIMITS: Final = tuple(name for name in VENDOR_FAULTS if name.startswith("rate_limit"))
PARKING: Final = frozenset({"truncate", "html", "rename_field", "new_status", "redirect"})
"""Faults whose answer nobody may guess at: they park a change."""


class WebhookTrick(StrEnum):
    """What is done with an event that a vendor really told."""

    DUPLICATE = "duplicate"
    FORGED = "forged"
    OLD = "old"
    OTHER_SECRET = "other_secret"
    CUT = "cut"


class DatabaseTrouble(StrEnum):
    """Ways of a database to be of no use without being away."""

    READ_ONLY = "read_only"
    SESSIONS_HELD = "sessions_held"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to go wrong. `values` refine it, such as for how many calls or seconds."""

    family: Family
    target: str
    name: str = ""
    values: tuple[tuple[str, Any], ...] = ()

    @property
    def title(self) -> str:
        """What reports call it."""
        return " ".join(word for word in (self.family, self.target, self.name) if word)

    def value(self, name: str, default: Any) -> Any:  # noqa: ANN401 - as given
        """One of the values."""
        return dict(self.values).get(name, default)


def kill(component: str) -> Fault:
    """A component ends at once and is started again."""
    return Fault(Family.KILL, component)


def stop(component: str, seconds: float) -> Fault:
    """A component is away for some seconds."""
    return Fault(Family.STOP, component, values=(("seconds", seconds),))


def crash(point: CrashPoint) -> Fault:
    """Whoever reaches the point next dies there."""
    return Fault(Family.CRASH, point)


def vendor(system: str, name: str, *, calls: int = 1, every: int = 1) -> Fault:
    """A vendor lets calls fail."""
    return Fault(Family.VENDOR, system, name, (("calls", calls), ("every", every)))


def webhook(trick: WebhookTrick) -> Fault:
    """An event arrives as it should not."""
    return Fault(Family.WEBHOOK, trick)


def database(trouble: DatabaseTrouble, seconds: float) -> Fault:
    """The database is of no use for some seconds."""
    return Fault(Family.DATABASE, trouble, values=(("seconds", seconds),))
