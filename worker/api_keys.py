"""Lets callers in: `python -m worker.api_keys < credentials.json`, an object of name to key."""

import json
import sys

from adapters.postgres.api_keys import store
from json_logs import configure
from settings import Settings


def main() -> None:
    """Read the object from standard input; one sentence and exit 1 when it is not one."""
    settings = Settings()
    configure(settings.log_level)
    try:
        store(settings.database_url, json.load(sys.stdin))
    except (ValueError, AttributeError) as error:
        sys.exit(f"Give a JSON object of names and keys on standard input: {error}")


if __name__ == "__main__":
    main()
