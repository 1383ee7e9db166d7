"""The launcher's one error: a sentence for the person at the terminal, no traceback."""


class StackError(Exception):
    """Something the person can act on. The message says what happened and what to do next."""
