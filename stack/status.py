"""`./throughline status`: each child, whether it runs and whether it is well."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from rich.console import Console
from rich.table import Table

from settings import Settings
from stack import probes
from stack.description import StackDescription, log_file
from stack.paths import StatePaths
from stack.supervision import ChildState, Supervisor


def show_status(console: Console) -> bool:
    """Prints the table; True if every child runs and answers."""
    paths = StatePaths(Settings().state_dir)
    supervisor = Supervisor(paths)
    if supervisor.process() is None:
        console.print("Nothing is running; `./throughline up` starts it.")
        return False
    description = StackDescription.load(paths)
    states = {state.name: state for state in supervisor.states()}
    with ThreadPoolExecutor(len(description.children)) as threads:
        urls = [child.ready_url for child in description.children]
        answered = list(threads.map(probes.answers, urls))
    table = Table("Child", "State", "Process", "Up for", "Address", "Health", "Log", box=None)
    table.columns[4].no_wrap = True
    all_well = True
    for child, answers in zip(description.children, answered, strict=True):
        state = states[child.name]
        runs = state.runs
        all_well = all_well and runs and answers
        table.add_row(
            child.name,
            f"[{'green' if runs else 'red'}]{state.state.lower()}[/]",
            str(state.pid or "-"),
            uptime(state) if runs else "-",
            child.address or "-",
            health(runs=runs, answers=answers, asked=bool(child.ready_url)),
            log_file(paths, child.name).name,
        )
    console.print(table)
    console.print(f"Logs are in {paths.logs}", soft_wrap=True, highlight=False)
    return all_well


def uptime(state: ChildState) -> str:
    """How long the child has run, in whole seconds."""
    return str(timedelta(seconds=max(0, int(time.time() - state.started_at))))


def health(*, runs: bool, answers: bool, asked: bool) -> str:
    """One word on a child's answer."""
    if not runs:
        return "[red]down[/]"
    if not asked:
        return "-"
    return "[green]ready[/]" if answers else "[red]not ready[/]"
