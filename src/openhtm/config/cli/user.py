"""``openhtm user``: accounts from the shell, such as the first administrator."""

from __future__ import annotations

import argparse
import getpass
import sys

from openhtm.config.cli.shell import in_shell
from openhtm.identity.rules.permissions import Role


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``user create`` and ``user reset-password`` to the command line."""
    user = subparsers.add_parser("user", help="accounts of people")
    commands = user.add_subparsers(dest="user_command", required=True)
    create = commands.add_parser("create", help="add a person who can log in, such as the first administrator")
    create.add_argument("username")
    create.add_argument("--name", required=True, help="full name")
    create.add_argument("--role", required=True, choices=[role.value for role in Role])
    create.add_argument("--facility", metavar="CODE", help="where the role holds (default: every facility)")
    create.add_argument("--email", default="")
    create.add_argument("--days", type=int, help="after how many days the role ends (a surveyor needs it)")
    create.add_argument("--provider", metavar="NAME", help="service provider of a vendor technician")
    create.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    create.set_defaults(func=run_create)
    reset = commands.add_parser("reset-password", help="make a one-time password and print it")
    reset.add_argument("username")
    reset.set_defaults(func=run_reset)


def run_create(args: argparse.Namespace) -> int:
    """Answer 0 and print the one-time password, or 1 with the reason on standard error."""
    password = _read_password() if args.password_stdin else None
    return in_shell("create_user", args, password)


def run_reset(args: argparse.Namespace) -> int:
    return in_shell("reset_password", args.username)


def _read_password() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("Password: ")
    return sys.stdin.readline().rstrip("\r\n")
