"""Organisation, facilities, departments and providers: who may write them, and what is refused."""

import pytest

from openhtm.core.errors import Invalid, NotAllowed
from openhtm.sites.models import Department, Facility, Organisation
from openhtm.sites.scope import Right
from openhtm.sites.services import departments, facilities, providers
from openhtm.sites.tests.factories import DepartmentFactory, FacilityFactory, LocationFactory, ServiceProviderFactory
from openhtm.sites.tests.people import EVERYBODY, of

pytestmark = pytest.mark.django_db


def test_the_organisation_is_named_first_and_then_changed():
    with pytest.raises(facilities.NoOrganisation):
        facilities.add_facility(actor=EVERYBODY, code="A", name="A")
    facilities.update_organisation(actor=EVERYBODY, name="Valley Health", currency="USD")
    facilities.update_organisation(actor=EVERYBODY, currency="EUR")
    assert [(o.name, o.currency) for o in Organisation.objects.all()] == [("Valley Health", "EUR")]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"code": "NO RTH", "name": "N"}, "code"),
        ({"code": "../etc", "name": "N"}, "code"),
        ({"code": "", "name": "N"}, "code"),
        ({"code": "N" * 21, "name": "N"}, "code"),
        ({"code": "N", "name": ""}, "name"),
        ({"code": "N", "name": "N", "time_zone": "Mars/Olympus"}, "time_zone"),
        ({"code": "west", "name": "N"}, "code"),
    ],
)
def test_a_facility_that_could_not_be_addressed_is_refused(fields, field):
    FacilityFactory(code="WEST")
    with pytest.raises(Invalid) as refusal:
        facilities.add_facility(actor=EVERYBODY, **fields)
    assert field in refusal.value.errors or "Another facility has this code." in refusal.value.sentence


def test_a_facility_closes_only_when_empty():
    north = FacilityFactory()
    place, ward = LocationFactory(facility=north), DepartmentFactory(facility=north)
    with pytest.raises(Invalid, match=r"1 place in it is still active.*1 department in it is still active"):
        facilities.set_facility_active(actor=EVERYBODY, facility_id=north.pk, active=False)
    type(place).objects.update(active=False)
    departments.set_department_active(actor=EVERYBODY, department_id=ward.pk, active=False)
    assert facilities.set_facility_active(actor=EVERYBODY, facility_id=north.pk, active=False).active is False


def test_departments_are_written_where_the_right_is_held():
    north, south = FacilityFactory(), FacilityFactory()
    maria = of(north)
    made = departments.add_department(actor=maria, facility_id=north.pk, name=" ICU ", cost_centre="4410")
    departments.update_department(actor=maria, department_id=made.pk, contact_email="icu@example.org")
    made.refresh_from_db()
    assert (made.name, made.cost_centre, made.contact_email) == ("ICU", "4410", "icu@example.org")
    with pytest.raises(Facility.DoesNotExist):
        departments.add_department(actor=maria, facility_id=south.pk, name="ICU")
    with pytest.raises(Department.DoesNotExist):
        departments.update_department(actor=of(south), department_id=made.pk, name="Theirs")
    with pytest.raises(Invalid, match="already has a department"):
        departments.add_department(actor=maria, facility_id=north.pk, name="icu")
    with pytest.raises(Invalid) as refusal:
        departments.update_department(actor=maria, department_id=made.pk, contact_email="nobody")
    assert "contact_email" in refusal.value.errors


def test_a_provider_is_shared_so_changing_one_needs_the_right_everywhere():
    maria, provider = of(FacilityFactory()), ServiceProviderFactory()
    assert providers.add_provider(actor=maria, name="Acme").kind == "independent"
    with pytest.raises(NotAllowed):
        providers.update_provider(actor=maria, provider_id=provider.pk, name="X")
    with pytest.raises(NotAllowed):
        providers.add_provider(actor=of(FacilityFactory(), rights=frozenset({Right.VIEW_SITES})), name="Y")
    assert providers.set_provider_active(actor=EVERYBODY, provider_id=provider.pk, active=False).active is False
