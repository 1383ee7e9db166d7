"""The command line as a person meets it: one clear line and an exit status, never a traceback."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from settings import CHECKOUT, Settings
from stack.ephemeral import temporary_folder
from stack.ports import LOOPBACK, free_ports, is_free
from stack.temporal import EnginePorts
from tests.support.prometheus import promtool, run


@pytest.fixture
def state() -> Iterator[Path]:
    with temporary_folder() as folder:
        yield folder / "state"


def free_row(length: int) -> int:
    """The first of a row of free ports, below those the system hands out by itself."""
    starts = range(20_000, 30_000, length)
    return next(each for each in starts if all(map(is_free, range(each, each + length))))


def throughline(
    state: Path, *words: str, checkout: Path = CHECKOUT, **changes: str
) -> "subprocess.CompletedProcess[str]":
    """Runs a command with a state folder and free ports of its own."""
    ports = [field for field in Settings.model_fields if field.endswith("_port")]
    given = dict(zip(ports, map(str, free_ports(len(ports))), strict=True))
    given |= {"temporal_internal_port": str(free_row(EnginePorts.INTERNAL))} | changes
    variables = {f"THROUGHLINE_{name.upper()}": value for name, value in given.items()}
    return subprocess.run(  # noqa: S603 - the command line under test
        [sys.executable, "-m", "stack", *words],
        cwd=checkout,
        env=os.environ | variables | {"THROUGHLINE_STATE_DIR": str(state), "COLUMNS": "200"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_names_every_command_of_the_contract(state: Path) -> None:
    answer = throughline(state, "--help")

    commands = (
        "demo", "up", "down", "status", "test", "check", "replay", "bench", "submit", "alert-rules",
    )  # fmt: skip
    assert answer.returncode == 0
    assert all(f" {command} " in answer.stdout for command in commands)


def test_status_of_nothing_says_how_to_start_and_fails(state: Path) -> None:
    answer = throughline(state, "status")

    assert answer.returncode == 1
    assert answer.stdout == "Nothing is running; `./throughline up` starts it.\n"


def test_stopping_nothing_succeeds_however_often(state: Path) -> None:
    answers = [throughline(state, "down") for _ in range(2)]

    assert [answer.returncode for answer in answers] == [0, 0]
    assert answers[0].stdout == "Nothing is running.\n"


def test_a_busy_port_is_one_line_and_nothing_is_started(state: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        answer = throughline(state, "up", api_port=str(port))

    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
    assert f"Port {port} is held by" in answer.stderr
    assert "THROUGHLINE_API_PORT" in answer.stderr
    assert not (state / "supervisord.pid").exists()


def test_a_setting_that_is_no_number_is_one_line_with_its_name(state: Path) -> None:
    answer = throughline(state, "status", api_port="eight thousand")

    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
    assert "THROUGHLINE_API_PORT" in answer.stderr


def test_the_alert_rules_are_written_from_nothing_and_prometheus_takes_them(
    tmp_path: Path,
) -> None:
    for path in CHECKOUT.iterdir():  # a copy of the program without `ops/`, so that nothing is left
        if (path / "__init__.py").is_file() and path.name != "tests":
            shutil.copytree(path, tmp_path / path.name, ignore=shutil.ignore_patterns("data"))
        elif path.suffix == ".py":
            shutil.copy(path, tmp_path)

    answer = throughline(tmp_path / "state", "alert-rules", checkout=tmp_path)

    assert answer.returncode == 0, answer.stderr
    assert "alerts.yml is as the table of rules has it" in answer.stdout
    written = tmp_path / "ops/prometheus/alerts.yml"
    assert "SUCCESS" in run(promtool(), "check", "rules", str(written))
    assert (tmp_path / "ops/grafana/throughline.json").is_file()


def test_an_unknown_kind_of_tests_is_told_the_known_ones(state: Path) -> None:
    answer = throughline(state, "test", "nonsense")

    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
    assert "integration" in answer.stderr


def test_a_real_vendor_without_its_credential_stops_the_start(state: Path) -> None:
    answer = throughline(
        state, "up", billing_base_url="https://billing.example", billing_api_key=""
    )

    assert answer.returncode == 1
    assert "THROUGHLINE_BILLING_API_KEY is not set" in answer.stderr
