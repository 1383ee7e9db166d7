"""`./throughline check`: every rule of the code base that a program can check, one tick each."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml
from rich.console import Console

from stack.build import ensure_binaries
from stack.errors import StackError
from stack.file_sizes import too_long
from stack.packages import install_debian_package
from stack.paths import CHECKOUT
from stack.temporal import dynamic_config

ROOMS = (
    "domain",
    "workflows",
    "activities",
    "adapters",
    "worker",
    "api",
    "support_ui",
    "sandbox",
    "stack",
    "benchmarks",
    "tests",
)
COMPOSE_FILE = CHECKOUT / "docker-compose.yml"


@dataclass(frozen=True)
class Finding:
    """What one check found: nothing to say, or the words of the tool that objects."""

    passed: bool
    words: str = ""


def run_checks(console: Console) -> bool:
    """Runs every check, even after one has failed; True if all passed."""
    checks: dict[str, Callable[[], Finding]] = {
        "format": lambda: tool("ruff", "format", "--check", "."),
        "lint": lambda: tool("ruff", "check", "."),
        "types": lambda: tool("mypy", *python_rooms()),
        "import rules": lambda: tool("lint-imports"),
        "file sizes": file_sizes,
        "compose file": lambda: compose_file(console),
        "engine configuration": lambda: engine_configuration(console),
    }
    all_passed = True
    for name, check in checks.items():
        with console.status(name):
            finding = attempt(check)
        mark = "[green]✓[/]" if finding.passed else "[red]✗[/]"
        console.print(f"{mark} {name}")
        if not finding.passed:
            console.print(finding.words, markup=False, highlight=False, soft_wrap=True)
        all_passed = all_passed and finding.passed
    return all_passed


def attempt(check: Callable[[], Finding]) -> Finding:
    """A check that cannot run has failed; its reason is the finding."""
    try:
        return check()
    except StackError as error:
        return Finding(passed=False, words=str(error))


def tool(name: str, *arguments: str) -> Finding:
    """Runs a tool of this environment on the checkout."""
    return outcome([str(Path(sys.executable).parent / name), *arguments])


def outcome(command: list[str], env: dict[str, str] | None = None) -> Finding:
    """Runs a program; its exit status decides."""
    answer = subprocess.run(
        command,
        cwd=CHECKOUT,
        env=os.environ | (env or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Finding(answer.returncode == 0, answer.stdout.strip())


def python_rooms() -> list[str]:
    """What the type checker is given: every room that is here, and the modules at the top."""
    rooms = [room for room in ROOMS if any((CHECKOUT / room).rglob("*.py"))]
    return [*rooms, *sorted(path.name for path in CHECKOUT.glob("*.py"))]


def python_files() -> list[Path]:
    """Every Python file of the project, relative to the checkout."""
    places = [path for name in python_rooms() for path in (CHECKOUT / name, *files_in(name))]
    return [path.relative_to(CHECKOUT) for path in places if path.is_file()]


def files_in(room: str) -> list[Path]:
    """The Python files of a room."""
    return sorted((CHECKOUT / room).rglob("*.py"))


def file_sizes() -> Finding:
    """No file outgrows its limit."""
    sentences = too_long(CHECKOUT, python_files())
    return Finding(not sentences, "\n".join(sentences))


def compose_program(console: Console) -> list[str]:
    """A compose program, installed if need be. Reading a file needs no container engine."""
    plugin = ["docker", "compose"]
    if shutil.which("docker") and outcome([*plugin, "version"]).passed:
        return plugin
    if shutil.which("docker-compose") is None:
        install_debian_package("docker-compose", "the check of docker-compose.yml", console)
    return ["docker-compose"]


def compose_file(console: Console) -> Finding:
    """The file is well formed, and refuses to start without its secrets."""
    program = [*compose_program(console), "--file", str(COMPOSE_FILE), "--profile", "sandbox"]
    required = compose_variables(COMPOSE_FILE.read_text(encoding="utf-8"))
    complete = outcome([*program, "config"], dict.fromkeys(required, "set-for-this-check"))
    if not complete.passed:
        return complete
    bare = outcome([*program, "config"], dict.fromkeys(required, ""))
    if bare.passed:
        return Finding(passed=False, words="docker-compose.yml starts without any secret set")
    return Finding(passed=True)


def compose_variables(text: str) -> list[str]:
    """Names of the variables the file insists on: `${NAME:?what to set}`."""
    return sorted({part.split(":?")[0] for part in text.split("${")[1:] if ":?" in part})


def engine_configuration(console: Console) -> Finding:
    """The engine knows every switch we set, with its type."""
    server = ensure_binaries(console).server
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(dynamic_config(time_skipping=True), file)
        file.flush()
        answer = outcome([str(server), "validate-dynamic-config", file.name])
    clean = answer.passed and not any(word in answer.words for word in ("error:", "warning:"))
    return Finding(clean, answer.words)
