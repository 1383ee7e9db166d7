"""Files of service changes: reading JSON and CSV into rows, naming what cannot be read. No rules.

Whether a change is acceptable is the API's to say; here only the form of the file is judged.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Final

from domain.identifiers import fingerprint

_CHANGE_FIELDS: Final = ("account_id", "kind", "requested_date", "note")
_OWN_FIELDS: Final = ("document", "idempotency_key")
_DETAILS: Final = "details"


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with a row: where, in which field (empty: the row as a whole), and why."""

    file: Path
    line: int
    field: str
    sentence: str


@dataclass(frozen=True, slots=True)
class FileRow:
    """One change to submit. `change` is the API's body; `document` a file that exists."""

    file: Path
    line: int
    change: Mapping[str, Any]
    document: Path | None
    given_key: str | None

    def idempotency_key(self, document_sha256: str | None) -> str:
        """The key given in the file, else SHA-256 over the change and its document.

        Submitting the same row again therefore asks for the same change, not for a second one.
        """
        return self.given_key or fingerprint(
            {"change": self.change, "document_sha256": document_sha256}
        )


def read_rows(file: Path) -> Iterator[FileRow | RowProblem]:
    """The rows of a JSON file (an object, a list, or one object per line) or a CSV file, in order.

    A row that cannot be read comes as its problems, one each; the rows after it still come.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")  # spreadsheets write a byte order mark
    except OSError as error:
        reason = error.strerror or type(error).__name__
        yield RowProblem(file, 0, "", f"cannot be read ({reason}); check the path")
        return
    except UnicodeDecodeError:
        yield RowProblem(file, 0, "", "is not UTF-8 text; save it as UTF-8")
        return
    read = _csv_rows if file.suffix.lower() == ".csv" else _json_rows
    empty = True
    for line, row in read(text):
        empty = False
        yield from (
            [RowProblem(file, line, "", row)] if isinstance(row, str) else _row(file, line, row)
        )
    if empty:
        yield RowProblem(file, 1, "", "holds no service change")


def _row(file: Path, line: int, raw: Mapping[str, Any]) -> list[FileRow] | list[RowProblem]:
    change = {name: value for name, value in raw.items() if name not in _OWN_FIELDS}
    own = {name: raw.get(name) or None for name in _OWN_FIELDS}
    problems = [
        RowProblem(file, line, name, "must be a text")
        for name, value in own.items()
        if value is not None and not isinstance(value, str)
    ]
    if problems:
        return problems
    document = file.parent / own["document"] if own["document"] else None
    if document is not None and not document.is_file():
        sentence = f"{document} is not a file; the path counts from the folder of this file"
        return [RowProblem(file, line, "document", sentence)]
    return [FileRow(file, line, change, document, own["idempotency_key"])]


def _json_rows(text: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Each object with its line; instead of one that is none, the sentence that says so."""
    decoder = json.JSONDecoder()
    listed = text.lstrip().startswith("[")
    at = text.index("[") + 1 if listed else 0
    while True:
        at = _past(text, at, " \t\r\n," if listed else " \t\r\n")
        line = text.count("\n", 0, at) + 1
        if at == len(text):
            if listed:
                yield line, "the list does not end; close it with ]"
            return
        if listed and text[at] == "]":
            return
        try:
            value, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            wrong = text.count("\n", 0, error.pos) + 1
            yield wrong, f"is not JSON: {error.msg} at column {error.colno}"
            if listed:
                return
            at = _line_end(text, error.pos)
            continue
        yield line, value if isinstance(value, dict) else "must be an object with fields"


def _past(text: str, at: int, skipped: str) -> int:
    while at < len(text) and text[at] in skipped:
        at += 1
    return at


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _csv_rows(text: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Each row as the object it stands for, with the line it begins on."""
    reader = csv.reader(StringIO(text), strict=True)
    header: list[str] | None = None
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield line, f"is not CSV: {error}"
            return
        if cells is None:
            return
        if header is None:
            header = [cell.strip() for cell in cells]
        elif len(cells) > len(header):
            yield line, f"has {len(cells)} cells, the heading has {len(header)}; quote commas"
        elif any(cell.strip() for cell in cells):
            yield line, _nested(dict(zip(header, cells, strict=False)))


def _nested(cells: Mapping[str, str]) -> dict[str, Any] | str:
    """Columns as fields: `details.service` and plain `service` both mean a field of the details.

    Blank cells are left out, so that kinds with different fields share one table. A sentence where
    a column stands for a whole and another for a part of it.
    """
    row: dict[str, Any] = {_DETAILS: {}}
    for column, cell in cells.items():
        value = cell.strip()
        if not value or not column:
            continue
        path = column.split(".")
        if path[0] not in (*_CHANGE_FIELDS, *_OWN_FIELDS, _DETAILS):
            path = [_DETAILS, *path]
        place: Any = row
        for name in path[:-1]:
            place = place.setdefault(name, {}) if isinstance(place, dict) else None
        if not isinstance(place, dict) or path[-1] in place:
            return f"column {column} contradicts another column; fill one of them"
        place[path[-1]] = value
    return row
