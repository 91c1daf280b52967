"""The job worker's process: runs Procrastinate's worker until it is told to stop. Started by the supervisor."""

import asyncio
import os

import django

GRACE_SECONDS = 5.0


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openhtm.config.settings")
    from openhtm.config.logs import configure

    configure()
    django.setup()
    asyncio.run(work())


async def work() -> None:
    """Fetch and run jobs. A job still running ``GRACE_SECONDS`` after the signal is abandoned; jobs are made to be repeated."""
    from openhtm.config.jobs import app

    with app.replace_connector(app.connector.get_worker_connector()) as running:  # type: ignore[attr-defined]
        async with running.open_async():
            await running.run_worker_async(shutdown_graceful_timeout=GRACE_SECONDS, delete_jobs="never")


if __name__ == "__main__":
    main()
