"""Everything that is acted on, of answers and of events, in one table for whoever maps drift."""

from collections.abc import Mapping
from typing import Any, Final

from adapters.vendors import billing, crm, scheduling, ticketing
from adapters.vendors.reading import Reading, vocabularies
from domain.drift import Expected
from domain.event_drift import EVENT_VOCABULARIES, EVENTS
from domain.identifiers import System

READINGS: Final[Mapping[System, tuple[Reading[Any], ...]]] = {
    System.CRM: crm.READINGS,
    System.BILLING: billing.READINGS,
    System.SCHEDULING: scheduling.READINGS,
    System.TICKETING: ticketing.READINGS,
}

ACTED_ON: Final[Mapping[System, Mapping[str, Expected]]] = {
    system: {reading.operation: reading.expected for reading in readings}
    | dict(EVENTS.get(system, {}))
    for system, readings in READINGS.items()
}
"""What is acted on in each answer and event of a system, by operation."""

VOCABULARIES: Final[Mapping[System, Mapping[str, frozenset[str]]]] = {
    system: vocabularies(readings) | dict(EVENT_VOCABULARIES.get(system, {}))
    for system, readings in READINGS.items()
}
"""Every closed set of words of a system: what a new word can be mapped to."""
