"""Column types of PostgreSQL that Django does not bring."""

from typing import Any

from django.db import models


class LtreeField(models.TextField):
    """A path of labels separated by dots (PostgreSQL ``ltree``), for trees that are asked for whole branches."""

    def db_type(self, connection: Any) -> str:
        return "ltree"

    def get_internal_type(self) -> str:
        return "LtreeField"


@LtreeField.register_lookup
class Within(models.Lookup):
    """``path__within="1.5"``: this place or any below it (``<@``)."""

    lookup_name = "within"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} <@ {right}::ltree", (*left_params, *right_params)


@LtreeField.register_lookup
class Holds(models.Lookup):
    """``path__holds="1.5.9"``: this place or any above it (``@>``)."""

    lookup_name = "holds"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} @> {right}::ltree", (*left_params, *right_params)


class MacAddressField(models.CharField):
    """A hardware address (PostgreSQL ``macaddr``), read back as ``aa:bb:cc:dd:ee:ff``."""

    def db_type(self, connection: Any) -> str:
        return "macaddr"
