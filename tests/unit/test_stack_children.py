"""The table of children, the supervisor's configuration for them, and messages about ports."""

import configparser
import os
import shlex
import socket
from pathlib import Path

import pytest

from settings import Settings
from stack.build import Binaries
from stack.children import describe
from stack.description import Child, StackDescription
from stack.errors import StackError
from stack.paths import StatePaths
from stack.ports import LOOPBACK, free_ports, is_free, require_free
from stack.supervision import ChildState, Supervisor, render_config, socket_path
from stack.watcher import SILENCE_SECONDS, START_SECONDS, Watcher

SECRET = "known-secret"


def settings(tmp_path: Path, **changes: object) -> Settings:
    given: dict[str, object] = {"state_dir": tmp_path, "postgres_password": SECRET}
    given |= dict.fromkeys(("billing_api_key", "crm_client_secret"), SECRET)
    return Settings.model_validate(given | changes)


def stack(tmp_path: Path, **changes: object) -> StackDescription:
    return describe(settings(tmp_path, **changes), Binaries(tmp_path / "bin"))


def names(description: StackDescription) -> list[str]:
    return [child.name for child in description.children]


def test_everything_is_embedded_by_default(tmp_path: Path) -> None:
    assert names(stack(tmp_path)) == [
        "postgres",
        "temporal",
        "temporal-web",
        "crm",
        "billing",
        "scheduling",
        "ticketing",
        "identity",
        "relay",
        "worker",
        "api",
        "console",
        "watcher",
    ]


def test_a_sign_in_elsewhere_replaces_the_embedded_one(tmp_path: Path) -> None:
    assert "identity" not in names(stack(tmp_path, oidc_issuer="https://login.example"))


@pytest.mark.parametrize(
    ("secret", "held_by"),
    [
        ("THROUGHLINE_CONSOLE_COOKIE_SECRET", {"console"}),
        ("THROUGHLINE_OIDC_CLIENT_SECRET", {"console", "identity"}),
    ],
)
def test_what_signs_people_in_is_given_to_console_and_sign_in_alone(
    tmp_path: Path, secret: str, held_by: set[str]
) -> None:
    assert {child.name for child in stack(tmp_path).children if secret in child.env} == held_by


def test_a_database_elsewhere_replaces_the_embedded_one(tmp_path: Path) -> None:
    description = stack(tmp_path, database_url="postgresql://db.example/throughline")

    assert "postgres" not in names(description)
    env = description.child("api").env
    assert env["THROUGHLINE_DATABASE_URL"] == "postgresql://db.example/throughline"


def test_an_engine_elsewhere_replaces_the_embedded_one_and_its_pages(tmp_path: Path) -> None:
    description = describe(settings(tmp_path, temporal_address="engine.example:7233"), None)

    assert {"temporal", "temporal-web"}.isdisjoint(names(description))


def test_a_real_vendor_replaces_its_sandbox_alone(tmp_path: Path) -> None:
    description = stack(tmp_path, crm_base_url="https://crm.example")

    assert "crm" not in names(description)
    assert "billing" in names(description)


def test_children_start_after_what_they_need(tmp_path: Path) -> None:
    first, second, *_ = [[child.name for child in stage] for stage in stack(tmp_path).stages]

    assert {"postgres", "temporal", "crm"} <= set(first)
    assert second == ["relay", "worker", "api"]


def test_no_two_children_share_a_port(tmp_path: Path) -> None:
    ports = [port for _, port in stack(tmp_path).ports]

    assert len(set(ports)) == len(ports)


def test_a_vendor_is_given_its_own_secrets_and_none_of_ours(tmp_path: Path) -> None:
    env = stack(tmp_path).child("billing").env

    assert env["SANDBOX_BILLING_API_KEY"] == SECRET
    assert all(name.startswith("SANDBOX_BILLING_") for name in env)


def test_the_console_is_given_no_secret(tmp_path: Path) -> None:
    env = stack(tmp_path).child("console").env

    assert not [name for name, value in env.items() if SECRET in value]


def test_no_secret_is_on_a_command_line(tmp_path: Path) -> None:
    words = [word for child in stack(tmp_path).children for word in child.command]

    assert not [word for word in words if SECRET in word]


def test_a_stored_description_is_read_back_as_it_was(tmp_path: Path) -> None:
    description = stack(tmp_path)

    description.save(StatePaths(tmp_path))

    assert StackDescription.load(StatePaths(tmp_path)) == description
    assert (tmp_path / "stack.json").stat().st_mode & 0o777 == 0o600


def test_the_supervisor_starts_nothing_by_itself_and_restarts_what_ends(tmp_path: Path) -> None:
    config = parsed(tmp_path)

    programs = [config[name] for name in config.sections() if name.startswith("program:")]
    assert len(programs) == 13
    assert {program["autostart"] for program in programs} == {"false"}
    assert {program["autorestart"] for program in programs} == {"true"}


