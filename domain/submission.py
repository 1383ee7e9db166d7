"""What a portal submits, checked field by field before anything is recorded."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from domain.catalogue import (
    INTERNET,
    ContractTerm,
    InternetService,
    PaymentMethod,
    Product,
    Wish,
)
from domain.errors import FieldProblem, InvalidChangeError
from domain.service_change import ChangeKind
from domain.vendor_values import BillingAddress

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _storable(text: str) -> str:
    # JSON can name both: NUL, which PostgreSQL does not keep, and half a character, which has no
    # UTF-8.
    if any(letter == "\x00" or "\ud800" <= letter <= "\udfff" for letter in text):
        raise PydanticCustomError("unstorable", "holds a NUL or half a character; remove it")
    return text


def _written_day(value: object) -> object:
    if isinstance(value, str) and _DAY.fullmatch(value):
        return value
    # Pydantic would take a number for seconds since 1970.
    raise PydanticCustomError("day", "must be a date written as YYYY-MM-DD")


STORABLE: Final = AfterValidator(_storable)
"""For every free text: it can be kept as it came."""

Day = Annotated[date, BeforeValidator(_written_day)]

Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), STORABLE
]


class _Details(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InternetServiceDetails(_Details):
    """The internet service wanted; `No` gives it up."""

    internet_service: InternetService


class ServiceDetails(_Details):
    """The service to add or remove; internet has a kind of its own."""

    service: Product


class ContractDetails(_Details):
    """The contract term wanted."""

    contract: ContractTerm


class PaymentMethodDetails(_Details):
    """The payment method wanted."""

    payment_method: PaymentMethod


class BillingAddressLines(_Details):
    """Where invoices shall go; `country` is an ISO 3166 alpha-2 code."""

    line1: Line
    line2: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), STORABLE] = ""
    city: Line
    postal_code: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[\w -]{3,12}$")]
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class BillingAddressDetails(_Details):
    """The billing address wanted."""

    billing_address: BillingAddressLines


Details = (
    InternetServiceDetails
    | ServiceDetails
    | ContractDetails
    | PaymentMethodDetails
    | BillingAddressDetails
)

DETAILS_OF: Final[Mapping[ChangeKind, type[Details]]] = {
    ChangeKind.CHANGE_INTERNET_SERVICE: InternetServiceDetails,
    ChangeKind.ADD_SERVICE: ServiceDetails,
    ChangeKind.REMOVE_SERVICE: ServiceDetails,
    ChangeKind.CHANGE_CONTRACT: ContractDetails,
    ChangeKind.CHANGE_PAYMENT_METHOD: PaymentMethodDetails,
    ChangeKind.CHANGE_BILLING_ADDRESS: BillingAddressDetails,
}

REQUIRED_DOCUMENT: Final[Mapping[ChangeKind, str | None]] = {
    ChangeKind.CHANGE_INTERNET_SERVICE: "signed order form",
    ChangeKind.ADD_SERVICE: "signed order form",
    ChangeKind.REMOVE_SERVICE: None,
    ChangeKind.CHANGE_CONTRACT: "signed contract",
    ChangeKind.CHANGE_PAYMENT_METHOD: "signed payment authorisation",
    ChangeKind.CHANGE_BILLING_ADDRESS: "proof of the new address",
}
"""The document without which a change of that kind is incomplete."""


class Submission(BaseModel):
    """One service change as submitted. `details` holds the one field its kind needs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    account_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    kind: ChangeKind
    requested_date: Day
    details: dict[str, Any]
    note: Annotated[str, StringConstraints(max_length=2000), STORABLE] = ""


class CheckedSubmission(BaseModel):
    """A submission whose details fit its kind."""

    model_config = ConfigDict(frozen=True)

    account_id: str
    kind: ChangeKind
    requested_date: date
    details: Details = Field(union_mode="left_to_right")
    note: str


_SENTENCES: Final[Mapping[str, str]] = {
    "missing": "is required",
    "extra_forbidden": "is not a field of this request; remove it",
}


def _problems(error: ValidationError, *prefix: str) -> list[FieldProblem]:
    return [
        FieldProblem(
            ".".join([*prefix, *(str(part) for part in item["loc"])]) or "change",
            _SENTENCES.get(item["type"], item["msg"]),
        )
        for item in error.errors()
    ]


def check_submission(raw: object, *prefix: str) -> CheckedSubmission:
    """Parse a decoded JSON body. Raises InvalidChangeError naming every field that is wrong.

    `prefix` is where the fields stand in the request, for the names of what is wrong.
    """
    try:
        submission = Submission.model_validate(raw)
    except ValidationError as error:
        raise InvalidChangeError(_problems(error, *prefix)) from error
    try:
        details = DETAILS_OF[submission.kind].model_validate(submission.details)
    except ValidationError as error:
        raise InvalidChangeError(_problems(error, *prefix, "details")) from error
    if isinstance(details, ServiceDetails) and details.service in INTERNET:
        name = ".".join([*prefix, "details.service"])
        raise InvalidChangeError(
            [FieldProblem(name, "internet changes by change_internet_service")]
        )
    return CheckedSubmission(
        account_id=submission.account_id,
        kind=submission.kind,
        requested_date=submission.requested_date,
        details=details,
        note=submission.note,
    )


def details_from(kind: ChangeKind, stored: Mapping[str, Any]) -> Details:
    """Read back details that were checked when they were accepted."""
    return DETAILS_OF[kind].model_validate(stored)


def wish_of(kind: ChangeKind, details: Details) -> Wish:
    """What is wanted, without anything personal."""
    values = details.model_dump(exclude={"billing_address"})
    return Wish(kind=kind, **values)


def billing_address_of(details: Details) -> BillingAddress | None:
    """The new billing address, if that is what the change is about."""
    if not isinstance(details, BillingAddressDetails):
        return None
    return BillingAddress(**details.billing_address.model_dump())
