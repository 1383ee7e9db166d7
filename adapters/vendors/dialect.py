"""How one vendor speaks: what a refusal of its looks like, which fields are personal. No I/O."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from domain.identifiers import System


@dataclass(frozen=True, slots=True)
class Refusal:
    """A vendor's "no": its machine-readable reason and its words."""

    reason: str
    words: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the shared transport must know of a vendor.

    `read_refusal` gets the parsed JSON of an error answer and returns None when that is not how
    this vendor refuses. `not_now` are reasons that mean "ask again later". `personal` are names of
    members that must not be kept with the evidence of an exchange.
    """

    system: System
    read_refusal: Callable[[Any], Refusal | None]
    not_now: frozenset[str] = frozenset()
    personal: frozenset[str] = frozenset()
