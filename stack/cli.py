"""The command line: what each command takes and prints. The modules beside it do the work."""

import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from settings import Settings
from stack.checks import run_checks
from stack.children import PEOPLE
from stack.demo import run_demo
from stack.errors import StackError
from stack.launch import (
    AlreadyRunningError,
    RunningStack,
    bring_down,
    bring_up,
    hold,
    interruptible,
    supervisor_of_this_checkout,
)
from stack.monitoring import write_ops
from stack.paths import StatePaths
from stack.secret_files import ensure_secrets
from stack.status import show_status
from stack.submit import submit_files
from stack.suite import run_benchmarks, run_tests

app = typer.Typer(
    help="Throughline on this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console(width=None if sys.stdout.isatty() else 120)  # a file has no edge to wrap at
errors = Console(stderr=True, soft_wrap=True, highlight=False)

INTERRUPTED = 130  # the shell's status for Ctrl-C


@app.command()
def demo(
    *,
    leave: Annotated[
        bool,
        typer.Option(
            "--exit", help="Stop after the batch; status 0 only if all ended as expected."
        ),
    ] = False,
) -> None:
    """Start everything, push the bundled batch through it, show what happened.

    A stack that is up already is used, and left running.
    """
    begun = time.monotonic()
    as_expected = False
    with interruptible():
        try:
            stack = bring_up(console, tied=True)
        except AlreadyRunningError as running:
            console.print(running, soft_wrap=True, highlight=False)
            raise typer.Exit(0 if run_demo(ensure_secrets(), console) else 1) from None
        try:
            greet(stack, begun)
            as_expected = run_demo(stack.settings, console)
            if not leave:
                console.print("Everything stays up until Ctrl-C.")
                hold(stack)
        except KeyboardInterrupt:
            console.print("Interrupted.")
        finally:
            bring_down(stack, console)
    raise typer.Exit(0 if as_expected else 1)


@app.command()
def up(
    *,
    detach: Annotated[
        bool, typer.Option("--detach", help="Return when everything is ready.")
    ] = False,
) -> None:
    """Start everything on this machine; it stays up until Ctrl-C."""
    begun = time.monotonic()
    with interruptible():
        try:
            stack = bring_up(console, tied=not detach)
        except AlreadyRunningError as running:
            console.print(running, soft_wrap=True, highlight=False)
            return
        greet(stack, begun)
        if detach:
            console.print("`./throughline status` looks after it, `./throughline down` stops it.")
            return
        console.print("Everything stays up until Ctrl-C.")
        try:
            hold(stack)
        except KeyboardInterrupt:
            bring_down(stack, console)


@app.command()
def down() -> None:
    """Stop everything that `up` or `demo` started; nothing running is fine too."""
    supervisor = supervisor_of_this_checkout()
    if supervisor.process() is None:
        console.print("Nothing is running.")
        return
    begun = time.monotonic()
    with console.status("Stopping, newest first"):
        supervisor.stop()
    console.print(f"Stopped in {time.monotonic() - begun:.1f} s.")


@app.command()
def status() -> None:
    """Say what runs where; the exit status is 1 when something is down."""
    raise typer.Exit(0 if show_status(console) else 1)


@app.command("test")
def run_suite(
    kinds: Annotated[
        list[str] | None,
        typer.Argument(help="Folders of tests/: unit, workflow, api …; all if none."),
    ] = None,
    *,
    long: Annotated[bool, typer.Option("--long", help="Those that take minutes instead.")] = False,
) -> None:
    """Set up whatever is missing and run the test suite; the exit status is pytest's."""
    raise typer.Exit(run_tests(kinds or [], console, long=long))


@app.command()
def check() -> None:
    """Format, lint, types, import rules, file sizes, configuration files."""
    raise typer.Exit(0 if run_checks(console) else 1)


@app.command()
def replay() -> None:
    """Replay stored histories against today's workflow code."""
    raise typer.Exit(run_tests(["replay"], console))


@app.command()
def alert_rules() -> None:
    """Write the rules of Prometheus and the dashboard of Grafana from the table of alert rules."""
    for path in write_ops(Path(__file__).resolve().parents[1] / "ops"):
        console.print(f"[green]✓[/] {path.name} is as the table of rules has it")


@app.command(context_settings={"ignore_unknown_options": True})
def bench(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]... [--seed N] [--changes N] [--minutes M] [--report]",
            help="Benchmarks to run, the short ones if none; how long; a report in docs/.",
        ),
    ] = None,
) -> None:
    """Run the benchmark suite; writes a table and JSON."""
    raise typer.Exit(run_benchmarks(words or []))


@app.command()
def submit(
    files: Annotated[list[Path], typer.Argument(help="JSON or CSV files of service changes.")],
    *,
    follow: Annotated[bool, typer.Option("--follow", help="Wait for the end of each.")] = False,
) -> None:
    """Submit service changes from files to the running stack."""
    here = Path(os.environ.get("STACK_CALLED_FROM", "."))
    paths = [here / file for file in files]
    raise typer.Exit(0 if submit_files(paths, Settings(), console, follow=follow) else 1)


def greet(stack: RunningStack, begun: float) -> None:
    """Says how long it took, where everything is and how to sign in."""
    paths = StatePaths(stack.settings.state_dir)
    table = Table(box=None, padding=(0, 2), show_header=False)
    addresses = {child.title: child.address for child in stack.description.children}
    rows = {
        "Support console": addresses["Support console"],
        "API": f"{addresses['API']}  (docs: {addresses['API']}/docs)",
        "Temporal Web": stack.settings.temporal_web_base_url,
    }
    for title, address in rows.items():
        table.add_row(f"[bold]{title}[/]", address)
    if not stack.settings.oidc_issuer:
        table.add_row("Sign in as", f"{', '.join(PEOPLE)}; no password on this machine")
    table.add_row("Keys for scripts", str(paths.credentials))
    table.add_row("Logs", f"{paths.logs}/<child>.jsonl")
    console.print(f"\nReady in {time.monotonic() - begun:.1f} s.", highlight=False)
    console.print(table, soft_wrap=True, highlight=False)


def main() -> None:
    """Runs a command; what a person can act on ends in one line, not in a traceback."""
    try:
        app(prog_name="./throughline")
    except StackError as error:
        errors.print(f"[red]✗[/] {escape(str(error))}")
        sys.exit(1)
    except ValidationError as error:
        first = error.errors()[0]
        name = f"THROUGHLINE_{'_'.join(map(str, first['loc'])).upper()}"
        errors.print(
            f"[red]✗[/] {name}: {escape(first['msg'])}; correct it in the environment or .env."
        )
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
