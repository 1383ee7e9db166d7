"""Asking a child whether it is well. One short question per address scheme, no retries here.

As a program, `python -m stack.probes URL`, it is the health check of our containers.
"""

import sys
from collections.abc import Callable
from functools import cache
from urllib.parse import urlsplit

import http_client
from stack import postgres

PROBE_SECONDS = 4.0
FIRST_ERROR_STATUS = 400


@cache
def client() -> http_client.Client:
    """One client for all probes: making one reads the certificates, which takes longer than asking.

    Nothing is kept open between questions, so that each shows whether new callers get in.
    """
    return http_client.Client(
        timeout=PROBE_SECONDS,
        trust_env=False,
        limits=http_client.Limits(max_keepalive_connections=0),
    )


def http_answers(url: str) -> bool:
    """Whether the address answers with success or a redirect in time."""
    try:
        return client().get(url).status_code < FIRST_ERROR_STATUS
    except http_client.HTTPError:
        return False


PROBES: dict[str, Callable[[str], bool]] = {
    "http": http_answers,
    "postgresql": postgres.answers,
}


def answers(url: str) -> bool:
    """Asks once. A child without an address is taken for well while it runs.

    Raises:
        KeyError: the scheme is not in the table.
    """
    return not url or PROBES[urlsplit(url).scheme](url)


if __name__ == "__main__":
    sys.exit(0 if answers(sys.argv[1]) else 1)
