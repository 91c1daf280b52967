"""Jobs of rounds and readiness."""

from django.utils import timezone
from procrastinate.contrib.django import app

from openhtm.rounds.services.escalating import escalate_missed
from openhtm.rounds.services.throttling import forget_tries


@app.periodic(cron="5 * * * *")
@app.task(queue="maintenance", queueing_lock="escalate-missed-readiness", name="rounds.escalate_missed")
def escalate_missed_checks(timestamp: int) -> None:
    escalate_missed(now=timezone.now())


@app.periodic(cron="50 3 * * *")
@app.task(queue="maintenance", queueing_lock="forget-readiness-tries", name="rounds.forget_tries")
def forget_readiness_tries(timestamp: int) -> None:
    forget_tries(now=timezone.now())
