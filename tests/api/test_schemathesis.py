"""The API attacked from its own contract: no server error, and no answer that the contract does not name.

Deterministic: Hypothesis derandomized, no example database. Everything happens in one transaction that is rolled back.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from django.core import signals
from django.db import close_old_connections, connection, transaction
from hypothesis import HealthCheck, Phase, settings
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from openhtm.config.api import api
from openhtm.config.wsgi import application
from tests.permissions.client import bearer
from tests.permissions.world import World, build_world

pytestmark = pytest.mark.django_db
CHECKS = [schemathesis.checks.not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 6


def _config() -> SchemathesisConfig:
    generation = GenerationConfig(deterministic=True, max_examples=EXAMPLES, database="none")
    return SchemathesisConfig(projects=ProjectsConfig(default=ProjectConfig(generation=generation)))


schema = schemathesis.openapi.from_dict(api.get_openapi_schema(path_prefix="/api/v1/"), config=_config())
schema.app = application


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: object) -> Iterator[World]:
    with django_db_blocker.unblock(), transaction.atomic():  # type: ignore[attr-defined]
        yield build_world()
        transaction.set_rollback(True)


@pytest.fixture(scope="module", autouse=True)
def kept_connection() -> Iterator[None]:
    """The server's end of a request would close the connection in whose transaction all this happens."""
    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (signals.request_started, signals.request_finished):
        signal.connect(close_old_connections)


@pytest.fixture(scope="module")
def token(world: World) -> dict[str, str]:
    return {"Authorization": bearer(world.ada)["HTTP_AUTHORIZATION"]}


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_keeps_the_contract(case: schemathesis.Case, token: dict[str, str]) -> None:
    with transaction.atomic():
        response = case.call(headers=token)
        connection.check_constraints()  # what a commit would refuse
        transaction.set_rollback(True)
    case.validate_response(response, checks=CHECKS)
