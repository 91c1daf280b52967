"""Jobs of maintenance."""

from procrastinate.contrib.django import app

from openhtm.identity.actor import Actor
from openhtm.maintenance.services.reconcile import reconcile


@app.periodic(cron="20 0 * * *")
@app.task(queue="maintenance", queueing_lock="reconcile-whole", name="maintenance.reconcile_whole")
def reconcile_whole(timestamp: int) -> None:
    reconcile(actor=Actor.system("nightly run"), whole=True)


@app.periodic(cron="5 * * * *")
@app.task(queue="maintenance", queueing_lock="reconcile", name="maintenance.reconcile")
def reconcile_changed(timestamp: int) -> None:
    reconcile(actor=Actor.system("hourly run"))
