"""Jobs of the identity room."""

from django.utils import timezone
from procrastinate.contrib.django import app

from openhtm.identity.services.log_in import forget_attempts


@app.periodic(cron="40 3 * * *")
@app.task(queue="maintenance", queueing_lock="forget-log-ins", name="identity.forget_log_ins")
def forget_log_ins(timestamp: int) -> None:
    forget_attempts(now=timezone.now())
