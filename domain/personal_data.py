"""Which fields hold personal data, and how they are masked: the one table. Pure.

A vendor's exchange is kept without its personal members in any case; this is about what is kept.
A submitter's note is addressed to operations and is not masked.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from domain.errors import FieldProblem

MASK: Final = "[personal]"
"""What stands in the place of a masked value; no field may be set to it."""

PERSONAL: Final[Mapping[str, str]] = {
    "billing_address": "address",
    "service_address": "address",
    "address": "address",
    "line1": "address",
    "line2": "address",
    "city": "address",
    "postal_code": "address",
    "first_name": "name",
    "last_name": "name",
    "full_name": "name",
    "customer_name": "name",
    "contact_name": "name",
    "email": "e-mail",
    "email_address": "e-mail",
    "phone": "telephone",
    "phone_number": "telephone",
    "telephone": "telephone",
    "mobile": "telephone",
    "date_of_birth": "date of birth",
    "iban": "bank account",
    "card_number": "card",
}
"""Names of fields, each with what kind of personal data it holds; everything below it is, too.

A yes or no is none, which is why the product `phone` of an account is shown."""


def masked(value: Any, *, below: bool = False) -> Any:  # noqa: ANN401 - JSON is any of six types
    """The value with every personal text and number replaced by MASK, and its shape kept.

    `below`: it stands under a personal field. Empty texts stay, as they say that nothing is there.
    """
    if isinstance(value, Mapping):
        return {
            name: masked(member, below=below or name in PERSONAL) for name, member in value.items()
        }
    if isinstance(value, list | tuple):
        return [masked(item, below=below) for item in value]
    return MASK if below and _tells(value) else value


def personal_fields(value: Any) -> list[str]:  # noqa: ANN401 - as above
    """The paths of personal fields that hold something to be read, such as `address.line1`."""
    return sorted(set(_paths(value, "", below=False)))


def _paths(value: Any, path: str, *, below: bool) -> Iterator[str]:  # noqa: ANN401 - as above
    if isinstance(value, Mapping):
        for name, member in value.items():
            place = f"{path}.{name}" if path else str(name)
            yield from _paths(member, place, below=below or name in PERSONAL)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _paths(item, path, below=below)
    elif below and _tells(value):
        yield path


def _tells(value: Any) -> bool:  # noqa: ANN401 - as above
    return not isinstance(value, bool) and value not in {None, "", MASK}


def mask_problems(value: Any, *prefix: str) -> list[FieldProblem]:  # noqa: ANN401 - as above
    """Fields that would be set to the mask itself: the writer has read a masked change."""
    if isinstance(value, Mapping):
        return [
            problem
            for name, member in value.items()
            for problem in mask_problems(member, *prefix, str(name))
        ]
    if isinstance(value, list | tuple):
        return [problem for item in value for problem in mask_problems(item, *prefix)]
    if value != MASK:
        return []
    sentence = "is the mask of a personal field and not its value; read it with personal=show"
    return [FieldProblem(".".join(prefix), sentence)]
