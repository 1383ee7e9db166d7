"""A vendor's answer, read strictly where we act on it and tolerantly elsewhere. No I/O."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from pydantic import ValidationError

from adapters.vendors.dialect import Dialect
from adapters.vendors.reading import Read, Reading, finding_of
from adapters.vendors.watching import NOTHING_KNOWN, Knowledge, Unwatched, Watch
from domain.drift import DriftKind, Finding, Sighting, classify, noted
from domain.errors import UnrecognisedPayloadError
from domain.mappings import translated
from domain.redaction import redacted
from domain.shapes import ROOT, is_deep, shape_fingerprint, shape_of

_KEPT_TEXT: Final = 4000
"""Characters kept of an answer that is not JSON."""

_UNWATCHED: Final = Unwatched()


@dataclass(frozen=True)
class Answer:
    """A complete answer of a vendor. `known`: what people said of its payloads, `watch` is told."""

    dialect: Dialect
    status: int
    headers: Mapping[str, str]
    text: str
    known: Knowledge = NOTHING_KNOWN
    watch: Watch = _UNWATCHED

    @cached_property
    def json(self) -> Any:  # noqa: ANN401 - JSON is any of six types
        """The parsed body, or None when it is not JSON, or nested without end."""
        try:
            told = json.loads(self.text)
        except (ValueError, RecursionError):
            return None
        return None if is_deep(told) else told

    @property
    def evidence(self) -> Any:  # noqa: ANN401 - as above
        """The body to keep: parsed and without personal members, else its text, cut."""
        told = self.json
        return self.text[:_KEPT_TEXT] if told is None else without(told, self.dialect.personal)

    @property
    def words(self) -> str:
        """The vendor's own words without personal members, for an error to carry."""
        told = self.evidence
        return told if isinstance(told, str) else json.dumps(told, ensure_ascii=False)

    def read(self, reading: Reading[Read]) -> Read:
        """The body as the payload of this reading, put into known words where people mapped it.

        Raises UnrecognisedPayloadError with the raw text when a field we act on is missing, new in
        kind or of an unknown value.
        """
        came, text = self.json, self.text
        told = translated(reading.expected, came, self.known.mappings)
        if told != came:
            text = json.dumps(told)
        try:
            read = reading.model.model_validate_json(text)
        except ValidationError as error:
            known = self.known.paths(reading.operation)
            found = () if came is None else classify(reading.expected, told, known)
            first = finding_of(error, reading.expected)
            raise self._parked(reading, _words(error), found or (first,)) from None
        self._note(reading)
        return read

    def _note(self, reading: Reading[Any]) -> None:
        """Have the watch know of this shape, and of whatever is new in it."""
        shape, operation = self.shape(reading), reading.operation
        if self.watch.counted(self.dialect.system, operation, shape_fingerprint(shape)):
            return
        known = self.known.shapes.get(operation, frozenset())
        self.watch.saw(self._sighting(reading, noted(reading.expected, operation, known, shape)))

    def shape(self, reading: Reading[Any] | None) -> tuple[str, ...]:
        """Its paths and types, but for what is watched elsewhere; nothing if it is not JSON."""
        found = () if self.json is None else shape_of(self.json)
        below = reading.opaque if reading else ""
        return (
            tuple(p for p in found if not p.startswith((f"{below}.", f"{below}[")))
            if below
            else found
        )

    def unrecognised(
        self, why: str, reading: Reading[Any] | None = None
    ) -> UnrecognisedPayloadError:
        """The error for an answer we do not act on: what was wrong with it, then its raw text.

        Without a `reading` it is none that can be read at all.
        """
        kind = DriftKind.UNEXPECTED if reading else DriftKind.UNREADABLE
        finding = Finding(kind, ROOT, why if reading else "", expected=why)
        return self._parked(reading, why, (finding,))

    def _parked(
        self, reading: Reading[Any] | None, why: str, findings: tuple[Finding, ...]
    ) -> UnrecognisedPayloadError:
        sighting = self._sighting(reading, findings)
        self.watch.saw(sighting)
        return UnrecognisedPayloadError(
            self.dialect.system,
            f"{why}. The answer was: {self.words}",
            http_status=self.status,
            sighting=sighting,
        )

    def _sighting(
        self, reading: Reading[Any] | None, findings: tuple[Finding, ...] = ()
    ) -> Sighting:
        return Sighting(
            system=self.dialect.system,
            operation=reading.operation if reading else "",
            shape=self.shape(reading),
            sample=redacted(self.evidence, reading.expected if reading else None),
            findings=findings,
        )


def without(value: Any, personal: frozenset[str]) -> Any:  # noqa: ANN401 - as above
    """The value with every personal member replaced by `[personal]`, at any depth."""
    if isinstance(value, dict):
        return {
            name: "[personal]" if name in personal and member else without(member, personal)
            for name, member in value.items()
        }
    return [without(item, personal) for item in value] if isinstance(value, list) else value


def _words(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in problem["loc"]) or "the body"
    return f"{place}: {problem['msg']}"
