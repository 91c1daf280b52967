"""The people of the demo hospital who can log in: one for each role. Their password is public, so they exist nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

from openhtm.identity.rules.permissions import Role

PASSWORD = "openhtm-demo-2026"  # noqa: S105 - printed at every start; refused for any instance that is not synthetic

NURSE_PIN = "2580"
"""Of the account ``nurse``, for readiness checks without log-in."""
UNIT_WITH_CODE, UNIT_CODE = "Intensive care", "4826"
"""The department at the medical center whose code this is."""


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """Somebody with one role. ``facility`` is a code (None: everywhere); ``department`` and ``provider`` are names."""

    role: Role
    username: str
    full_name: str
    title: str
    facility: str | None = None
    department: str | None = None
    provider: str | None = None
    password: str = PASSWORD

    @property
    def email(self) -> str:
        return f"{self.username}@riverbend.example.org"


DEMO_ACCOUNTS: tuple[DemoAccount, ...] = (
    DemoAccount(Role.MANAGER, "manager", "Marcus Okafor", "Director of clinical engineering, all facilities"),
    DemoAccount(Role.TECHNICIAN, "technician", "Teresa Ferreira", "Biomedical technician at the medical center", facility="MAIN"),
    DemoAccount(Role.CLINICAL_ENGINEER, "engineer", "Ingrid Solheim", "Clinical engineer, all facilities"),
    DemoAccount(Role.REQUESTER, "nurse", "Rosa Lindqvist", "Nurse manager of intensive care", facility="MAIN", department="Intensive care"),
    DemoAccount(Role.SECURITY_ANALYST, "analyst", "Priya Raman", "Device security analyst, all facilities"),
    DemoAccount(
        Role.VENDOR_TECHNICIAN, "vendor", "Viktor Hale", "Field engineer of a maker", provider="Imaging Maker Field Service (synthetic)"
    ),
    DemoAccount(Role.SURVEYOR, "surveyor", "Sun-hee Park", "Accreditation surveyor, read only, for one year"),
    DemoAccount(Role.CLINICAL_EDUCATOR, "educator", "Edith Nakamura", "Clinical educator at the medical center", facility="MAIN"),
    DemoAccount(Role.ADMINISTRATOR, "administrator", "Ada Kowalski", "System administrator"),
)
