"""``openhtm backup`` and ``openhtm restore``."""

import argparse
from pathlib import Path

from openhtm.config.cli import COMMANDS
from openhtm.config.runtime import CannotRun, database_for_command, locks
from openhtm.config.runtime.commands import SERVE
from openhtm.config.runtime.paths import current_home

MIB = 1024 * 1024


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both commands."""
    backup_command = subparsers.add_parser(
        "backup", help=COMMANDS["backup"][1], description="Write database and stored files into one file. OpenHTM may be running."
    )
    backup_command.add_argument("file", type=Path, help="the file to write; an earlier one is replaced only when the new one is complete")
    backup_command.set_defaults(func=backup)
    restore_command = subparsers.add_parser(
        "restore", help=COMMANDS["restore"][1], description="Verify a backup, then bring it back. Refuses an instance that holds data."
    )
    restore_command.add_argument("file", type=Path, help="a file written by openhtm backup")
    restore_command.add_argument("--replace", action="store_true", help="lose what the instance holds now")
    restore_command.set_defaults(func=restore)


def backup(args: argparse.Namespace) -> int:
    """Write the backup and say what is in it."""
    from openhtm.config.runtime.backup import write_backup

    with database_for_command("openhtm backup") as url:
        manifest = write_backup(target=args.file, url=url, home=current_home())
    print(f"{args.file}: database and {len(manifest.members) - 1} stored files, {args.file.stat().st_size / MIB:.1f} MiB.")
    return 0


def restore(args: argparse.Namespace) -> int:
    """Restore, then bring the tables up to this version."""
    from openhtm.config.cli.migrate import bring_up_to_date
    from openhtm.config.runtime import backup as archive

    home = current_home()
    home.make()
    archive.verify(args.file)
    with database_for_command("openhtm restore") as url:
        if locks.holder(home.server_lock)[1] == SERVE and _is_held(home.server_lock):
            raise CannotRun("OpenHTM is running on this data folder. Stop it, restore, then start it again.")
        manifest = archive.restore(source=args.file, url=url, home=home, replace=args.replace)
        bring_up_to_date(verbosity=0)
    print(
        f"Restored the backup made at {manifest.made_at} by OpenHTM {manifest.openhtm_version}: {len(manifest.members) - 1} stored files."
    )
    return 0


def _is_held(path: Path) -> bool:
    held = locks.try_exclusive(path, label="openhtm restore")
    if held:
        held.close()
    return held is None
