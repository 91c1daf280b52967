"""The job worker's process: runs Procrastinate's worker until it is told to stop. Started by the supervisor."""

import asyncio
import os

import django
from procrastinate import App, exceptions
from procrastinate.jobs import Job, Status

GRACE_SECONDS = 5.0
RESCUE_SECONDS = 15.0


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
            rescuer = asyncio.create_task(rescue(running))
            try:
                await running.run_worker_async(shutdown_graceful_timeout=GRACE_SECONDS, delete_jobs="never")
            finally:
                rescuer.cancel()


async def rescue(app: App) -> None:
    """Again and again give back the jobs of workers that were killed: without a heartbeat for half a minute."""
    while True:
        for job in await app.job_manager.get_stalled_jobs():
            await give_back(app, job)
        await asyncio.sleep(RESCUE_SECONDS)


async def give_back(app: App, job: Job) -> None:
    """Let the job run once more, or end it as failed if its successor waits already (same queueing lock)."""
    try:
        await app.job_manager.retry_job(job)
    except (exceptions.AlreadyEnqueued, exceptions.UniqueViolation):
        await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=False)


if __name__ == "__main__":
    main()
