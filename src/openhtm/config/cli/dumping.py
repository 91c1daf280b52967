"""What ``openhtm export`` and ``openhtm import-dump`` do once Django is set up."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from openhtm.config.dump import MUST_BE_EMPTY, SEQUENCES, dumped_models
from openhtm.core.errors import DomainError
from openhtm.exchange.services import dump


def export(args: argparse.Namespace) -> int:
    """0 with the dump complete in the folder, 1 with the reason on standard error."""
    return _refusing(
        lambda say: dump.export_dump(folder=Path(args.folder), tables=dumped_models(), sequences=SEQUENCES, say=say), quiet=args.quiet
    )


def restore(args: argparse.Namespace) -> int:
    """0 with everything restored, 1 with the reason on standard error and nothing written."""
    return _refusing(
        lambda say: dump.import_dump(folder=Path(args.folder), tables=dumped_models(), must_be_empty=MUST_BE_EMPTY, say=say),
        quiet=args.quiet,
    )


def _refusing(work: Callable[[dump.Say], object], *, quiet: bool) -> int:
    def say(text: str) -> None:
        if not quiet:
            print(text, file=sys.stderr)

    try:
        work(say)
    except DomainError as refusal:
        print(f"openhtm: {refusal}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"openhtm: {error.filename or args_folder(error)}: {error.strerror}.", file=sys.stderr)
        return 1
    return 0


def args_folder(error: OSError) -> str:
    return str(error.filename2 or "the folder")
