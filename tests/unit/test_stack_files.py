"""What the launcher writes and reads as plain text: secrets, keys, log lines, sizes, variables."""

import base64
import json
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

import pytest

from settings import CHECKOUT, Settings
from stack import secret_files
from stack.checks import COMPOSE_FILE, compose_variables
from stack.errors import StackError
from stack.file_sizes import too_long
from stack.output import LINE_BYTES, JsonLines, open_log, wrap
from stack.paths import StatePaths, write_private
from stack.secret_files import ROLES, ensure_credentials, ensure_secrets, secret_fields


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StatePaths:
    monkeypatch.setenv("THROUGHLINE_STATE_DIR", str(tmp_path))
    monkeypatch.setattr(secret_files, "CHECKOUT", tmp_path)  # no `.env` of the developer's
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    for field in secret_fields():
        monkeypatch.delenv(f"THROUGHLINE_{field.upper()}", raising=False)
    return StatePaths(tmp_path)


def read(log: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_every_secret_is_made_and_only_its_owner_can_read_it(paths: StatePaths) -> None:
    settings = ensure_secrets()

    assert all(getattr(settings, field).get_secret_value() for field in secret_fields())
    assert paths.secrets.stat().st_mode & 0o777 == 0o600


def test_secrets_made_once_stay(paths: StatePaths) -> None:
    first = ensure_secrets()
    text = paths.secrets.read_text()

    assert ensure_secrets() == first
    assert paths.secrets.read_text() == text


@pytest.mark.usefixtures("paths")
def test_no_two_secrets_are_alike() -> None:
    settings = ensure_secrets()

    values = [getattr(settings, field).get_secret_value() for field in secret_fields()]
    assert len(set(values)) == len(values)


@pytest.mark.usefixtures("paths")
def test_a_webhook_secret_holds_32_bytes_behind_its_prefix() -> None:
    secret = ensure_secrets().billing_webhook_secret.get_secret_value()

    prefix, _, encoded = secret.partition("_")
    assert prefix == "whsec"
    assert len(base64.b64decode(encoded, validate=True)) == 32


def test_a_secret_from_the_environment_wins_and_is_not_written_down(
    paths: StatePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THROUGHLINE_BILLING_API_KEY", "given")

    assert ensure_secrets().billing_api_key.get_secret_value() == "given"
    assert "BILLING_API_KEY" not in paths.secrets.read_text()


@pytest.mark.usefixtures("paths")
def test_a_vendor_elsewhere_needs_the_credential_it_gave_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ensure_secrets()  # one made for the sandbox must not be sent to a real system
    monkeypatch.setenv("THROUGHLINE_CRM_BASE_URL", "https://crm.example")

    with pytest.raises(StackError, match=r"THROUGHLINE_CRM_CLIENT_SECRET is not set.*crm\.example"):
        ensure_secrets()


def test_a_moved_vendor_port_moves_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THROUGHLINE_CRM_PORT", "9101")

    assert Settings().crm_base_url == "http://127.0.0.1:9101"


def test_there_is_one_key_per_role_and_it_stays(paths: StatePaths) -> None:
    first = ensure_credentials(paths)

    assert tuple(first) == ROLES
    assert all(key.startswith(f"tl_{role}_") for role, key in first.items())
    assert ensure_credentials(paths) == first == json.loads(paths.credentials.read_text())
    assert paths.credentials.stat().st_mode & 0o777 == 0o600


def test_a_role_missing_from_an_older_file_is_added(paths: StatePaths) -> None:
    write_private(paths.credentials, json.dumps({"admin": "tl_admin_old"}))

    keys = ensure_credentials(paths)

    assert keys["admin"] == "tl_admin_old"
    assert tuple(keys) == ROLES


def test_a_private_file_replaces_one_that_others_could_read(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("old")
    file.chmod(0o644)

    write_private(file, "new")

    assert (file.read_text(), file.stat().st_mode & 0o777) == ("new", 0o600)
    assert [each.name for each in tmp_path.iterdir()] == ["secret"]


def test_json_lines_pass_unchanged_and_others_are_wrapped(tmp_path: Path) -> None:
    lines = JsonLines("api", open_log(tmp_path / "log"))

    lines.feed(b'{"message": "as it is", "n": 1}\nTraceback: h\xc3\xa4\n[1]\n\n')
    lines.close()

    as_is, wrapped, array = read(tmp_path / "log")
    assert as_is == {"message": "as it is", "n": 1}
    assert (wrapped["child"], wrapped["message"]) == ("api", "Traceback: hä")
    assert array["message"] == "[1]"


def test_a_line_that_comes_in_pieces_is_written_once(tmp_path: Path) -> None:
    lines = JsonLines("api", open_log(tmp_path / "log"))

    for piece in (b"first ha", b"lf\nsec", b"ond"):
        lines.feed(piece)
    lines.close()

    assert [entry["message"] for entry in read(tmp_path / "log")] == ["first half", "second"]


def test_a_line_that_never_ends_is_cut_instead_of_kept(tmp_path: Path) -> None:
    lines = JsonLines("api", open_log(tmp_path / "log"))

    lines.feed(b"x" * (LINE_BYTES + 1))
    lines.close()

    assert [len(str(entry["message"])) for entry in read(tmp_path / "log")] == [LINE_BYTES, 1]


def test_bytes_that_are_no_text_do_not_stop_the_log(tmp_path: Path) -> None:
    lines = JsonLines("api", open_log(tmp_path / "log"))

    lines.feed(b"\xff\xfe broken\n")
    lines.close()

    assert str(read(tmp_path / "log")[0]["message"]).endswith("broken")


def test_a_full_log_makes_room_by_dropping_the_oldest(tmp_path: Path) -> None:
    file = RotatingFileHandler(tmp_path / "log", maxBytes=200, backupCount=1, encoding="utf-8")
    lines = JsonLines("api", file)

    lines.feed(b"".join(b"line %d\n" % number for number in range(50)))
    lines.close()

    kept = sorted(each.name for each in tmp_path.iterdir())
    assert kept == ["log", "log.1"]
    assert read(tmp_path / "log")[-1]["message"] == "line 49"


def test_a_wrapped_line_says_when_in_utc() -> None:
    entry = json.loads(wrap("api", "text", datetime(2026, 12, 1, 8, 30, tzinfo=UTC)))

    assert entry == {"time": "2026-12-01T08:30:00+00:00", "child": "api", "message": "text"}


def test_a_file_over_its_rooms_limit_is_named_with_its_length(tmp_path: Path) -> None:
    sizes = {"api/long.py": 401, "api/fits.py": 400, "workflows/long.py": 301, "top.py": 12}
    for name, lines in sizes.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("pass\n" * lines)

    assert too_long(tmp_path, map(Path, sizes)) == [
        "api/long.py has 401 lines; the limit is 400: split it",
        "workflows/long.py has 301 lines; the limit is 300: split it",
    ]


def test_variables_a_compose_file_insists_on_are_found() -> None:
    text = "a: ${ONE:?set it}\nb: '${TWO:-default} ${THREE:?why} ${ONE:?again}'"

    assert compose_variables(text) == ["ONE", "THREE"]


def test_the_compose_file_insists_on_every_secret_of_the_settings_it_uses() -> None:
    text = COMPOSE_FILE.read_text()
    used = [f"THROUGHLINE_{field.upper()}" for field in secret_fields()]
    optional = {"THROUGHLINE_OPERATIONS_WEBHOOK_SECRET"}

    assert {name for name in used if name in text} - optional <= set(compose_variables(text))


def test_the_example_environment_names_every_setting_and_no_other() -> None:
    lines = (CHECKOUT / ".env.example").read_text().splitlines()
    named = [
        line.removeprefix("# ").split("=")[0]
        for line in lines
        if line.removeprefix("# ").startswith("THROUGHLINE_")
    ]

    assert sorted(named) == sorted(
        f"THROUGHLINE_{field.upper()}" for field in Settings.model_fields
    )
