"""The stored histories: where they lie, how they are read and written. No scenario."""

import json
from pathlib import Path
from typing import Any, Final

from temporalio.client import WorkflowHistory

HISTORIES: Final = Path(__file__).parent / "histories" / "service_change"
_MACHINE_FIELDS: Final = {"identity", "stackTrace"}
"""What names a machine, its users or its paths says nothing about the workflow."""


def stored(folder: Path = HISTORIES) -> list[WorkflowHistory]:
    """Every stored history, named by its scenario. Raises FileNotFoundError if there is none."""
    found = [
        WorkflowHistory.from_json(path.stem, path.read_text()) for path in sorted(folder.glob("*"))
    ]
    if not found:
        raise FileNotFoundError(
            f"no histories in {folder.name}; record them with python -m tests.replay.record"
        )
    return found


def store(scenario: str, history: WorkflowHistory, folder: Path = HISTORIES) -> Path:
    """Write a history where `stored` finds it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{scenario}.json"
    events = json.loads(history.to_json(), object_hook=_scrub)
    path.write_text(json.dumps(events, indent=1, sort_keys=True) + "\n")
    return path


def _scrub(value: dict[str, Any]) -> dict[str, Any]:
    return {name: item for name, item in value.items() if name not in _MACHINE_FIELDS}