def test_the_supervisor_configuration_holds_no_secret(tmp_path: Path) -> None:
    assert SECRET not in render_config(stack(tmp_path), StatePaths(tmp_path))


def test_a_state_folder_with_odd_characters_survives_the_supervisors_expansion(
    tmp_path: Path,
) -> None:
    odd = tmp_path / "50% of it"
    config = parsed(odd)

    command = config["program:api"]["command"].replace("%%", "%")
    assert str(odd / "stack.json") in shlex.split(command)


def test_a_deep_state_folder_gets_a_socket_under_a_short_name() -> None:
    assert socket_path(StatePaths(Path("/short"))) == Path("/short/supervisor.sock")
    assert len(str(socket_path(StatePaths(Path("/" + "deep/" * 40))))) < 100


def parsed(state: Path) -> configparser.RawConfigParser:
    state.mkdir(exist_ok=True)
    config = configparser.RawConfigParser()
    config.read_string(render_config(stack(state), StatePaths(state)))
    return config


def test_a_busy_port_is_told_with_its_holder_and_the_setting_that_moves_it() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]

        with pytest.raises(StackError) as told:
            require_free([("THROUGHLINE_API_PORT", port)])

    sentence = str(told.value)
    assert f"Port {port} is held by" in sentence
    assert f"process {os.getpid()}" in sentence
    assert "THROUGHLINE_API_PORT" in sentence
    assert "\n" not in sentence


def test_free_ports_are_different_and_can_be_listened_on() -> None:
    ports = free_ports(5)

    assert len(set(ports)) == 5
    assert all(is_free(port) for port in ports)
    require_free(("THROUGHLINE_API_PORT", port) for port in ports)


class SupervisorOfOne(Supervisor):
    """Says one child runs, since a given time; remembers what it was told to do."""

    def __init__(self, state: str, started_at: int) -> None:
        self.state = state
        self.started_at = started_at
        self.told: list[str] = []

    def states(self) -> list[ChildState]:
        return [ChildState("web", self.state, 1, self.started_at)]

    def start_child(self, name: str) -> None:
        self.told.append(f"start {name}")

    def restart_child(self, name: str) -> None:
        self.told.append(f"restart {name}")


WEB = StackDescription(
    children=(Child(name="web", title="Web", stage=0, command=(), alive_url="http://web"),)
)


class Clock:
    """Seconds that pass when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def looks(supervisor: SupervisorOfOne, rounds: list[tuple[float, bool]]) -> None:
    """Lets the watcher look at given times, with the child answering or not."""
    clock = Clock()
    answer = True
    watcher = Watcher(supervisor, WEB, probe=lambda _: answer, now=clock)
    for at, answered in rounds:
        clock.now, answer = at, answered
        watcher.look()


def test_a_child_that_fell_silent_for_long_is_restarted_once() -> None:
    supervisor = SupervisorOfOne("RUNNING", 1)

    looks(supervisor, [(0, True), (10, False), (10 + SILENCE_SECONDS, False)])

    assert supervisor.told == ["restart web"]


def test_one_answer_in_between_starts_the_patience_anew() -> None:
    supervisor = SupervisorOfOne("RUNNING", 1)
    late = SILENCE_SECONDS - 1

    looks(supervisor, [(0, True), (1, False), (late, True), (late + 1, False), (late + 40, False)])

    assert supervisor.told == []


def test_a_child_that_has_not_answered_yet_gets_the_time_to_start() -> None:
    supervisor = SupervisorOfOne("RUNNING", 1)

    looks(supervisor, [(0, False), (START_SECONDS - 1, False)])
    assert supervisor.told == []

    looks(supervisor, [(0, False), (START_SECONDS, False)])
    assert supervisor.told == ["restart web"]


def test_a_child_that_was_started_anew_is_not_blamed_for_its_predecessor() -> None:
    supervisor = SupervisorOfOne("RUNNING", 1)
    clock = Clock()
    answer = True
    watcher = Watcher(supervisor, WEB, probe=lambda _: answer, now=clock)
    watcher.look()
    answer = False
    watcher.look()

    supervisor.started_at, clock.now = 2, SILENCE_SECONDS
    watcher.look()

    assert supervisor.told == []


@pytest.mark.parametrize(
    ("state", "told"),
    [("FATAL", ["start web"]), ("EXITED", ["start web"]), ("STOPPED", []), ("BACKOFF", [])],
)
def test_only_a_child_that_was_given_up_is_started_again(state: str, told: list[str]) -> None:
    supervisor = SupervisorOfOne(state, 0)

    looks(supervisor, [(0, True)])

    assert supervisor.told == told
