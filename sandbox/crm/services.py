"""The services an account holds, in the CRM's words, and which combinations it takes. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Self

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

CAMEL = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")
"""How every body of this vendor is written; an unknown member is refused."""


class InternetService(StrEnum):
    """The one internet service an account has."""

    NONE = "none"
    DSL = "dsl"
    FIBER_OPTIC = "fiberOptic"


class ContractTerm(StrEnum):
    """How long the customer is bound."""

    MONTH_TO_MONTH = "monthToMonth"
    ONE_YEAR = "oneYear"
    TWO_YEAR = "twoYear"


class Services(BaseModel):
    """Everything an account can hold."""

    model_config = CAMEL

    phone: bool
    multiple_lines: bool
    internet_service: InternetService
    online_security: bool
    online_backup: bool
    device_protection: bool
    tech_support: bool
    streaming_tv: bool
    streaming_movies: bool

    @classmethod
    def of_products(cls, products: frozenset[str]) -> Self:
        """From the bundled data's product codes."""
        internet = {"dsl": InternetService.DSL, "fiber_optic": InternetService.FIBER_OPTIC}
        return cls(
            internet_service=next(
                (service for code, service in internet.items() if code in products),
                InternetService.NONE,
            ),
            **{name: name in products for name in SWITCHED},
        )

    @property
    def held(self) -> frozenset[str]:
        """Names of what is held, an internet service by its own name (`dsl`, `fiberOptic`)."""
        names = {to_camel(name) for name in SWITCHED if getattr(self, name)}
        if self.internet_service is not InternetService.NONE:
            names.add(self.internet_service)
        return frozenset(names)


class ServiceChanges(BaseModel):
    """The services to set; what is left out stays as it is."""

    model_config = CAMEL

    phone: bool | None = None
    multiple_lines: bool | None = None
    internet_service: InternetService | None = None
    online_security: bool | None = None
    online_backup: bool | None = None
    device_protection: bool | None = None
    tech_support: bool | None = None
    streaming_tv: bool | None = None
    streaming_movies: bool | None = None

    def applied_to(self, services: Services) -> Services:
        """The services afterwards."""
        return services.model_copy(update=self.model_dump(exclude_none=True))


SWITCHED: Final = tuple(name for name in Services.model_fields if name != "internet_service")
"""The services that are either held or not."""

_NEEDS_INTERNET: Final = (
    "online_security",
    "online_backup",
    "device_protection",
    "tech_support",
    "streaming_tv",
    "streaming_movies",
)
NEEDS: Final[Mapping[str, str]] = {
    "multiple_lines": "phone",
    **dict.fromkeys(_NEEDS_INTERNET, "internet_service"),
}
"""A service works only beside the other."""


def objection(services: Services, *, fiber_available: bool) -> str | None:
    """Why the CRM does not take this combination, as a sentence; None when it does."""
    for name, needed in NEEDS.items():
        if getattr(services, name) and not _present(services, needed):
            return f"{to_camel(name)} needs {to_camel(needed)}. Add that, or leave this out."
    if services.internet_service is InternetService.FIBER_OPTIC and not fiber_available:
        return "There is no fiber at the service address. Order dsl instead."
    return None


def _present(services: Services, name: str) -> bool:
    return getattr(services, name) not in (False, InternetService.NONE)
