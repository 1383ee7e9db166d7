"""The engine's build and configuration, as far as they are pure."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from stack.build import PROGRAMS, Binaries, binaries_for, ensure_binaries, explain_failure
from stack.go_toolchain import is_new_enough, parse_version, required_version
from stack.paths import ENGINE_SOURCE
from stack.temporal import (
    EnginePorts,
    dynamic_config,
    server_config,
    web_config,
    write_server_config,
)

PORTS = EnginePorts.consecutive(frontend=7233, metrics=9466, first_internal=7240)


def test_a_released_go_is_recognised_by_its_number() -> None:
    assert parse_version("go version go1.26.8 linux/amd64") == (1, 26, 8)
    assert parse_version("go 1.26.8") == (1, 26, 8)


@pytest.mark.parametrize(
    ("said", "enough"),
    [
        ("go version go1.26.8 linux/amd64", True),
        ("go version go1.27 linux/amd64", True),
        ("go version go1.26.10 linux/arm64", True),  # by number, not by letter
        ("go version go1.26.7 linux/amd64", False),
        ("go version go1.9 linux/amd64", False),
        ("go version devel +a1b2c3d linux/amd64", False),
        ("", False),
    ],
)
def test_only_a_go_of_at_least_the_required_release_is_used(said: str, *, enough: bool) -> None:
    assert is_new_enough(said, (1, 26, 8)) is enough


def test_the_module_file_says_which_go_it_needs() -> None:
    text = (ENGINE_SOURCE / "go.mod").read_text()

    assert required_version(text) >= (1, 26, 8)
    assert all(package in text for package in PROGRAMS.values())


def test_other_checksums_mean_other_binaries() -> None:
    assert binaries_for(b"one") == binaries_for(b"one")
    assert binaries_for(b"one") != binaries_for(b"two")


def test_two_commands_that_need_the_engine_build_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builds: list[list[str]] = []
    started = threading.Barrier(2)

    def slow_build(programs: list[str], folder: Path, _: Console) -> None:
        builds.append(programs)
        folder.mkdir(parents=True)
        for program in programs:
            (folder / program).touch()

    def command() -> Binaries:
        started.wait()  # neither has looked yet
        return ensure_binaries()

    monkeypatch.setattr("stack.build.binaries_for", lambda: Binaries(tmp_path / "bin"))
    monkeypatch.setattr("stack.build.ENGINE_BUILDS", tmp_path)
    monkeypatch.setattr("stack.build.build", slow_build)
    with ThreadPoolExecutor(2) as threads:
        found = [each.result() for each in (threads.submit(command), threads.submit(command))]

    assert builds == [list(PROGRAMS)]
    assert [binaries.missing() for binaries in found] == [[], []]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("go: x/y@v1: dial tcp: lookup proxy.example: no such host", "GOPROXY"),
        ("go: x/y@v1: reading https://proxy.example: 403 Forbidden", "GOPROXY"),
        ("link: write /tmp/x: no space left on device", "disk is full"),
        ("main.go:3: undefined: x", "undefined: x"),
    ],
)
def test_a_failed_build_is_told_in_one_line_with_a_way_out(words: str, expected: str) -> None:
    sentence = explain_failure("temporal-server", ["go: downloading a/b v1.0.0", words, ""])

    assert expected in sentence
    assert "\n" not in sentence


def test_every_port_of_the_engine_is_another_and_none_is_the_apis() -> None:
    config = yaml.safe_dump(server_config(ENGINE_SOURCE, PORTS))

    assert len({PORTS.frontend, PORTS.metrics, *PORTS.internal}) == 2 + EnginePorts.INTERNAL
    assert PORTS.internal == list(range(7240, 7248))
    assert "8000" not in config
    assert "0.0.0.0" not in config  # noqa: S104 - it must not listen on every interface


def test_the_engine_keeps_sixteen_shards_in_one_durable_file() -> None:
    persistence = server_config(ENGINE_SOURCE, PORTS)["persistence"]

    assert persistence["numHistoryShards"] == 16
    for store in persistence["datastores"].values():
        assert store["sql"]["connectAttributes"]["journal_mode"] == "WAL"
        assert store["sql"]["connectAttributes"]["mode"] == "rwc"


def test_time_can_be_skipped_only_where_that_was_asked_for() -> None:
    switch = "frontend.WorkflowTimeSkippingEnabled"

    assert switch not in dynamic_config(time_skipping=False)
    assert dynamic_config(time_skipping=True)[switch] == [{"value": True}]


def test_the_written_configuration_points_at_its_own_switches(tmp_path: Path) -> None:
    config = yaml.safe_load(write_server_config(tmp_path, PORTS, time_skipping=False).read_text())

    switches = Path(config["dynamicConfigClient"]["filepath"]).read_text()
    assert yaml.safe_load(switches) == dynamic_config(time_skipping=False)


def test_temporal_web_listens_here_and_fetches_no_news() -> None:
    config = web_config("127.0.0.1:7233", "throughline", 8233)

    assert (config["host"], config["port"]) == ("127.0.0.1", 8233)
    assert config["disableNewsFetch"] is True
