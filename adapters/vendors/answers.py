"""A vendor's answer, read strictly where we act on it and tolerantly elsewhere. No I/O."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from adapters.vendors.dialect import Dialect
from domain.errors import UnrecognisedPayloadError

_log = logging.getLogger(__name__)

_KEPT_TEXT: Final = 4000
"""Characters kept of an answer that is not JSON."""


class Payload(BaseModel):
    """Base of every vendor payload: the fields named are required, typed and never guessed.

    What else the vendor sends is let through and noted once per process.
    """

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)


Read = TypeVar("Read", bound=Payload)

_noted: set[tuple[str, str, str]] = set()


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer of a vendor."""

    dialect: Dialect
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON is any of six types
        """The parsed body, or None when it is not JSON."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None

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

    def read(self, model: type[Read]) -> Read:
        """The body as `model`.

        Raises UnrecognisedPayloadError with the raw text when a field we act on is missing, new in
        kind or of an unknown value.
        """
        try:
            read = model.model_validate_json(self.text)
        except ValidationError as error:
            raise self.unrecognised(_first_problem(error)) from None
        for name in read.model_extra or ():
            self._note(model, name)
        return read

    def unrecognised(self, why: str) -> UnrecognisedPayloadError:
        """The error for an answer we do not act on: what was wrong with it, then its raw text."""
        return UnrecognisedPayloadError(
            self.dialect.system, f"{why}. The answer was: {self.words}", http_status=self.status
        )

    def _note(self, model: type[Payload], name: str) -> None:
        seen = (self.dialect.system.value, model.__name__, name)
        if seen not in _noted:
            _noted.add(seen)
            _log.info(
                "a vendor sends a field that is not acted on",
                extra={"system": seen[0], "payload": seen[1], "field": seen[2]},
            )


def without(value: Any, personal: frozenset[str]) -> Any:  # noqa: ANN401 - as above
    """The value with every personal member replaced by `[personal]`, at any depth."""
    if isinstance(value, dict):
        return {
            name: "[personal]" if name in personal and member else without(member, personal)
            for name, member in value.items()
        }
    return [without(item, personal) for item in value] if isinstance(value, list) else value


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in problem["loc"]) or "the body"
    return f"{place}: {problem['msg']}"
