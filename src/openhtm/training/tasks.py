"""Jobs of clinical training."""

from django.utils import timezone
from procrastinate.contrib.django import app

from openhtm.training.services.reminders import remind
from openhtm.training.services.throttling import forget_tries


@app.periodic(cron="40 5 * * 1")
@app.task(queue="maintenance", queueing_lock="remind-of-training", name="training.remind")
def remind_of_training(timestamp: int) -> None:
    remind(today=timezone.localdate(), now=timezone.now())


@app.periodic(cron="55 3 * * *")
@app.task(queue="maintenance", queueing_lock="forget-sign-in-tries", name="training.forget_tries")
def forget_sign_in_tries(timestamp: int) -> None:
    forget_tries(now=timezone.now())
