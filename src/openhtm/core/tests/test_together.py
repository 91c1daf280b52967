import pgtrigger
import pgtrigger.migrations
import pytest
from django.db import connection, migrations, models
from django.db.migrations.state import ProjectState

from openhtm.core.together import Together

pytestmark = pytest.mark.django_db

OPERATIONS = [
    migrations.CreateModel("ward", [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=20))]),
    migrations.CreateModel("bed", [("id", models.BigAutoField(primary_key=True))]),
    migrations.AddField("bed", "ward", models.ForeignKey("toy.ward", models.CASCADE, null=True)),
    migrations.AddField("ward", "first_bed", models.ForeignKey("toy.bed", models.CASCADE, null=True, related_name="+")),  # both ways
    migrations.AddIndex("ward", models.Index(fields=["name"], name="toy_ward_name")),
    migrations.AddConstraint("bed", models.UniqueConstraint(fields=["ward"], name="toy_one_bed")),
    pgtrigger.migrations.AddTrigger("bed", pgtrigger.Protect(name="no_delete", operation=pgtrigger.Delete)),
]


def made():
    """The states before and after; the tables are there."""
    before, after = ProjectState(), ProjectState()
    Together(OPERATIONS).state_forwards("toy", after)
    with connection.schema_editor() as editor:
        Together(OPERATIONS).database_forwards("toy", editor, before, after)
    return before, after


def described(table):
    with connection.cursor() as cursor:
        return connection.introspection.get_constraints(cursor, table)


def test_tables_get_what_the_operations_say_and_go_again():
    before, after = made()
    assert {"toy_ward", "toy_bed"} <= set(connection.introspection.table_names())
    assert "toy_ward_name" in described("toy_ward")
    assert described("toy_bed")["toy_one_bed"]["unique"]
    assert ("toy_bed", "id") in [found["foreign_key"] for found in described("toy_ward").values()]
    with connection.schema_editor() as editor:
        Together(OPERATIONS).database_backwards("toy", editor, after, before)
    assert not {"toy_ward", "toy_bed"} & set(connection.introspection.table_names())


def test_the_state_is_that_of_the_operations_one_by_one():
    one_by_one, together = ProjectState(), ProjectState()
    for operation in OPERATIONS:
        operation.state_forwards("toy", one_by_one)
    Together(OPERATIONS).state_forwards("toy", together)
    assert together == one_by_one


def test_a_field_for_a_table_that_is_there_already_is_added():
    _, after = made()
    more, final = [migrations.AddField("ward", "floor", models.IntegerField(null=True))], after.clone()
    Together(more).state_forwards("toy", final)
    with connection.schema_editor() as editor:
        Together(more).database_forwards("toy", editor, after, final)
    with connection.cursor() as cursor:
        columns = [column.name for column in connection.introspection.get_table_description(cursor, "toy_ward")]
    assert "floor" in columns
