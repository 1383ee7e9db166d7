"""Problem documents as the stub API answers them."""

from domain.contracts import Problem


def problem(status: int, code: str, title: str, detail: str, next_action: str) -> Problem:
    """Problem details as the API makes them."""
    return Problem(
        type=f"https://throughline.invalid/problems/{code}",
        title=title,
        status=status,
        detail=detail,
        code=code,
        correlation_id="c0ffee00-0000-4000-8000-000000000000",
        retryable=status >= 500,
        next_action=next_action,
    )


class ProblemError(Exception):
    """Answers a problem document."""

    def __init__(self, told: Problem) -> None:
        self.told = told
