"""Jobs of the inventory."""

from procrastinate.contrib.django import app

from openhtm.inventory.services import figures, quality


@app.periodic(cron="45 2 * * *")
@app.task(queue="maintenance", queueing_lock="refresh-duplicates", name="inventory.refresh_duplicates")
def refresh_duplicates(timestamp: int) -> None:
    quality.refresh_duplicates()


@app.periodic(cron="*/10 * * * *")
@app.task(queue="maintenance", queueing_lock="refresh-figures", name="inventory.refresh_figures")
def refresh_figures(timestamp: int) -> None:
    figures.refresh_figures()
