"""Who is told of every payload that is read, and tells what people mapped. Keeps nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from domain.drift import Sighting
from domain.identifiers import System
from domain.mappings import Mappings
from domain.shapes import paths


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of a system's payloads besides what the code says.

    `shapes`: the paths and types of everything that was accepted before, by operation.
    """

    mappings: Mappings = field(default_factory=Mappings)
    shapes: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def paths(self, operation: str) -> frozenset[str]:
        """The paths alone."""
        return paths(self.shapes.get(operation, ()))


NOTHING_KNOWN = Knowledge()


class Watch(Protocol):
    """The record of shapes, drift and mappings, as adapters need it."""

    async def knowledge(self, system: System) -> Knowledge:
        """What is known now; never raises, since an old answer is better than no call."""
        ...

    def counted(self, system: System, operation: str, shape: str) -> bool:
        """Count a payload by the fingerprint of its shape; False if that shape is not known."""
        ...

    def saw(self, sighting: Sighting) -> None:
        """Take note of a payload that is new or odd. Never raises."""
        ...


class Unwatched:
    """Knows nothing and notes nothing."""

    async def knowledge(self, system: System) -> Knowledge:
        """See Watch."""
        del system
        return NOTHING_KNOWN

    def counted(self, system: System, operation: str, shape: str) -> bool:
        """See Watch."""
        del system, operation, shape
        return True

    def saw(self, sighting: Sighting) -> None:
        """See Watch."""
        del sighting
