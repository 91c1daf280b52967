"""The parts of PostgreSQL the tables rely on. All three are trusted: the owner of the database may add them."""

from django.contrib.postgres.operations import BtreeGistExtension, CreateExtension, TrigramExtension
from django.db import migrations


class Migration(migrations.Migration):
    initial = True
    dependencies: list = []
    operations = [TrigramExtension(), BtreeGistExtension(), CreateExtension("ltree")]
