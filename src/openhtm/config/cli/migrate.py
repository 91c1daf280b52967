"""``openhtm migrate``: tables and static files as this version needs them."""

import argparse
import os

from openhtm.config.cli import COMMANDS
from openhtm.config.runtime import CannotRun, database_for_command


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``migrate``."""
    command = subparsers.add_parser("migrate", help=COMMANDS["migrate"][1], description="Create or change tables and collect static files.")
    command.add_argument("--quiet", action="store_true", help="say nothing unless something fails")
    command.set_defaults(func=migrate)


def migrate(args: argparse.Namespace) -> int:
    """Apply what is pending and collect the static files. Answers 0; raises CannotRun when the database refuses."""
    with database_for_command("openhtm migrate"):
        bring_up_to_date(verbosity=0 if args.quiet else 1)
    return 0


def bring_up_to_date(*, verbosity: int) -> None:
    """Migrate and collect static files; the environment names the database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openhtm.config.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import DatabaseError, connections

    try:
        call_command("migrate", interactive=False, verbosity=verbosity)
        _load_starter()
    except DatabaseError as refusal:
        raise CannotRun(f"The database refused a change: {str(refusal).strip()}") from refusal
    finally:
        connections.close_all()
    call_command("collectstatic", interactive=False, verbosity=0)


def _load_starter() -> None:
    """Bring the shipped reference data of every room in, once per edition; a statement or two for each that is there."""
    from openhtm.audit.context import acting
    from openhtm.catalog.services.starter import load_starter
    from openhtm.competence.services.reference import load_competence_reference
    from openhtm.identity.actor import Actor
    from openhtm.maintenance.services.reference import load_maintenance_policies
    from openhtm.procedures.services.loading import load_starter_packs
    from openhtm.workforce.services.skills import load_skills
    from openhtm.workorders.services.codes import load_work_codes

    actor = Actor.system("openhtm migrate")
    with acting(actor, reason="starter catalogue"):
        load_starter(actor=actor, only_if_new=True)
        load_skills()
        load_work_codes(actor=actor, only_if_new=True)
        load_starter_packs(actor=actor, only_if_new=True)
        load_maintenance_policies(actor=actor, only_if_new=True)
        load_competence_reference(actor=actor, only_if_new=True)
