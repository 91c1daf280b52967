"""``openhtm token``: bearer tokens for programs."""

from __future__ import annotations

import argparse

from openhtm.config.cli.shell import in_shell
from openhtm.identity.rules.permissions import Role


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``token create``, ``token list`` and ``token revoke`` to the command line."""
    token = subparsers.add_parser("token", help="API tokens")
    commands = token.add_subparsers(dest="token_command", required=True)
    create = commands.add_parser("create", help="make a token with a service account of its own and print it, nothing else")
    create.add_argument("--role", required=True, choices=[role.value for role in Role])
    create.add_argument("--facility", metavar="CODE", help="where the role holds (default: every facility)")
    create.add_argument("--name", default="", help="what uses it")
    create.add_argument("--days", type=int, default=90, help="how long it works: 1 to 365, default 90")
    create.add_argument("--read-only", action="store_true", help="it can change nothing")
    create.add_argument("--provider", metavar="NAME", help="service provider of a vendor technician")
    create.set_defaults(func=run_create)
    listing = commands.add_parser("list", help="tokens that work, without their secrets")
    listing.add_argument("--all", action="store_true", help="also those revoked or expired")
    listing.set_defaults(func=run_list)
    revoke = commands.add_parser("revoke", help="end a token")
    revoke.add_argument("token", help="its number, its first ten characters, or the whole token")
    revoke.set_defaults(func=run_revoke)


def run_create(args: argparse.Namespace) -> int:
    """Answer 0 and print the token, or 1 with the reason on standard error."""
    return in_shell("create_token", args)


def run_list(args: argparse.Namespace) -> int:
    return in_shell("list_tokens", args.all)


def run_revoke(args: argparse.Namespace) -> int:
    return in_shell("revoke_token", args.token)
