"""A vendor's "no", before it is dressed in the vendor's own style of error body."""

from collections.abc import Callable, Mapping
from typing import Any


class Refusal(Exception):  # noqa: N818 - an answer of a vendor, not a fault of the program
    """Ends a request with an error answer; raised anywhere below a route, rolls back its write.

    `code` is the vendor's machine-readable reason, `message` a sentence that says what to do,
    `details` further members of the error body, `headers` further headers.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details or {}
        self.headers = headers or {}


ErrorBody = Callable[[Refusal], Mapping[str, Any]]
"""How a vendor writes an error."""
