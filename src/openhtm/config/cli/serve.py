"""``openhtm run``, ``serve``, ``web`` and ``worker``: processes that stay until they are stopped."""

import argparse

from openhtm.config.cli import COMMANDS


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the four commands. They take no arguments: addresses and folders come from the environment, see settings.md."""
    for name, function in (("run", run), ("serve", serve), ("web", web), ("worker", worker)):
        summary = COMMANDS[name][1]
        subparsers.add_parser(name, help=summary, description=f"{summary.capitalize()}.").set_defaults(func=function)


def run(args: argparse.Namespace) -> int:
    from openhtm.config.runtime import service

    return service.serve(demo=True)


def serve(args: argparse.Namespace) -> int:
    from openhtm.config.runtime import service

    return service.serve(demo=False)


def web(args: argparse.Namespace) -> int:
    from openhtm.config.runtime import service

    return service.serve_part(web=True)


def worker(args: argparse.Namespace) -> int:
    from openhtm.config.runtime import service

    return service.serve_part(web=False)
