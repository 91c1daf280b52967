"""Sessions that were held before they kept what was taught get it from their course."""

import datetime as dt

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from openhtm.sites.tests.factories import FacilityFactory
from openhtm.training.models import TrainingSession
from openhtm.training.tests.factories import CourseFactory


@pytest.mark.django_db(transaction=True)
def test_sessions_get_the_title_and_the_content_of_their_course():
    course, north = CourseFactory(title="Pump basics", content="Alarms"), FacilityFactory(code="NORTH")
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    state = MigrationExecutor(connection).migrate([("training", "0001_initial")])
    state.apps.get_model("training", "TrainingSession").objects.create(
        course_id=course.pk, facility_id=north.pk, held_at=dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC), minutes=30, kind="yearly",
        trainer_name="Edith", code="ABCD",
    )  # fmt: skip
    MigrationExecutor(connection).migrate(newest)
    assert list(TrainingSession.objects.values_list("title", "content")) == [("Pump basics", "Alarms")]
