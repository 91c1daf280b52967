"""Jobs of the staff survey."""

from django.utils import timezone
from procrastinate.contrib.django import app

from openhtm.pulse.services.surveys import remind_before_end, seal_next


@app.periodic(cron="20 * * * *")
@app.task(queue="maintenance", queueing_lock="seal-surveys", name="pulse.seal")
def seal_survey(timestamp: int) -> None:
    seal_next(now=timezone.now())


@app.periodic(cron="0 7 * * *")
@app.task(queue="maintenance", queueing_lock="remind-of-surveys", name="pulse.remind")
def remind_of_surveys(timestamp: int) -> None:
    remind_before_end(today=timezone.localdate(), now=timezone.now())
