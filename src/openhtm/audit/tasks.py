"""Jobs of the audit room."""

from procrastinate.contrib.django import app

from openhtm.audit import invariants


@app.periodic(cron="15 3 * * *")
@app.task(queue="maintenance", queueing_lock="check-invariants", name="audit.check_invariants")
def check_invariants(timestamp: int) -> None:
    invariants.run_and_record()
