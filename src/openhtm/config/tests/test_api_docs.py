"""The readable description of the API leads nowhere that is not there, and says each thing once."""

import re

import pytest
from django.urls import reverse

from openhtm.config.api_docs import docs
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory

GROUPS = docs().groups


@pytest.fixture
def reader(client, db):
    client.force_login(UserFactory.with_role(Role.REQUESTER, None))
    return client


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.slug)
def test_every_link_of_a_group_leads_to_something_on_its_page(reader, group):
    text = reader.get(reverse("api-group", args=[group.slug])).content.decode()
    marks = re.findall(r'id="([^"]+)"', text)
    assert set(re.findall(r'href="#([^"]+)"', text)) - set(marks) == set()
    assert len(marks) == len(set(marks))


def test_the_groups_hold_every_operation_once_and_the_first_page_leads_to_each(reader):
    text = reader.get(reverse("api-docs")).content.decode()
    operations = [(group.slug, operation.id) for group in GROUPS for operation in group.operations]
    assert len({name for _, name in operations}) == len(operations)
    assert all(f"/api/v1/docs/{slug}#{name}" in text for slug, name in operations)


def test_no_two_groups_share_an_address():
    assert len({group.slug for group in GROUPS}) == len(GROUPS)
