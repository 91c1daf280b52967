"""``openhtm openapi``: the contract of the API, as committed in docs/reference/openapi.json."""

from __future__ import annotations

import argparse
import json
import os
import sys


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("openapi", help="print the API's contract (OpenAPI)")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print the document with sorted keys, so that a difference shows what changed. Asks no database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openhtm.config.settings")
    import django

    django.setup()
    from openhtm.config.api import api

    sys.stdout.write(json.dumps(api.get_openapi_schema(path_prefix="/api/v1/"), indent=1, sort_keys=True, ensure_ascii=False, default=str))
    sys.stdout.write("\n")
    return 0
