"""Jobs of the work order room."""

from django.utils import timezone
from procrastinate.contrib.django import app

from openhtm.workorders.services.throttling import forget_tries


@app.periodic(cron="45 3 * * *")
@app.task(queue="maintenance", queueing_lock="forget-public-tries", name="workorders.forget_public_tries")
def forget_public_tries(timestamp: int) -> None:
    forget_tries(now=timezone.now())
