"""The tests' own database server."""

import pytest
from django.db import connection


@pytest.mark.django_db
def test_the_bundled_server_has_what_the_schema_needs():
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_available_extensions WHERE name IN ('ltree', 'pg_trgm', 'btree_gist') ORDER BY name")
        assert [name for (name,) in cursor.fetchall()] == ["btree_gist", "ltree", "pg_trgm"]
