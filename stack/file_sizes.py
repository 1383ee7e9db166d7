"""The rule that keeps files readable: how many lines a Python file may have, room by room."""

from collections.abc import Iterable
from pathlib import Path

LIMIT = 400
LIMITS = {"workflows": 300}
"""Top-level folder -> its own limit; the deterministic part has to be read most often."""

EXEMPT = Path("adapters/postgres/migrations/versions")
"""A migration is a record of what was done to a schema: written once, never refactored."""


def limit_for(path: Path) -> int:
    """The limit of a file, given relative to the checkout."""
    return LIMITS.get(path.parts[0], LIMIT)


def too_long(checkout: Path, files: Iterable[Path]) -> list[str]:
    """One sentence for each file over its limit; files are given relative to the checkout."""
    sentences = []
    for path in files:
        if EXEMPT in path.parents:
            continue
        lines = len((checkout / path).read_text(encoding="utf-8").splitlines())
        if lines > limit_for(path):
            sentences.append(f"{path} has {lines} lines; the limit is {limit_for(path)}: split it")
    return sentences
