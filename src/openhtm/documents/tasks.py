"""Jobs of the documents room."""

from procrastinate.contrib.django import app

from openhtm.documents import services


@app.periodic(cron="45 3 * * *")
@app.task(queue="maintenance", queueing_lock="remove-unreferenced-files", name="documents.remove_unreferenced_files")
def remove_unreferenced_files(timestamp: int) -> None:
    services.remove_unreferenced_files()
