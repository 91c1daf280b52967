"""Two facilities, and people in each: Maria and Omar work at North; Chen of South must see nothing of it."""

from __future__ import annotations

from dataclasses import dataclass

from openhtm.identity.models import User
from openhtm.identity.rules.permissions import GRANTS, Permission, Role
from openhtm.identity.tests.factories import UserFactory
from openhtm.inventory.models import Device
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.sites.models import Department, Facility, Location, ServiceProvider
from openhtm.sites.tests.factories import DepartmentFactory, FacilityFactory, LocationFactory, ServiceProviderFactory


@dataclass
class World:
    north: Facility
    south: Facility
    people: dict[Role, User]  # each role at North
    chen: User  # every role at South that a facility can give, so that only scope protects North
    ada: User  # administrator everywhere
    device: Device
    location: Location
    department: Department
    provider: ServiceProvider

    def holder(self, permission: Permission) -> User:
        """Somebody at North whose role gives ``permission``."""
        return next(user for role, user in self.people.items() if permission in GRANTS[role])

    def colleague_without(self, permission: Permission) -> User | None:
        return next((user for role, user in self.people.items() if permission not in GRANTS[role]), None)


def build_world() -> World:
    north, south = FacilityFactory(code="NORTH", name="North Campus"), FacilityFactory(code="SOUTH", name="South Clinic")
    provider = ServiceProviderFactory(name="Acme Biomedical")
    department, location = DepartmentFactory(facility=north, name="ICU"), LocationFactory(facility=north, name="4 West")
    people = {
        role: UserFactory.with_role(
            role, north, username=f"north-{role}", **({"provider": provider} if role == Role.VENDOR_TECHNICIAN else {})
        )
        for role in Role
    }
    chen = UserFactory.with_role(Role.ADMINISTRATOR, south, username="chen", full_name="Chen")
    ada = UserFactory.with_role(Role.ADMINISTRATOR, None, username="ada", full_name="Ada")
    device = DeviceFactory(facility=north, department=department, location=location, service_provider=provider, control_number="BME-00001")
    return World(north, south, people, chen, ada, device, location, department, provider)
