"""Places for tests."""

import factory

from openhtm.sites.models import Department, Facility, Location, Organisation, ServiceProvider


class OrganisationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Organisation
        django_get_or_create = ("name",)

    name = "Test Health"


class FacilityFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Facility

    organisation = factory.SubFactory(OrganisationFactory)
    code = factory.Sequence(lambda n: f"F{n}")
    name = factory.Sequence(lambda n: f"Facility {n}")
    time_zone = "America/New_York"


class LocationFactory(factory.django.DjangoModelFactory):
    """A place at the top of its facility's tree; give ``parent`` for one below."""

    class Meta:
        model = Location

    facility = factory.SubFactory(FacilityFactory)
    kind = "area"
    name = factory.Sequence(lambda n: f"Area {n}")

    @classmethod
    def _after_postgeneration(cls, instance, create, results=None):
        parent = instance.parent
        instance.path = f"{parent.path}.{instance.pk}" if parent else str(instance.pk)
        instance.full_name = f"{parent.full_name} › {instance.name}" if parent else instance.name
        instance.save(update_fields=["path", "full_name"])


class DepartmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Department

    facility = factory.SubFactory(FacilityFactory)
    name = factory.Sequence(lambda n: f"Department {n}")


class ServiceProviderFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ServiceProvider

    name = factory.Sequence(lambda n: f"Provider {n}")
