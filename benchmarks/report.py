"""What a benchmark hands back, printed as a table and written beside it as JSON."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any, Final

import psutil
from rich.console import Console
from rich.table import Table

from settings import CHECKOUT

FOLDER: Final = CHECKOUT / ".throughline" / "benchmarks"
WIDTH: Final = 120


@dataclass(frozen=True, slots=True)
class Report:
    """One benchmark's outcome. `rows` share their columns; `ratios` are what lasts."""

    name: str
    title: str
    rows: Sequence[Mapping[str, Any]]
    ratios: Mapping[str, float]
    notes: Sequence[str] = ()
    passed: bool = True
    """False where more was promised than figures, and it did not hold."""


def publish(report: Report, at: datetime, folder: Path = FOLDER) -> str:
    """Write `<time>-<name>.json` and `.txt` of the same; gives the text."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / f"{at:%Y%m%dT%H%M%S}-{report.name}"
    record = asdict(report) | {"at": at.isoformat(), "machine": _machine()}
    text = table_of(report)
    stem.with_suffix(".json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    stem.with_suffix(".txt").write_text(text, encoding="utf-8")
    return f"{text}Written to {stem}.json and .txt\n"


def table_of(report: Report) -> str:
    table = Table(*report.rows[0], title=report.title, title_justify="left")
    for row in report.rows:
        table.add_row(*(_shown(value) for value in row.values()))
    out = StringIO()
    console = Console(file=out, width=WIDTH, highlight=False)
    console.print(table)
    for name, ratio in report.ratios.items():
        console.print(f"{name}: {ratio:.2f}")
    for note in report.notes:
        console.print(note)
    return out.getvalue()


def _shown(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _machine() -> dict[str, Any]:
    return {
        "cpus": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "python": platform.python_version(),
        "system": platform.platform(),
    }
