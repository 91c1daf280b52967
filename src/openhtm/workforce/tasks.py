"""Jobs of people."""

from django.utils import timezone
from procrastinate.contrib.django import app

from openhtm.workforce.services.reminders import remind


@app.periodic(cron="40 5 * * *")
@app.task(queue="maintenance", queueing_lock="remind-of-certifications", name="workforce.remind")
def remind_of_certifications(timestamp: int) -> None:
    remind(today=timezone.localdate())
