"""The bundled batch as what a benchmark begins with."""

from io import StringIO

from rich.console import Console

from stack.demo import run_demo
from tests.support.live import LiveStack


def play_batch(stack: LiveStack) -> None:
    """Push it through. Raises AssertionError, with what it said, if a row ends unexpectedly."""
    said = StringIO()
    if not run_demo(stack.settings, Console(file=said, width=120)):
        raise AssertionError(said.getvalue())
