"""Reading files of service changes: forms, errors by line and field, keys that repeat."""

from pathlib import Path

import pytest

from domain.submission import check_submission
from sandbox._base.accounts import bundled_accounts
from settings import CHECKOUT
from stack.batch.rows import read_batch
from stack.submission_files import FileRow, RowProblem, read_rows

EXAMPLES = CHECKOUT / "examples"


def read(tmp_path: Path, name: str, text: str) -> list[FileRow | RowProblem]:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return list(read_rows(file))


def rows_of(found: list[FileRow | RowProblem]) -> list[FileRow]:
    return [each for each in found if isinstance(each, FileRow)]


def problems_of(found: list[FileRow | RowProblem]) -> list[tuple[int, str, str]]:
    return [
        (each.line, each.field, each.sentence) for each in found if isinstance(each, RowProblem)
    ]


@pytest.mark.parametrize("name", ["service-changes.json", "service-changes.csv"])
def test_the_bundled_examples_are_changes_of_known_accounts_outside_the_batch(name: str) -> None:
    rows = list(read_rows(EXAMPLES / name))
    known = {account.account_id for account in bundled_accounts()}
    known -= {row.account_id for row in read_batch()}
    assert len(rows) == 4
    for row in rows:
        assert isinstance(row, FileRow)
        assert check_submission(row.change).account_id in known


def test_an_object_a_list_and_json_lines_read_the_same(tmp_path: Path) -> None:
    one, two = '{"account_id": "A-1"}', '{"account_id": "B-2"}'
    listed = rows_of(read(tmp_path, "list.json", f"[{one},\n{two}]"))
    lines = rows_of(read(tmp_path, "lines.jsonl", f"{one}\n\n{two}\n"))
    single = rows_of(read(tmp_path, "one.json", one))
    assert [row.change for row in listed] == [row.change for row in lines]
    assert [row.line for row in listed] == [1, 2]
    assert [row.line for row in lines] == [1, 3]
    assert single[0].change == {"account_id": "A-1"}


def test_a_spreadsheets_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    (row,) = rows_of(read(tmp_path, "a.csv", "\ufeffaccount_id,kind\nA-1,add_service\n"))
    assert row.change["account_id"] == "A-1"


def test_a_csv_row_may_name_a_field_of_the_details_with_or_without_the_word_details(
    tmp_path: Path,
) -> None:
    (plain,) = rows_of(read(tmp_path, "a.csv", "account_id,service\nA-1,phone\n"))
    (full,) = rows_of(read(tmp_path, "b.csv", "account_id,details.service\nA-1,phone\n"))
    assert plain.change == full.change == {"account_id": "A-1", "details": {"service": "phone"}}


def test_csv_columns_with_dots_become_an_object(tmp_path: Path) -> None:
    text = "account_id,billing_address.line1,details.billing_address.city\nA-1,1 Main St,Dallas\n"
    (row,) = rows_of(read(tmp_path, "a.csv", text))
    assert row.change["details"] == {"billing_address": {"line1": "1 Main St", "city": "Dallas"}}


def test_csv_columns_that_contradict_each_other_are_named(tmp_path: Path) -> None:
    text = "account_id,billing_address,billing_address.city\nA-1,somewhere,Dallas\nB-2,,Dallas\n"
    found = read(tmp_path, "a.csv", text)
    assert [line for line, _, _ in problems_of(found)] == [2]
    assert "billing_address.city" in problems_of(found)[0][2]
    assert [row.change["account_id"] for row in rows_of(found)] == ["B-2"]


def test_blank_lines_of_a_csv_file_are_no_rows_and_lines_count_from_one(tmp_path: Path) -> None:
    found = rows_of(read(tmp_path, "a.csv", 'account_id,note\nA-1,"two\nlines"\n,\nB-2,x\n'))
    assert [(row.line, row.change["account_id"]) for row in found] == [(2, "A-1"), (5, "B-2")]


@pytest.mark.parametrize(
    ("name", "text", "line", "words"),
    [
        ("a.jsonl", '{"account_id": "A-1"}\n{oops}\n', 2, "is not JSON"),
        ("a.jsonl", '"text"\n', 1, "must be an object"),
        ("a.json", '[{"account_id": "A-1"}', 1, "close it with ]"),
        ("a.json", "[]", 1, "holds no service change"),
        ("a.json", "", 1, "holds no service change"),
        ("a.csv", "account_id,kind\n", 1, "holds no service change"),
        ("a.csv", "account_id\nA-1,more\n", 2, "quote commas"),
        ("a.csv", 'account_id\n"A-1\n', 2, "is not CSV"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(
    tmp_path: Path, name: str, text: str, line: int, words: str
) -> None:
    ((where, field, sentence),) = problems_of(read(tmp_path, name, text))
    assert (where, field) == (line, "")
    assert words in sentence


def test_a_line_that_is_no_json_does_not_keep_the_next_one_back(tmp_path: Path) -> None:
    found = read(tmp_path, "a.jsonl", '{oops}\n{"account_id": "B-2"}\n')
    assert [row.change["account_id"] for row in rows_of(found)] == ["B-2"]


def test_a_file_that_is_not_there_is_a_problem_not_a_crash(tmp_path: Path) -> None:
    (problem,) = list(read_rows(tmp_path / "nowhere.json"))
    assert isinstance(problem, RowProblem)
    assert "check the path" in problem.sentence


def test_a_document_is_looked_for_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "form.pdf").write_bytes(b"%PDF-1.4")
    (row,) = rows_of(read(tmp_path, "a.json", '{"account_id": "A-1", "document": "form.pdf"}'))
    assert row.document == tmp_path / "form.pdf"
    assert "document" not in row.change


def test_a_missing_document_names_the_field(tmp_path: Path) -> None:
    found = problems_of(read(tmp_path, "a.json", '{"account_id": "A-1", "document": "gone.pdf"}'))
    assert [(line, field) for line, field, _ in found] == [(1, "document")]


def test_the_same_row_has_the_same_key_and_any_difference_another(tmp_path: Path) -> None:
    text = (
        '{"account_id": "A-1", "kind": "add_service"}\n{"kind": "add_service", "account_id": "%s"}'
    )
    same = rows_of(read(tmp_path, "a.jsonl", text % "A-1"))
    other = rows_of(read(tmp_path, "b.jsonl", text % "B-2"))
    assert same[0].idempotency_key("d1") == same[1].idempotency_key("d1")
    assert other[0].idempotency_key("d1") != other[1].idempotency_key("d1")
    assert same[0].idempotency_key("d1") != same[0].idempotency_key("d2")


def test_a_key_given_in_the_file_wins(tmp_path: Path) -> None:
    (row,) = rows_of(read(tmp_path, "a.json", '{"account_id": "A-1", "idempotency_key": "k-1"}'))
    assert row.idempotency_key("d1") == "k-1"
    assert "idempotency_key" not in row.change
