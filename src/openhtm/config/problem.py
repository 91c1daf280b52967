"""The one refusal of the runtime: a sentence for the person at the shell, no traceback."""


class CannotRun(Exception):
    """A start, stop, backup or restore that cannot go on. The text says what is wrong and what to do."""
