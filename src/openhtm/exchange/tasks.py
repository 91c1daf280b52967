"""Jobs of the exchange room."""

from procrastinate.contrib.django import app

from openhtm.exchange.services import imports, running


@app.task(queue="imports", name="exchange.check_import")
def check_import(run_id: int) -> None:
    running.check_import(run_id=run_id)


@app.task(queue="imports", name="exchange.apply_import")
def apply_import(run_id: int) -> None:
    running.apply_import(run_id=run_id)


@app.periodic(cron="*/5 * * * *")
@app.task(queue="maintenance", queueing_lock="close-abandoned-imports", name="exchange.close_abandoned_imports")
def close_abandoned_imports(timestamp: int) -> None:
    imports.close_abandoned()
