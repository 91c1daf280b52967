"""The API attacked from its own contract: no server error, and no answer that the contract does not name.

Deterministic: Hypothesis derandomized, no example database. Everything happens in one transaction that is rolled back.
The attacks on an operation are made up within its test: made up while tests are collected, they would cost half a minute in every
test process. The contract is the committed one, which another test compares with the one that is served.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from django.core import signals
from django.db import close_old_connections, connection, transaction
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import load_all_checks
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python._constants.orchestrator import make_constants_value_source
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from openhtm.config.wsgi import application
from tests.permissions.client import bearer
from tests.permissions.world import World, build_world

pytestmark = pytest.mark.django_db
CHECKS = [schemathesis.checks.not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 6
COMMITTED = Path(__file__).parents[2] / "docs" / "reference" / "openapi.json"


def _config() -> SchemathesisConfig:
    generation = GenerationConfig(deterministic=True, max_examples=EXAMPLES, database="none")
    return SchemathesisConfig(projects=ProjectsConfig(default=ProjectConfig(generation=generation)))


METHODS = ("get", "post", "put", "patch", "delete")
CONTRACT = json.loads(COMMITTED.read_text(encoding="utf-8"))
OPERATIONS = [(method.upper(), path) for path, entry in CONTRACT["paths"].items() for method in METHODS if method in entry]


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


@pytest.fixture(scope="module")
def schema() -> BaseSchema:
    load_all_checks()
    schema = schemathesis.openapi.from_dict(CONTRACT, config=_config())
    schema.app = application
    return schema


@pytest.fixture(scope="module")
def feedback(schema: BaseSchema) -> FeedbackSources:
    return FeedbackSources(constants_value_source=make_constants_value_source(schema))


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=[" ".join(operation) for operation in OPERATIONS])
def test_every_answer_keeps_the_contract(
    method: str, path: str, schema: BaseSchema, feedback: FeedbackSources, token: dict[str, str]
) -> None:
    attacked = []

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def attack(case: schemathesis.Case) -> None:
        attacked.append(case)
        keep_the_contract(case, token)

    build_operation_test(config=schema.config, operation=schema[path][method], test_func=attack, given_kwargs={}, feedback=feedback)()
    assert attacked


def keep_the_contract(case: schemathesis.Case, token: dict[str, str]) -> None:
    with transaction.atomic():
        response = case.call(headers=token)
        connection.check_constraints()  # what a commit would refuse
        transaction.set_rollback(True)
    case.validate_response(response, checks=CHECKS)
