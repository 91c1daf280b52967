"""What runs OpenHTM on one machine: the bundled database, the supervisor of its processes, backup and restore."""

from openhtm.config.problem import CannotRun
from openhtm.config.runtime.commands import database_for_command

__all__ = ["CannotRun", "database_for_command"]
